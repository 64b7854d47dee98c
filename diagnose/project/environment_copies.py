"""Blocks of the top level copied into an environment, without what belongs to production."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from diagnose.errors import ProjectError
from diagnose.project.edits import append_table, set_value
from diagnose.project.reading import with_text
from diagnose.project.secret_shapes import secret_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.project.document import ConfigDocument, Keys
    from diagnose.project.inheritance import NotInherited

_COPIED: Final = frozenset(
    {"ai", "browser", "d1_databases", "images", "kv_namespaces", "queues", "r2_buckets", "vars"}
    | {"version_metadata"}
)
_NAMES: Final = ("database_name", "queue", "dead_letter_queue", "bucket_name")
_IDS: Final = ("database_id", "id")
_OF_ONE_ENVIRONMENT: Final = ("preview_database_id", "preview_id", "preview_bucket_name")


@dataclass(frozen=True, slots=True)
class Copy:
    """A config in which an environment has the blocks that it lacked.

    Attributes:
        made: names of resources that must exist before a deploy.
    """

    text: str
    made: tuple[str, ...]


def copied(document: ConfigDocument, missing: NotInherited) -> Copy:
    """The config with the entries copied into the environment.

    Raises:
        ProjectError: entries of this kind cannot be copied without knowing the account, a variable is a
            secret, or the file cannot be edited in its style.
    """
    environment = missing.environment or ""
    made: list[str] = []
    for keys in missing.entries:
        entry = document.get(*keys)
        _refuse(document, missing, keys, entry)
        target: Keys = ("env", environment, *keys)
        value = _adapted(entry, environment) if isinstance(entry, dict) and keys[0] != "vars" else entry
        is_listed = isinstance(keys[-1], int)
        text = append_table(document, target[:-1], value) if is_listed else set_value(document, target, value)
        document = with_text(document, text)
        made += [value[name] for name in _NAMES if is_listed and name in value]
    return Copy(document.text, tuple(dict.fromkeys(made)))


def _refuse(document: ConfigDocument, missing: NotInherited, keys: Keys, entry: Any) -> None:
    if keys[0] not in _COPIED:
        raise ProjectError(
            f"whether `{missing.key}` of the top level may be used in {missing.environment} is not known",
            where=str(document.locate(*keys) or document.path),
        )
    if keys[0] == "vars" and isinstance(entry, str) and secret_in(str(keys[-1]), entry) is not None:
        raise ProjectError(
            f"`{keys[-1]}` is a secret: wrangler secret put {keys[-1]} --env {missing.environment}",
            where=str(document.locate(*keys) or document.path),
        )


def _adapted(entry: Mapping[str, Any], environment: str) -> dict[str, Any]:
    """An entry with names of its own, and ids to be filled in."""
    value = {key: item for key, item in entry.items() if key not in _OF_ONE_ENVIRONMENT}
    for name in _NAMES:
        if isinstance(value.get(name), str):
            value[name] = f"{value[name]}-{_slug(environment)}"
    owner = value.get("database_name") or f"{value.get('binding')} in {environment}"
    value.update({name: f"<id of {owner}>" for name in _IDS if name in value})
    return value


def _slug(environment: str) -> str:
    """The environment as it may stand in the name of a resource."""
    return re.sub(r"[^a-z0-9]+", "-", environment.lower()).strip("-")

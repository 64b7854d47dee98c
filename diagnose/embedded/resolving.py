"""How the bindings that a client sends become those of a version. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.state import SECRET_TYPES, SecretText

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from diagnose.embedded.state import AccountState, Binding, QueueState, ScriptState, VersionState
    from diagnose.model import Json

_BARE: Final = frozenset({"name", "type"})
_HIDDEN: Final = frozenset({"text", "key_base64", "key_jwk"})


@dataclass(frozen=True, slots=True)
class Resolved:
    """Bindings as the API shows them, and the texts of the secrets among them by name."""

    bindings: tuple[Binding, ...] = ()
    secrets: Mapping[str, SecretText] = field(default_factory=dict)


def resolve(
    account: AccountState,
    script: ScriptState | None,
    given: Iterable[Binding],
    *,
    keep: Collection[str] = (),
    strict: bool = True,
) -> Resolved:
    """What a version with these bindings has.

    Args:
        account: in which databases and queues are looked up.
        script: whose newest version is inherited from, if it has one.
        given: in the API's form; `inherit`, and the text of secrets, included.
        keep: types of bindings that stay although they are not given.
        strict: an `inherit` that finds nothing is refused; otherwise it is dropped.

    Raises:
        RefusalError: 10057 an inherited binding does not exist; 10021 a D1 binding names no id, or a secret
            has no text; 10181 a D1 binding names no database of the account; 11000 a queue binding names no
            queue of it.
    """
    before = script.latest if script is not None else None
    known = _by_name(before)
    found: dict[str, tuple[Binding, SecretText | None]] = {}
    for binding in given:
        name = str(binding["name"])
        source = _inherited(script, before, binding)
        if source is not None:
            found[name] = ({**source[0], "name": name}, source[1])
        elif binding["type"] != "inherit":
            found[name] = _made(binding)
        elif strict:
            raise RefusalError(400, 10057, f"The binding {name!r} has nothing to inherit from.")
    for binding, _ in found.values():
        _refuse_dangling(account, binding)
    kept = {name: one for name, one in known.items() if one[0]["type"] in keep and name not in found}
    return _resolved({**found, **kept})


def require_queue(account: AccountState, name: str) -> QueueState:
    """The queue of that name. Raises RefusalError 11000 with what wrangler prints before it uploads."""
    queue = account.queue_named(name)
    if queue is None:
        message = f'Queue "{name}" does not exist. To create it, run: wrangler queues create {name}'
        raise RefusalError(400, 11000, message)
    return queue


def _resolved(found: Mapping[str, tuple[Binding, SecretText | None]]) -> Resolved:
    secrets = {name: secret for name, (_, secret) in found.items() if secret is not None}
    return Resolved(tuple(binding for binding, _ in found.values()), secrets)


def _by_name(version: VersionState | None) -> dict[str, tuple[Binding, SecretText | None]]:
    bindings = () if version is None else version.bindings
    secrets = {} if version is None else version.secrets
    return {str(b["name"]): (b, secrets.get(str(b["name"]))) for b in bindings}


def _inherited(
    script: ScriptState | None, before: VersionState | None, binding: Binding
) -> tuple[Binding, SecretText | None] | None:
    """What a binding takes over from an earlier version, or None.

    `inherit` says so. A binding that has nothing but a type means the same, if there was one of that name and
    type: wrangler 4.86 sends such when it adds secrets in bulk.
    """
    name = str(binding["name"])
    if binding["type"] == "inherit":
        version_id = binding.get("version_id")
        source = script.version(str(version_id)) if script is not None and version_id else before
        return _by_name(source).get(str(binding.get("old_name") or name))
    known = _by_name(before).get(name)
    is_bare = set(binding) == _BARE
    return known if is_bare and known is not None and known[0]["type"] == binding["type"] else None


def _made(binding: Binding) -> tuple[Binding, SecretText | None]:
    """The binding as it is shown: both spellings of a database's id, and nothing of a secret's text."""
    name, kind = str(binding["name"]), str(binding["type"])
    if kind == "d1":
        database_id = binding.get("database_id") or binding.get("id")
        if not isinstance(database_id, str):
            message = f"binding {name} of type d1 must have a valid `id` specified"
            raise RefusalError(400, 10021, message)
        return {**binding, "id": database_id, "database_id": database_id}, None
    if kind not in SECRET_TYPES:
        return binding, None
    return shown_secret(binding), secret_text(binding)


def shown_secret(binding: Binding) -> dict[str, Json]:
    """A secret as the API shows it: nothing of its text."""
    return {key: value for key, value in binding.items() if key not in _HIDDEN}


def secret_text(binding: Binding) -> SecretText | None:
    """The text that a secret is given; None for one that is only named, as in a record.

    Raises:
        RefusalError: 10021 the text is none.
    """
    hidden = {key: value for key, value in binding.items() if key in _HIDDEN and value is not None}
    if binding["type"] == "secret_key":
        return SecretText(text=json.dumps(hidden)) if hidden else None
    if "text" not in binding:
        return None
    if not isinstance(binding["text"], str):
        raise RefusalError(400, 10021, f"binding {binding['name']} of type secret_text must have a text")
    return SecretText(text=binding["text"])


def _refuse_dangling(account: AccountState, binding: Binding) -> None:
    # Code 10181 and its sentence are what wrangler users report; neither is in Cloudflare's documentation.
    if binding["type"] == "d1" and binding["database_id"] not in account.databases:
        name, database_id = binding["name"], binding["database_id"]
        message = f"D1 binding '{name}' references database '{database_id}' which was not found."
        raise RefusalError(400, 10181, message)
    if binding["type"] == "queue":
        require_queue(account, str(binding.get("queue_name") or ""))

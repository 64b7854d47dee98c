"""Every D1 database that a config names, in whatever environment and under whatever key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.project.environments import environment_names
from diagnose.project.wrangler_keys import ALIASES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.model import Location
    from diagnose.project.document import ConfigDocument, Keys

_LIST: Final = "d1_databases"
_NAME_KEYS: Final = (
    "database_name",
    *(alias for alias, key in ALIASES[_LIST].items() if key == "database_name"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseEntry:
    """One entry of `d1_databases`.

    Attributes:
        name: what the entry calls the database, be it under a key that wrangler does not know.
        name_keys: where that name stands; where it would stand when there is none.
        keys: where the entry stands in the document.
        location: of the name, else of the entry.
    """

    binding: str | None
    database_id: str | None
    name: str | None
    name_keys: Keys
    keys: Keys
    location: Location | None


def database_entries(document: ConfigDocument) -> tuple[DatabaseEntry, ...]:
    """The entries of the top level and of each environment, in this order."""
    sections: list[Keys] = [(), *(("env", name) for name in environment_names(document))]
    return tuple(entry for section in sections for entry in _entries(document, (*section, _LIST)))


def _entries(document: ConfigDocument, keys: Keys) -> Iterator[DatabaseEntry]:
    listed = document.get(*keys)
    for index, data in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(data, dict):
            continue
        key = next((key for key in _NAME_KEYS if isinstance(data.get(key), str)), None)
        place = (*keys, index)
        yield DatabaseEntry(
            binding=_text(data.get("binding")),
            database_id=_text(data.get("database_id")),
            name=None if key is None else data[key],
            name_keys=(*place, key or _NAME_KEYS[0]),
            keys=place,
            location=document.locate(*place, key or "") or document.locate(*place),
        )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

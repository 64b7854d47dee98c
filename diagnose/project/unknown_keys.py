"""Keys that wrangler ignores: misspelt, or below a header that swallows them."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from diagnose.project.wrangler_keys import ALIASES, ENVIRONMENT, TOP_LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.model import Location
    from diagnose.project.document import ConfigDocument, Keys
    from diagnose.project.wrangler_keys import Shape

_SIMILARITY = 0.75  # two letters of four exchanged
_ENVIRONMENT_DEPTH = 2  # the path of an environment's section: `env` and its name

# Keys that no other table of wrangler's has: where they stand in one, the header above swallowed them.
_TELLTALE_KEYS = frozenset({"main", "compatibility_date", "compatibility_flags", "workers_dev", "account_id"})
_SWALLOWED_KEYS = _TELLTALE_KEYS | {
    "name",
    "keep_vars",
    "logpush",
    "minify",
    "no_bundle",
    "preview_urls",
    "$schema",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownKey:
    """A key that wrangler does not know where it stands.

    Attributes:
        keys: its path in the document.
        suggestion: the name it should have in the same table, or None.
        move_to: the path it should have instead, or None; never set together with `suggestion`.
        would_miss: what a deploy lacks because of it: `main`, `name`, or the name of a binding; or None.
    """

    keys: Keys
    location: Location | None
    suggestion: str | None = None
    move_to: Keys | None = None
    would_miss: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwallowedKey:
    """A top-level key below a table header of a TOML config, where it belongs to that table.

    Attributes:
        key: such as `main`.
        table: the path of the table that swallowed it.
        target: where it should stand, or None when that place is taken.
    """

    key: str
    table: Keys
    target: Keys | None
    location: Location | None

    @property
    def keys(self) -> Keys:
        """Its path in the document as it is."""
        return (*self.table, self.key)


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of the data, with the shape it should have (None: any keys)."""

    keys: Keys
    data: dict[str, Any]
    shape: Shape | None

    @property
    def kind(self) -> str:
        """The path without indexes and environment, as in ALIASES."""
        keys = self.keys[_ENVIRONMENT_DEPTH:] if self.keys[:1] == ("env",) else self.keys
        return ".".join(key for key in keys if isinstance(key, str))

    def knows(self, key: str) -> bool:
        return self.shape is None or key in self.shape

    def alias(self, key: str) -> str | None:
        """The right name for a usual mistake, unless that name is there, too."""
        name = ALIASES.get(self.kind, {}).get(key)
        return None if name is None or name in self.data else name


def unknown_keys(document: ConfigDocument) -> tuple[UnknownKey, ...]:
    """Every key that wrangler does not know where it stands, swallowed ones included, in document order."""
    swallowed = {key.keys: key for key in swallowed_keys(document)}
    return tuple(
        _unknown(document, table, key, swallowed.get((*table.keys, key)))
        for table in _tables((), document.data, TOP_LEVEL)
        for key in table.data
        if not table.knows(key) or (*table.keys, key) in swallowed
    )


def swallowed_keys(document: ConfigDocument) -> tuple[SwallowedKey, ...]:
    """Top-level keys below a header of a TOML config, in document order; () for JSON: it has no headers."""
    if document.format != "toml":
        return ()
    return tuple(
        SwallowedKey(
            key=key,
            table=table.keys,
            target=_free_place(document, table.keys, key),
            location=document.locate(*table.keys, key),
        )
        for table in _tables((), document.data, TOP_LEVEL)
        for key in _swallowed_by(document, table)
    )


def _unknown(document: ConfigDocument, table: _Table, key: str, swallowed: SwallowedKey | None) -> UnknownKey:
    suggestion = None if swallowed else _suggestion(table, key)
    move_to = swallowed.target if swallowed else None if suggestion else _home(document, table, key)
    meant = (*table.keys, suggestion) if suggestion else move_to
    return UnknownKey(
        keys=(*table.keys, key),
        location=document.locate(*table.keys, key),
        suggestion=suggestion,
        move_to=move_to,
        would_miss=_would_miss(document, table, key, meant),
    )


def _tables(keys: Keys, value: Any, shape: Shape | None) -> Iterator[_Table]:
    """Every table of a value that has a shape, and those without whose keys are the user's own."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _tables((*keys, index), item, shape)
    elif isinstance(value, dict):
        yield _Table(keys, value, shape)
        for key, below in value.items():
            if keys == () and key == "env" and isinstance(below, dict):
                for name, section in below.items():
                    yield from _tables(("env", name), section, ENVIRONMENT)
            elif shape is not None and key in shape:
                yield from _tables((*keys, key), below, shape[key])


def _swallowed_by(document: ConfigDocument, table: _Table) -> Iterator[str]:
    if _is_section(table.keys):
        return
    found = [key for key in table.data if key in _SWALLOWED_KEYS and _is_statement(document, table, key)]
    telltale = any(key in _TELLTALE_KEYS and key not in document.data for key in found)
    for key in found:
        free = table.shape is None
        if (free and telltale and key not in document.data) or (
            not table.knows(key) and (telltale or table.alias(key) is None)
        ):
            yield key


def _is_statement(document: ConfigDocument, table: _Table, key: str) -> bool:
    """Whether the key stands below a header; an inline table has brackets and swallows nothing."""
    place = document.layout.places[*table.keys, key]
    return any(
        statement.start <= place.key.start < statement.end and each.keys == table.keys
        for each in document.layout.tables
        for statement in each.statements
    )


def _free_place(document: ConfigDocument, table: Keys, key: str) -> Keys | None:
    """The top level, or the environment that the table belongs to; None where the key is already there."""
    if key not in document.data:
        return (key,)
    if table[0] == "env" and key in ENVIRONMENT and document.get(*table[:2], key) is None:
        return (*table[:_ENVIRONMENT_DEPTH], key)
    return None


def _suggestion(table: _Table, key: str) -> str | None:
    if (alias := table.alias(key)) is not None:
        return alias
    known = [name for name in table.shape or () if name not in table.data]
    return next(iter(get_close_matches(key, known, n=1, cutoff=_SIMILARITY)), None)


def _home(document: ConfigDocument, table: _Table, key: str) -> Keys | None:
    """Where a key that is known elsewhere belongs, if that place is free."""
    if key == "crons" and table.kind == "" and "triggers" not in table.data:
        return (*table.keys, "triggers", "crons")
    if table.keys and key in TOP_LEVEL and key in _SWALLOWED_KEYS and key not in document.data:
        return (key,)
    return None


def _would_miss(document: ConfigDocument, table: _Table, key: str, meant: Keys | None) -> str | None:
    """What a deploy lacks while `key` stands where it stands instead of at `meant`."""
    if meant is not None and _is_entry(meant):
        return None if meant[-1] in document.data else str(meant[-1])
    value = table.data[key]
    if meant is not None and meant[-1] == "binding" and isinstance(value, str):
        return value
    return _first_binding(value)


def _is_entry(keys: Keys) -> bool:
    """Whether a path is that of a worker's `main` or `name`, at the top level or in an environment."""
    return keys[-1] in {"main", "name"} and _is_section(keys[:-1])


def _is_section(keys: Keys) -> bool:
    """Whether a path is that of the top level or of an environment."""
    return keys == () or (keys[0] == "env" and len(keys) == _ENVIRONMENT_DEPTH)


def _first_binding(value: Any) -> str | None:
    """The first binding declared somewhere below an ignored key."""
    if isinstance(value, dict):
        if isinstance(value.get("binding"), str):
            return str(value["binding"])
        value = list(value.values())
    if isinstance(value, list):
        return next((name for item in value if (name := _first_binding(item)) is not None), None)
    return None

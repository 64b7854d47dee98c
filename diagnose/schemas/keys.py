"""Which columns tell one row from another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.schemas.clauses import conflict_clause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from diagnose.d1.schema import Table, UniqueKey
    from diagnose.project import D1Binding, Settings
    from diagnose.project.source.model import StatementSite

_CHANGING: Final = re.compile(r"CURRENT_|\w\s*\(|^\s*NULL\s*$", re.IGNORECASE)
"""Defaults that differ from row to row, or never equal themselves."""


def known_key(
    settings: Settings,
    binding: D1Binding,
    table: str,
    sites: Iterable[StatementSite],
    others: Iterable[Table] = (),
) -> tuple[str, ...]:
    """The key that is said somewhere, or ().

    In this order: `[watch] key` of the settings, the target of an ON CONFLICT, the key of a table with
    the same name in another database.
    """
    return next(_keys(settings, binding, table, list(sites), others), ())


def covering_keys(table: Table, columns: Sequence[str]) -> tuple[UniqueKey, ...]:
    """Unique keys that can tell that a row with these columns is there already.

    Each column of such a key is written, computed from others, or has a fixed default. A key over an
    expression counts, because what it computes is not known here. A number that SQLite hands out
    itself does not count unless it is written.
    """
    written = {column.lower() for column in columns}
    return tuple(
        key for key in table.unique_keys if all(_is_set(table, name, written) for name in key.columns)
    )


def parse_key(text: str, columns: Sequence[str]) -> tuple[str, ...] | None:
    """Columns as a user names them, `symbol,timestamp`; None when one of them does not exist."""
    spelled = {column.lower(): column for column in columns}
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if not names or any(name not in spelled for name in names):
        return None
    return tuple(dict.fromkeys(spelled[name] for name in names))


def _keys(
    settings: Settings,
    binding: D1Binding,
    table: str,
    sites: Sequence[StatementSite],
    others: Iterable[Table],
) -> Iterator[tuple[str, ...]]:
    watch = settings.watch
    names = {None, binding.binding, binding.database_name, binding.database_id}
    if watch is not None and watch.table.lower() == table.lower() and watch.database in names and watch.key:
        yield watch.key
    for site in sites:
        clause = conflict_clause(site)
        if clause is not None and clause.target:
            yield clause.target
    written = [column for site in sites if site.writes for column in site.columns]
    for other in others:
        yield from (key.columns for key in covering_keys(other, written) if _is_plain(key))


def _is_plain(key: UniqueKey) -> bool:
    return not key.partial and "" not in key.columns


def _is_set(table: Table, name: str, written: set[str]) -> bool:
    column = table.column(name)
    if column is None or column.generated or name.lower() in written:
        return True
    return column.default is not None and not _CHANGING.search(column.default)

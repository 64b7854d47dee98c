"""Conflict clauses that no unique key of the table can ever set off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.schemas.clauses import conflict_clause
from diagnose.schemas.judging import GapKind, Judge
from diagnose.schemas.keys import covering_keys
from diagnose.schemas.naming import own_sites, sites_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.d1.schema import Table
    from diagnose.project import D1Binding
    from diagnose.project.source import Source
    from diagnose.project.source.model import StatementSite
    from diagnose.schemas.clauses import ConflictClause


@dataclass(frozen=True, slots=True, kw_only=True)
class UnkeyedInsert:
    """An INSERT whose conflict clause has no key.

    Attributes:
        columns: that it writes.
        error: what D1 answers to it, or None when it is accepted and never meets a conflict.
    """

    site: StatementSite
    table: Table
    clause: ConflictClause
    columns: tuple[str, ...]
    error: str | None


def unkeyed_inserts(
    definitions: Iterable[str], source: Source, binding: D1Binding
) -> tuple[UnkeyedInsert, ...]:
    """The INSERTs of a binding whose conflict clause has no key."""
    with Judge(definitions, own_sites(source, binding)) as judge:
        found = (_judged(judge, site) for site in sites_of(source, binding))
        return tuple(insert for insert in found if insert is not None)


def _judged(judge: Judge, site: StatementSite) -> UnkeyedInsert | None:
    clause = conflict_clause(site)
    table = judge.table(site)
    if clause is None or table is None:
        return None
    columns = site.columns or _all_columns(table, site)
    gap = judge.gap(site)
    if gap is not None and gap.kind is not GapKind.KEY:
        return None
    if gap is None and (clause.target or not columns or covering_keys(table, columns)):
        return None
    error = gap.error.text if gap is not None else None
    return UnkeyedInsert(site=site, table=table, clause=clause, columns=columns, error=error)


def _all_columns(table: Table, site: StatementSite) -> tuple[str, ...]:
    """An INSERT without a list of columns writes them all; () when the list is put together at run time."""
    if not site.sql.is_complete:
        return ()
    return tuple(column.name for column in table.columns if not column.generated)

"""Columns that statements name and their tables have not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.schemas.judging import GapKind, Judge
from diagnose.schemas.naming import each_once, own_sites, sites_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.d1.schema import Table
    from diagnose.project import D1Binding
    from diagnose.project.source import Source
    from diagnose.project.source.model import StatementSite
    from diagnose.schemas.judging import Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingColumns:
    """What one table lacks.

    Attributes:
        names: of the missing columns, in the order of the statements; empty when an INSERT that lists no
            columns gives another number of values than the table has columns.
        written: columns that the worker's INSERTs and UPDATEs write to the table.
        sites: the statements that name a missing column, those that write first.
        error: what D1 answers to the first of them.
    """

    table: Table
    names: tuple[str, ...]
    written: tuple[str, ...]
    sites: tuple[StatementSite, ...]
    error: str


def missing_columns(
    definitions: Iterable[str], source: Source, binding: D1Binding
) -> tuple[MissingColumns, ...]:
    """The tables behind a binding that lack columns, with what they lack."""
    found: dict[str, list[tuple[StatementSite, Gap]]] = {}
    with Judge(definitions, own_sites(source, binding)) as judge:
        for site in sites_of(source, binding):
            gap = judge.gap(site)
            if gap is not None and gap.kind in {GapKind.COLUMN, GapKind.VALUES}:
                found.setdefault(gap.table.lower(), []).append((site, gap))
        schema = judge.schema
    tables = ((schema.table(name), gaps) for name, gaps in found.items())
    return tuple(_of_table(table, gaps, source, binding) for table, gaps in tables if table is not None)


def _of_table(
    table: Table, gaps: list[tuple[StatementSite, Gap]], source: Source, binding: D1Binding
) -> MissingColumns:
    gaps = sorted(gaps, key=lambda pair: not pair[0].writes)
    named = [name for site, gap in gaps for name in (*_listed(table, site), gap.name)]
    written = [
        column
        for site in sites_of(source, binding, table.name)
        if site.verb in {"INSERT", "REPLACE", "UPDATE"}
        for column in site.columns
    ]
    return MissingColumns(
        table=table,
        names=each_once(name for name in named if name and table.column(name) is None),
        written=each_once(written),
        sites=tuple(site for site, _ in gaps),
        error=gaps[0][1].error.text,
    )


def _listed(table: Table, site: StatementSite) -> tuple[str, ...]:
    """The columns that a statement lists for the table; the engine names only the first that is missing."""
    return site.columns if site.table is not None and site.table.lower() == table.name.lower() else ()

"""Tables that statements name and the database has not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.schemas.judging import GapKind, Judge
from diagnose.schemas.naming import each_once, own_sites, sites_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.project import D1Binding
    from diagnose.project.source import Source
    from diagnose.project.source.model import StatementSite


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingTable:
    """A table that is missing.

    Attributes:
        name: as the statements spell it.
        sites: the statements that name it.
        error: what D1 answers to them.
    """

    name: str
    sites: tuple[StatementSite, ...]
    error: str

    @property
    def first(self) -> StatementSite:
        """The first statement that writes it, else the first that names it."""
        return next((site for site in self.sites if site.writes), self.sites[0])

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the statements write, as far as they say so."""
        return each_once(column for site in self.sites if site.writes for column in site.columns)


def missing_tables(
    definitions: Iterable[str], source: Source, binding: D1Binding
) -> tuple[MissingTable, ...]:
    """The tables that statements of a binding name, and that are not there."""
    found: dict[str, MissingTable] = {}
    with Judge(definitions, own_sites(source, binding)) as judge:
        for site in sites_of(source, binding):
            gap = judge.gap(site)
            if gap is not None and gap.kind is GapKind.TABLE:
                known = found.get(gap.table.lower())
                found[gap.table.lower()] = MissingTable(
                    name=known.name if known else gap.table,
                    sites=(*(known.sites if known else ()), site),
                    error=gap.error.text,
                )
    return tuple(found.values())


def still_refused(
    definitions: Iterable[str], source: Source, binding: D1Binding, missing: MissingTable, sql: str
) -> str | None:
    """What D1 answers to the CREATE TABLE, or to a statement once the table is there; None if all is well."""
    with Judge(definitions, own_sites(source, binding)) as judge:
        error = judge.add(sql)
        if error is not None:
            return error.text
        gaps = (judge.gap(site) for site in missing.sites)
        return next((gap.error.text for gap in gaps if gap is not None), None)

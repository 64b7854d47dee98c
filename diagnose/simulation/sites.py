"""The write sites of a project, each with what writing its rows takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1.limits import LIMITS
from diagnose.simulation.forecast import forecast
from diagnose.simulation.parameters import answer, rows_asked, simulate
from diagnose.simulation.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.d1.schema import Schema
    from diagnose.project.source.model import StatementSite
    from diagnose.simulation.forecast import Forecast
    from diagnose.simulation.parameters import Simulation

ROWS: Final = 2_000
"""Rows that are looked at where nothing names a number."""

_INSERTING: Final = frozenset({"INSERT", "REPLACE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSite:
    """One place that writes rows.

    Attributes:
        simulation: the site's own statement with growing numbers of rows; None when its parameters do not
            depend on them.
        rows: looked at: given, else those the code asks for, else `ROWS`.
        forecast: what these rows take in each form; None when the columns are not known.
        warning: what D1 would answer to one row if it kept to the limits that it documents, where the
            runtime takes it; else None.
    """

    site: StatementSite
    simulation: Simulation | None
    rows: int
    forecast: Forecast | None
    warning: str | None


def matching(sites: Sequence[StatementSite], wanted: str | None) -> list[StatementSite]:
    """Sites that write rows; of those, the ones that `wanted` names.

    A place (`src/worker.py:12`), the name of a function with or without its class, or of a table.
    """
    writing = [site for site in sites if site.verb in _INSERTING]
    if wanted is None:
        return writing
    return [site for site in sites if wanted.lower() in {name.lower() for name in _names(site)}]


def judge_site(site: StatementSite, schema: Schema | None, rows: int | None) -> JudgedSite:
    """One site with a number of rows.

    Raises:
        UsageError: it is no number of rows that can be looked at.
    """
    simulation = simulate(site, schema)
    chosen = rows if rows is not None else _total_rows(site) or ROWS
    columns = len(site.columns) or _columns_of(site, schema)
    workload = Workload(columns=columns, rows=chosen, table=site.table or "t") if columns else None
    return JudgedSite(
        site=site,
        simulation=simulation,
        rows=chosen,
        forecast=forecast(workload) if workload else None,
        warning=_warning(site),
    )


def _warning(site: StatementSite) -> str | None:
    documented = answer(site, limits=LIMITS.d1.documented())
    return None if documented is None or answer(site) is not None else documented.text


def _names(site: StatementSite) -> Iterator[str]:
    yield f"{site.location.path}:{site.location.line}"
    yield site.function
    yield site.function.rpartition(".")[2]
    if site.table:
        yield site.table


def _total_rows(site: StatementSite) -> int | None:
    """What the code asks for, in one statement."""
    asked = rows_asked(site)
    return asked if asked and asked > 1 else None


def _columns_of(site: StatementSite, schema: Schema | None) -> int:
    table = schema.table(site.table) if schema and site.table else None
    if table is not None and site.verb in _INSERTING:
        return sum(not column.generated for column in table.columns)
    return site.parameters.per_row or 0

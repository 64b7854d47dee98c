"""LIM001: statements stay within the parameters that D1 binds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.source.counts import FromCaller, FromData, UnknownCount
from diagnose.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from diagnose.d1 import D1Error
    from diagnose.d1.schema import Schema
    from diagnose.plugin import Context, Finding, Json
    from diagnose.project.source.model import StatementSite
    from diagnose.simulation import Simulation

_HEAD = 200


class BoundParameters(Check):
    """A statement must not bind more parameters than D1 allows.

    ## What it checks

    Every place in the worker's source that sends a statement whose length follows the data: a
    multi-row `INSERT`, an upsert, an `IN (…)` list. The statement is rebuilt from the source with
    1, 10, 100 and 2,000 rows and compiled by D1's engine under D1's limits; the row count at which
    it breaks is found by bisection, never by arithmetic. So a repair that still breaks is reported
    just as the original mistake is.

    ## Why it matters

    D1 binds at most 100 parameters per statement
    (https://developers.cloudflare.com/d1/platform/limits/), not per row and not per `batch()`.
    With the 101st the statement is refused, `too many SQL variables`, and none of its rows is
    written. Three test rows pass; 2,000 never arrive. SQLite elsewhere allows
    32,766 (https://sqlite.org/limits.html#max_variable_number), so ordinary test suites stay green.

    ## Example

    Ten columns, so eleven rows are 110 parameters:

    ```python
    sql = "INSERT INTO prices (…) VALUES " + ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(rows))
    await env.DB.prepare(sql).bind(*[value for row in rows for value in row]).run()
    ```

    One parameter for any number of rows:

    ```python
    sql = "INSERT INTO prices (…) SELECT value->>0, value->>1, … FROM json_each(?1)"
    for part in json_parts([list(row) for row in rows]):
        await env.DB.prepare(sql).bind(part).run()
    ```

    ## Remedy

    Bind the rows as one JSON text and let `json_each` take it apart. The next best is slices of
    `100 // columns` rows, with the slice size computed from the columns.

    ## Fix safety

    Review: the statement, its parameters and the counts made of them change; comments and
    formatting stay. Where a helper executes what it is given, its caller changes and the helper stays.
    A shape that is not understood is left alone, and the statement to use is shown. With
    `--option option=queue` the rows of an INSERT go through a queue instead, as QUE001 describes.

    ## Evidence

    - `binding`, `table`, `verb`, `function`: which statement it is.
    - `columns`: values per row or list element.
    - `parameters`: how many are bound with 1, 10, 100 and 2,000 rows.
    - `rows_asked`: rows that the code asks for or puts into one statement, or null.
    - `parameters_asked`: the parameters of these rows, or null.
    - `rows_break_at`: the smallest number of rows that D1 refuses.
    - `error`: D1's answer to the rows the code asks for, else to `rows_break_at` rows.
    - `offset`: where in the statement, in bytes, D1 stops reading, or null.
    - `statement`: how the text begins.
    - `statements`: of a pass, how many were looked at.

    ## Permissions

    None: it reads the source only.
    """

    code = "LIM001"
    name = "bound-parameters"
    severity = Severity.ERROR
    requires = frozenset({Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Compile the statement of each site."""
        broken = 0
        for site in ctx.source.sites:
            simulation = simulate(site, await _schema(ctx, site))
            if simulation is None or simulation.is_too_long or not simulation.breaks_for_the_code:
                continue
            broken += 1
            if isinstance(site.rows, UnknownCount) and site.rows.sliced and not simulation.reached:
                yield self.skipped(
                    f"the {_what(site)} in {site.function} takes slices ({site.rows.expression}) whose size "
                    "the source does not settle",
                    location=site.location,
                )
                continue
            yield self._finding_for(site, simulation)
        if not broken:
            count = len(ctx.source.sites)
            yield self.passed(
                f"no statement binds more than {LIMITS.d1.bound_parameters} parameters",
                evidence={"statements": count},
            )

    def _finding_for(self, site: StatementSite, simulation: Simulation) -> Finding:
        severity, confidence = _weight(site, simulation)
        return self.problem(
            _message(site, simulation),
            severity=severity,
            confidence=confidence,
            location=site.location,
            evidence=_evidence(site, simulation),
            explains=("E2E001", "E2E002", "E2E004"),
        )


async def _schema(ctx: Context, site: StatementSite) -> Schema | None:
    if ctx.project.config is None:
        return None
    binding = next((each for each in ctx.project.config.d1 if each.binding == site.binding), None)
    return None if binding is None else await ctx.known_schema(binding)


def _weight(site: StatementSite, simulation: Simulation) -> tuple[Severity, Confidence]:
    if not site.reachable:
        return Severity.ADVICE, Confidence.LOW
    sure = Confidence.HIGH if simulation.exact else Confidence.MEDIUM
    match site.rows:
        case UnknownCount() if not simulation.reached:
            return Severity.WARNING, Confidence.LOW
        case FromCaller() if not simulation.reached:
            return Severity.WARNING, sure
        case FromData(queried=True, filtered=True) if not simulation.reached:
            return Severity.WARNING, Confidence.MEDIUM  # a WHERE may keep it small for ever
        case FromData(filtered=True) if not simulation.reached:
            return Severity.ERROR, Confidence.MEDIUM
        case _:
            return Severity.ERROR, sure


def _message(site: StatementSite, simulation: Simulation) -> str:
    what = _what(site)
    unit = "row" if site.verb in {"INSERT", "REPLACE"} else "element"
    breaks = simulation.breaks.rows if simulation.breaks else 0
    if simulation.asked is not None:
        rows = simulation.asked.rows
        plural = unit if rows == 1 else f"{unit}s"
        binds = (
            f"binds {simulation.asked.parameters:,} parameters for the {rows:,} {plural} that {_whose(site)}"
        )
    else:
        binds = f"binds {_per_row(simulation):,} for each {unit} of {site.rows}, and nothing sets a bound"
    return (
        f"one {what} in {site.function} {binds}; D1 allows {LIMITS.d1.bound_parameters}, "
        f"so it breaks at {unit} {breaks}"
    )


def _whose(site: StatementSite) -> str:
    if site.chunk is None:
        return "the code asks for"
    return "one batch or slice takes" if site.handlers == {"queue"} else "one slice takes"


def _what(site: StatementSite) -> str:
    return site.verb or "statement"


def _per_row(simulation: Simulation) -> int:
    one, ten = simulation.samples[0], simulation.samples[1]
    return (ten.parameters - one.parameters) // (ten.rows - one.rows)


def _text(error: D1Error | None, simulation: Simulation) -> str | None:
    """D1's answer; without the offset when the statement's own text is not known."""
    if error is None or simulation.exact:
        return error.text if error else None
    return error.text.replace(f" at offset {error.offset}", "")


def _evidence(site: StatementSite, simulation: Simulation) -> Mapping[str, Json]:
    told = simulation.asked if simulation.asked and simulation.asked.error else simulation.breaks
    error = told.error if told else None
    return {
        "binding": site.binding,
        "table": site.table,
        "verb": site.verb,
        "columns": _per_row(simulation),
        "parameters": {str(attempt.rows): attempt.parameters for attempt in simulation.samples},
        "rows_asked": simulation.asked.rows if simulation.asked else None,
        "parameters_asked": simulation.asked.parameters if simulation.asked else None,
        "rows_break_at": simulation.breaks.rows if simulation.breaks else None,
        "error": _text(error, simulation),
        "offset": error.offset if error and simulation.exact else None,
        "statement": site.sql.head().strip()[:_HEAD],
        "function": site.function,
    }

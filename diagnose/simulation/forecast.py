"""What writing a workload takes, in each form that a statement can have.

The fullest statement of each form is executed in the D1 engine. Its rows all have the same size, so the
rest follows by division, however many rows there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1.limits import LIMITS
from diagnose.simulation.demands import demands
from diagnose.simulation.queueing import divided, queue_forecast
from diagnose.simulation.trying import Trying
from diagnose.simulation.ways import ways

if TYPE_CHECKING:
    from diagnose.d1.limits import Limits
    from diagnose.simulation.demands import Demand
    from diagnose.simulation.queueing import QueueForecast
    from diagnose.simulation.ways import Way
    from diagnose.simulation.workload import Workload

_SECONDS_PER_MINUTE: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocations:
    """How many invocations a plan needs, by how `batch()` counts: `once`, or `each` of its statements."""

    once: int
    each: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WayForecast:
    """One way of writing all rows.

    Attributes:
        statements: that D1 executes; also its queries, if each statement of a `batch()` counts.
        calls: of `run()` or `batch()`; also D1's queries, if a `batch()` counts once.
        parameters: of the fullest statement.
        statement_bytes: of the longest text.
        value_bytes: of the largest bound value.
        total_bytes: of all texts and values together.
        error: what D1 answers to the fullest statement, or None.
        free: invocations within the queries per invocation of the free plan; `paid` of the paid one.
        minutes: that as many requests take at the pace that the REST API allows.
    """

    way: Way
    statements: int
    calls: int
    parameters: int
    statement_bytes: int
    value_bytes: int
    total_bytes: int
    error: str | None
    free: Invocations
    paid: Invocations
    minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Everything about one workload.

    Attributes:
        row_bytes: of one row as a JSON array.
        breaks_at: the smallest number of rows that D1 refuses in one statement.
        break_error: what it answers then.
        demands: each limit beside what the workload asks of it.
        ways: the ways of writing; the first is all rows in one statement.
        queue: what sending the rows through a queue takes; None when a row exceeds a message.
    """

    workload: Workload
    row_bytes: int
    breaks_at: int
    break_error: str
    demands: tuple[Demand, ...]
    ways: tuple[WayForecast, ...]
    queue: QueueForecast | None


def forecast(workload: Workload, *, limits: Limits = LIMITS) -> Forecast:
    """Judge a workload."""
    row_bytes = workload.measured_row_bytes()
    known = ways(workload, row_bytes, limits.d1)
    with Trying(workload, limits.d1) as trying:
        breaks_at, break_error = trying.break_point()
        return Forecast(
            workload=workload,
            row_bytes=row_bytes,
            breaks_at=breaks_at,
            break_error=break_error,
            demands=tuple(
                demands(
                    workload.rows, workload.columns, row_bytes, known[0].text_bytes(workload.rows), limits
                )
            ),
            ways=tuple(_way(way, workload.rows, trying.refusal(way), limits) for way in known),
            queue=queue_forecast(workload.rows, row_bytes, limits),
        )


def _way(way: Way, rows: int, error: str | None, limits: Limits) -> WayForecast:
    fullest = min(way.rows_per_statement, rows)
    statements = divided(rows, fullest)
    calls = divided(statements, way.statements_per_call)
    queries = limits.d1.queries_per_invocation
    return WayForecast(
        way=way,
        statements=statements,
        calls=calls,
        parameters=way.parameters(fullest),
        statement_bytes=way.text_bytes(fullest),
        value_bytes=way.value_bytes(fullest),
        total_bytes=_total_bytes(way, rows, fullest),
        error=error,
        free=Invocations(once=divided(calls, queries.free), each=divided(statements, queries.free)),
        paid=Invocations(once=divided(calls, queries.paid), each=divided(statements, queries.paid)),
        minutes=calls * limits.api.seconds / limits.api.requests / _SECONDS_PER_MINUTE,
    )


def _total_bytes(way: Way, rows: int, fullest: int) -> int:
    full, rest = divmod(rows, fullest)
    last = way.text_bytes(rest) + way.bound_bytes(rest) if rest else 0
    return full * (way.text_bytes(fullest) + way.bound_bytes(fullest)) + last

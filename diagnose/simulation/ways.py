"""The ways of writing rows that a worker can choose from, each with its sizes for any number of rows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from diagnose.d1.forms import Form, json_each_sql, multi_row_sql, rows_that_fit
from diagnose.simulation.demands import array_bytes

if TYPE_CHECKING:
    from diagnose.d1.limits import D1Limits
    from diagnose.simulation.workload import Workload

BATCH: Final = 100
"""Statements in one `batch()` here; D1 documents no number for it."""


class WayName(StrEnum):
    """How it is called in JSON."""

    ONE_STATEMENT = "one_statement"
    SINGLE_RUNS = "single_runs"
    FULL_RUNS = "full_runs"
    BATCHED_SINGLES = "batched_singles"
    BATCHED_FULL = "batched_full"
    JSON_EACH = "json_each"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A form of statement, and how many of them one call takes.

    Attributes:
        title: in a few words.
        rows_per_statement: at most.
        statements_per_call: 1, or those of a `batch()`.
    """

    name: WayName
    title: str
    form: Form
    workload: Workload
    row_bytes: int
    rows_per_statement: int
    statements_per_call: int = 1

    def text_bytes(self, rows: int) -> int:
        """Bytes of the statement that writes so many rows; they grow evenly from the first row on."""
        insert = self.workload.insert
        if self.form is Form.JSON_EACH:
            return len(json_each_sql(insert))
        one, two = (len(multi_row_sql(insert, count)) for count in (1, 2))
        return one + (rows - 1) * (two - one)

    def parameters(self, rows: int) -> int:
        """Values that it binds."""
        return 1 if self.form is Form.JSON_EACH else rows * self.workload.columns

    def value_bytes(self, rows: int) -> int:
        """Bytes of its largest value."""
        if self.form is Form.JSON_EACH:
            return array_bytes(rows, self.row_bytes)
        return max(self.workload.value_bytes())

    def bound_bytes(self, rows: int) -> int:
        """Bytes of all its values."""
        if self.form is Form.JSON_EACH:
            return array_bytes(rows, self.row_bytes)
        return rows * sum(self.workload.value_bytes())


def ways(workload: Workload, row_bytes: int, limits: D1Limits) -> tuple[Way, ...]:
    """All of them, from what breaks first to what needs the fewest queries."""
    fit = max(rows_that_fit(workload.columns, limits=limits), 1)
    in_value = max((limits.value_bytes - 2) // (row_bytes + 1), 1)

    def way(name: WayName, title: str, form: Form, rows: int, batch: int = 1) -> Way:
        return Way(
            name=name,
            title=title,
            form=form,
            workload=workload,
            row_bytes=row_bytes,
            rows_per_statement=rows,
            statements_per_call=batch,
        )

    many, single = Form.MULTI_ROW, Form.SINGLES
    return (
        way(WayName.ONE_STATEMENT, "all rows in one statement", many, workload.rows),
        way(WayName.SINGLE_RUNS, "one row per run()", single, 1),
        way(WayName.FULL_RUNS, f"{fit} {_rows(fit)} per run()", many, fit),
        way(WayName.BATCHED_SINGLES, f"batch() of {BATCH} single rows", single, 1, BATCH),
        way(WayName.BATCHED_FULL, f"batch() of {BATCH} x {fit} {_rows(fit)}", many, fit, BATCH),
        way(WayName.JSON_EACH, "json_each(?1)", Form.JSON_EACH, in_value),
    )


def _rows(number: int) -> str:
    return "row" if number == 1 else "rows"

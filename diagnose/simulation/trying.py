"""Statements of a workload, tried in the D1 engine."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Self

from diagnose.d1 import D1Error, Database, Statement
from diagnose.d1.forms import Form, json_each, multi_row, multi_row_sql, singles
from diagnose.d1.identifiers import quoted

if TYPE_CHECKING:
    from types import TracebackType

    from diagnose.d1.limits import D1Limits
    from diagnose.simulation.ways import Way
    from diagnose.simulation.workload import Workload

_FORMS = {Form.JSON_EACH: json_each, Form.MULTI_ROW: multi_row, Form.SINGLES: singles}


class Trying:
    """An empty table of the workload's columns in a D1 database in memory."""

    def __init__(self, workload: Workload, limits: D1Limits) -> None:
        self._workload = workload
        self._limits = limits
        self._database = Database.memory(limits=limits)
        names = ", ".join(map(quoted, workload.insert.columns))
        self._no_table = self._error(Statement(f"CREATE TABLE {quoted(workload.table)} ({names})"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()

    def break_point(self) -> tuple[int, str]:
        """The smallest number of rows that D1 refuses in one statement, and its answer.

        One row more than there are parameters is always refused.
        """
        accepted, refused = 0, self._limits.bound_parameters + 1
        while refused - accepted > 1:
            middle = (accepted + refused) // 2
            if self._of_rows(middle) is None:
                accepted = middle
            else:
                refused = middle
        return refused, self._of_rows(refused) or ""

    def refusal(self, way: Way) -> str | None:
        """D1's answer to the fullest statement of a way, or None when it wrote its rows."""
        rows = min(way.rows_per_statement, self._workload.rows)
        if self._no_table is not None or way.parameters(rows) > self._limits.bound_parameters:
            return self._of_rows(min(rows, self._longest(way)))
        make = _FORMS[way.form]
        statement = next(islice(make(self._workload.insert, self._workload.sample(rows)), 1))
        return self._error(statement)

    def _longest(self, way: Way) -> int:
        """The smallest number of rows whose text is too long: beyond it D1's answer stays the same."""
        per_row = way.text_bytes(2) - way.text_bytes(1)
        return self._limits.statement_bytes // max(per_row, 1) + 1

    def _of_rows(self, rows: int) -> str | None:
        """D1's answer to one INSERT of so many rows, or None when it accepts it."""
        if self._no_table is not None:
            return self._no_table
        try:
            self._database.prepare(multi_row_sql(self._workload.insert, rows))
        except D1Error as error:
            return error.text
        return None

    def _error(self, statement: Statement) -> str | None:
        try:
            self._database.run(statement)
        except D1Error as error:
            return error.text
        return None

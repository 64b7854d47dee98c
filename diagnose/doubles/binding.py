"""The D1 binding for tests in Python: the binding's methods, limits and errors, without `await`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from diagnose.d1 import D1Error, Statement
from diagnose.d1.javascript import SAFE_INTEGER, BigInt, JsObject, to_sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diagnose.d1 import Database, Result
    from diagnose.d1.javascript import JsonValue, JsValue

Row: TypeAlias = "dict[str, JsonValue]"
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class D1Result:
    """What `run()` and `all()` return.

    Attributes:
        results: rows as objects; of columns with one name the last wins.
        meta: `duration` in milliseconds, `changes`, `last_row_id`, `changed_db`, `size_after` in bytes,
            `rows_read`, `rows_written`.
    """

    results: list[Row]
    meta: dict[str, int | float | bool]
    success: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class D1Executed:
    """What `exec()` returns: how many lines were run, and how long that took in milliseconds."""

    count: int
    duration: float


class D1Binding:
    """One database as `env.DB` offers it to a worker. Errors are `D1Error`, with D1's own text."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def prepare(self, sql: str) -> D1Statement:
        """A statement without values; nothing is sent yet."""
        return D1Statement(self._database, sql)

    def batch(self, statements: Sequence[D1Statement]) -> list[D1Result]:
        """Run all statements in one transaction. Raises D1Error; nothing has changed then."""
        __tracebackhide__ = True
        results = _shown(lambda: self._database.batch([one.statement for one in statements]))
        return [_result(one) for one in results]

    def exec(self, text: str) -> D1Executed:
        """Run each line as a text of its own, all in one transaction. Raises D1Error."""
        __tracebackhide__ = True
        began = time.perf_counter()
        count = _shown(lambda: self._database.exec(text))
        return D1Executed(count=count, duration=(time.perf_counter() - began) * 1_000)


class D1Statement:
    """A prepared statement, and the values that were bound to it."""

    def __init__(self, database: Database, sql: str, values: tuple[JsValue, ...] | None = None) -> None:
        self._database = database
        self.statement = Statement(sql, values)

    def bind(self, *values: object) -> D1Statement:
        """The same statement with these values instead.

        None, booleans, numbers, text and bytes can be bound; an integer beyond 2^53 is a `bigint`, which
        D1 does not take.

        Raises:
            D1Error: a value is of a type that D1 does not take (`D1_TYPE_ERROR`).
        """
        __tracebackhide__ = True
        bound = tuple(map(_javascript, values))
        _shown(lambda: [to_sqlite(value) for value in bound])
        return D1Statement(self._database, self.statement.sql, bound)

    def run(self) -> D1Result:
        """Rows and meta. Raises D1Error."""
        __tracebackhide__ = True
        return _result(self._run())

    def all(self) -> D1Result:
        """The same as `run()`. Raises D1Error."""
        __tracebackhide__ = True
        return self.run()

    def first(self, column: str | None = None) -> Row | JsonValue:
        """The first row, or its value in one column; None without rows.

        Raises:
            D1Error: D1 refuses the statement, or there is a row and no such column in it.
        """
        __tracebackhide__ = True
        result = self._run()
        return _shown(lambda: result.first(column))

    def raw(self, *, column_names: bool = False) -> list[list[JsonValue]]:
        """Rows as lists, after the names of the columns if these are asked for. Raises D1Error."""
        __tracebackhide__ = True
        result = self._run()
        names: list[list[JsonValue]] = [list(result.columns)] if column_names else []
        return names + result.arrays()

    def _run(self) -> Result:
        __tracebackhide__ = True
        return _shown(lambda: self._database.run(self.statement))


def _shown(call: Callable[[], Answer]) -> Answer:
    """What a call answers. Its error points at the line of the test: pytest hides frames that ask for it."""
    __tracebackhide__ = True
    try:
        return call()
    except D1Error as error:
        raise error.with_traceback(None) from None


def _javascript(value: object) -> JsValue:
    """A value as Python workers hand it over."""
    match value:
        case bool():
            return value
        case int() if abs(value) > SAFE_INTEGER:
            return BigInt(value)
        case None | int() | float() | str() | bytes():
            return value
        case bytearray() | memoryview():
            return bytes(value)
        case _:
            return JsObject("object", str(value))


def _result(result: Result) -> D1Result:
    return D1Result(
        results=result.objects(),
        meta={
            "duration": result.duration_ms,
            "changes": result.changes,
            "last_row_id": result.last_row_id,
            "changed_db": result.changed_db,
            "size_after": result.size_after,
            "rows_read": result.rows_read,
            "rows_written": result.rows_written,
        },
    )

"""The forms of statement that write many rows, in the one place that judges, repairs and imports alike.

json_each    one JSON parameter holds as many rows as fit into a value
multi_row    VALUES (…), (…): as many rows as there are parameters for
singles      one row per statement, for a `batch()`
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

from diagnose.d1.cells import bound, check, placeholder
from diagnose.d1.identifiers import quoted
from diagnose.d1.json_rows import JsonChunk, JsonRow
from diagnose.d1.limits import LIMITS
from diagnose.d1.results import Statement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from typing import TypeAlias

    from diagnose.d1.javascript import SqliteValue
    from diagnose.d1.limits import D1Limits

    Row: TypeAlias = Sequence[SqliteValue]


class Form(StrEnum):
    """A way of writing many rows."""

    JSON_EACH = "json_each"
    MULTI_ROW = "multi_row"
    SINGLES = "singles"


class Conflict(StrEnum):
    """What an INSERT does with a row whose key is taken."""

    ABORT = "INSERT"
    IGNORE = "INSERT OR IGNORE"
    REPLACE = "INSERT OR REPLACE"


@dataclass(frozen=True, slots=True)
class Insert:
    """Where rows go.

    Attributes:
        upsert: an `ON CONFLICT …` clause, or None.
    """

    table: str
    columns: tuple[str, ...]
    conflict: Conflict = Conflict.ABORT
    upsert: str | None = None

    @property
    def head(self) -> str:
        """The statement up to its rows."""
        columns = ", ".join(map(quoted, self.columns))
        return f"{self.conflict.value} INTO {quoted(self.table)} ({columns})"

    @property
    def tail(self) -> str:
        """The statement behind its rows."""
        return f" {self.upsert}" if self.upsert else ""


def rows_that_fit(columns: int, fixed: int = 0, limits: D1Limits = LIMITS.d1) -> int:
    """Rows of so many bound columns that one statement takes beside `fixed` other parameters."""
    return max(limits.bound_parameters - fixed, 0) // columns


def json_each_sql(insert: Insert, blobs: Collection[int] = ()) -> str:
    """The statement whose only parameter is a JSON array of rows, each an array of values.

    `blobs` are the positions of columns that arrive as hexadecimal text. `WHERE true` keeps SQLite from
    reading ON CONFLICT as a join constraint (https://sqlite.org/lang_upsert.html, "Parsing Ambiguity").
    """
    values = ", ".join(_extracted("value", position, blobs) for position in range(len(insert.columns)))
    where = " WHERE true" if insert.upsert else ""
    return f"{insert.head} SELECT {values} FROM json_each(?1){where}{insert.tail}"  # noqa: S608 - names are quoted


def json_each(insert: Insert, rows: Iterable[Row], *, limits: D1Limits = LIMITS.d1) -> Iterator[Statement]:
    """Statements that write the rows in their order, each with as many as one value holds.

    A row that JSON cannot carry exactly gets a statement of its own, in which only the values in question
    are bound.

    Raises:
        RowError: a value that D1 cannot hold; its row and column are named.
    """
    chunk = JsonChunk(limits)
    for number, row in enumerate(rows):
        encoded = JsonRow.ordinary(row, limits) if len(row) == len(insert.columns) else None
        if encoded is None:
            _check(insert, row, number, limits)
            encoded = JsonRow.of(row, limits)
        if not encoded.fits:
            yield from _flushed(insert, chunk)
            yield _exact(insert, row, encoded)
            continue
        if not chunk.takes(encoded):
            yield from _flushed(insert, chunk)
        chunk.add(encoded)
    yield from _flushed(insert, chunk)


def multi_row_sql(insert: Insert, rows: int) -> str:
    """The statement that binds every value of so many rows."""
    marks = f"({', '.join('?' * len(insert.columns))})"
    return f"{insert.head} VALUES {', '.join([marks] * rows)}{insert.tail}"


def multi_row(insert: Insert, rows: Iterable[Row], *, limits: D1Limits = LIMITS.d1) -> Iterator[Statement]:
    """Statements that write the rows in their order, each with as many as it has parameters for.

    Raises:
        RowError: a value that D1 cannot hold; its row and column are named.
        ValueError: more columns than parameters, which no table of D1 has.
    """
    size = rows_that_fit(len(insert.columns), limits=limits)
    if not size:
        raise ValueError(
            f"{len(insert.columns)} columns do not fit into {limits.bound_parameters} parameters"
        )
    yield from _of_bound_rows(insert, rows, size, limits)


def singles(insert: Insert, rows: Iterable[Row], *, limits: D1Limits = LIMITS.d1) -> Iterator[Statement]:
    """One statement per row.

    Raises:
        RowError: a value that D1 cannot hold; its row and column are named.
    """
    yield from _of_bound_rows(insert, rows, 1, limits)


def _of_bound_rows(insert: Insert, rows: Iterable[Row], size: int, limits: D1Limits) -> Iterator[Statement]:
    remaining = enumerate(rows)
    while group := list(islice(remaining, size)):
        for number, row in group:
            _check(insert, row, number, limits)
        tuples = ", ".join(
            "(" + ", ".join(placeholder(value, "?") for value in row) + ")" for _, row in group
        )
        params = tuple(bound(value) for _, row in group for value in row)
        yield Statement(f"{insert.head} VALUES {tuples}{insert.tail}", params)


def _flushed(insert: Insert, chunk: JsonChunk) -> Iterator[Statement]:
    if chunk.rows:
        yield Statement(json_each_sql(insert, chunk.blobs), (chunk.take(),))


def _exact(insert: Insert, row: Row, encoded: JsonRow) -> Statement:
    """One row: what JSON carries exactly stays in the first parameter, every other value is bound."""
    carried = len(encoded.bound) < len(row)
    params: list[SqliteValue] = [encoded.text] if carried else []
    values = []
    for position, value in enumerate(row):
        if position in encoded.bound:
            params.append(bound(value))
            values.append(f"?{len(params)}")
        else:
            values.append(_extracted("?1", position, encoded.blobs))
    return Statement(f"{insert.head} VALUES ({', '.join(values)}){insert.tail}", tuple(params))


def _extracted(source: str, position: int, blobs: Collection[int]) -> str:
    return f"unhex({source}->>{position})" if position in blobs else f"{source}->>{position}"


def _check(insert: Insert, row: Row, number: int, limits: D1Limits) -> None:
    for column, value in zip(insert.columns, row, strict=True):
        check(value, row=number, column=column, limits=limits)

"""Rows as a source that SQL can select from: JSON in one parameter, what JSON cannot carry in others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.d1.cells import bound, placeholder
from diagnose.d1.identifiers import quoted
from diagnose.d1.json_rows import JsonChunk, JsonRow
from diagnose.d1.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.d1.javascript import SqliteValue
    from diagnose.d1.limits import D1Limits
    from diagnose.importing.rows import Rows


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows, to be read as `FROM json_each(?1) AS source`.

    Attributes:
        params: the JSON text, then values that JSON does not carry.
        values: the SQL expression of each column's value.
        count: rows in it.
    """

    params: tuple[SqliteValue, ...]
    values: tuple[str, ...]
    count: int

    def equals(self, rows: Rows, columns: Sequence[str]) -> str:
        """A condition: the columns of table `t` hold what the source row holds, NULL included.

        SQLite compares with the affinity of the column, so that 1 and 1.0, or a number in a text column,
        count as the table would store them.
        """
        left = ", ".join(f"t.{quoted(column)}" for column in columns)
        right = ", ".join(self.values[rows.columns.index(column)] for column in columns)
        return f"({left}) IS ({right})"


def chunks(rows: Rows, *, limits: D1Limits = LIMITS.d1) -> Iterator[Chunk]:
    """All rows in their order, cut so that each JSON text stays within one value of D1."""
    gathered = JsonChunk(limits)
    for row in rows.values:
        encoded = JsonRow.of(row, limits)
        if encoded.fits and gathered.takes(encoded):
            gathered.add(encoded)
            continue
        yield from _taken(gathered, len(rows.columns))
        if encoded.fits:
            gathered.add(encoded)
        else:
            yield _single(row, encoded)
    yield from _taken(gathered, len(rows.columns))


def _taken(gathered: JsonChunk, width: int) -> Iterator[Chunk]:
    if gathered.rows:
        count, blobs = len(gathered.rows), gathered.blobs
        values = tuple(_value(position, position in blobs) for position in range(width))
        yield Chunk((gathered.take(),), values, count)


def _single(row: Sequence[SqliteValue], encoded: JsonRow) -> Chunk:
    params: list[SqliteValue] = [f"[{encoded.text}]"]
    values = []
    for position, value in enumerate(row):
        if position in encoded.bound:
            params.append(bound(value))
            values.append(placeholder(value, f"?{len(params)}"))
        else:
            values.append(_value(position, position in encoded.blobs))
    return Chunk(tuple(params), tuple(values), 1)


def _value(position: int, blob: bool) -> str:  # noqa: FBT001 - two private callers
    text = f"source.value->>{position}"
    return f"unhex({text})" if blob else text

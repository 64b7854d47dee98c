"""Rows as a source that SQL can select from: JSON in one parameter, what JSON cannot carry in others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.d1.identifiers import quoted
from diagnose.d1.json_rows import JsonChunk, JsonRow
from diagnose.d1.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.d1.javascript import SqliteValue
    from diagnose.d1.limits import D1Limits
    from diagnose.importing.rows import Rows


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows.

    Attributes:
        columns: their names.
        text: a JSON array of rows, each an array of values; null where a value is bound.
        blobs: positions that hold hexadecimal text.
        bound: by position, what JSON does not carry; only a row that stands alone has such values.
        count: rows in it.
    """

    columns: tuple[str, ...]
    text: str
    blobs: frozenset[int]
    bound: Mapping[int, SqliteValue]
    count: int

    def source(
        self, columns: Sequence[str], *, numbered: bool = False
    ) -> tuple[str, tuple[SqliteValue, ...]]:
        """Some columns as a table `source` for FROM, and the parameters that it takes.

        D1 refuses parameters that a statement does not use, so only these columns' values are bound.
        `numbered` adds the column `key`: the row's place in the chunk, from 0.
        """
        params: list[SqliteValue] = [self.text]
        values = ["key"] if numbered else []
        for position in map(self.columns.index, columns):
            if position in self.bound:
                params.append(self.bound[position])
                values.append(f"?{len(params)} AS c{position}")
            else:
                text = f"value->>{position}"
                values.append(f"{f'unhex({text})' if position in self.blobs else text} AS c{position}")
        return f"(SELECT {', '.join(values)} FROM json_each(?1)) AS source", tuple(params)

    def equals(self, columns: Sequence[str]) -> str:
        """A condition: the columns of table `t` hold what the source row holds, NULL included.

        SQLite compares with the affinity of the column, so that 1 and 1.0, or a number in a text column,
        count as the table would store them.
        """
        left = ", ".join(f"t.{quoted(column)}" for column in columns)
        right = ", ".join(f"source.c{self.columns.index(column)}" for column in columns)
        return f"({left}) IS ({right})"


def chunks(rows: Rows, *, limits: D1Limits = LIMITS.d1) -> Iterator[Chunk]:
    """All rows in their order, cut so that each JSON text stays within one value of D1."""
    gathered = JsonChunk(limits)
    for row in rows.values:
        encoded = JsonRow.of(row, limits)
        if not encoded.fits:
            yield from _taken(gathered, rows.columns)
            bound = {position: row[position] for position in sorted(encoded.bound)}
            yield Chunk(rows.columns, f"[{encoded.text}]", encoded.blobs, bound, 1)
            continue
        if not gathered.takes(encoded):
            yield from _taken(gathered, rows.columns)
        gathered.add(encoded)
    yield from _taken(gathered, rows.columns)


def _taken(gathered: JsonChunk, columns: tuple[str, ...]) -> Iterator[Chunk]:
    if gathered.rows:
        count, blobs = len(gathered.rows), gathered.blobs
        yield Chunk(columns, gathered.take(), blobs, {}, count)

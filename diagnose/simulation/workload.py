"""Rows to write, made up so that every one of them takes the same bytes as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1.forms import Insert
from diagnose.d1.json_rows import JsonRow
from diagnose.d1.limits import LIMITS
from diagnose.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.d1.javascript import SqliteValue

MOST_COLUMNS: Final = 2_000  # SQLite's own limit: https://sqlite.org/limits.html#max_column
MOST_ROWS: Final = 1_000_000_000
_FIRST: Final = 1_700_000_000  # ten digits, like a time in seconds, and as many after a thousand million rows
_PRICES: Final = 80_000
_NUMBER_BYTES: Final = 8  # at most: https://sqlite.org/fileformat2.html#record_format
_LEAST_BYTES_PER_COLUMN: Final = 2  # a digit and its comma
_QUOTES_AND_BRACKETS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """So many rows of so many columns.

    Attributes:
        row_bytes: of one row as a JSON array; None for rows like those of price data.
        table: the table's name in statements.

    Raises:
        UsageError: a number is out of its range, or so few bytes cannot hold the columns.
    """

    columns: int
    rows: int
    row_bytes: int | None = None
    table: str = "t"

    def __post_init__(self) -> None:
        _require("columns", self.columns, MOST_COLUMNS)
        _require("rows", self.rows, MOST_ROWS)
        least = _LEAST_BYTES_PER_COLUMN * self.columns + _QUOTES_AND_BRACKETS
        most = LIMITS.d1.value_bytes - _QUOTES_AND_BRACKETS
        if self.row_bytes is not None and not least <= self.row_bytes <= most:
            raise UsageError(
                f"a row of {self.columns} columns takes from {least:,} to {most:,} bytes as a JSON array,"
                f" not {self.row_bytes:,}",
                hint=f"D1 takes {LIMITS.d1.value_bytes:,} {LIMITS.d1.value_bytes.unit}",
            )

    @property
    def insert(self) -> Insert:
        """Where the rows go."""
        return Insert(self.table, tuple(f"c{number}" for number in range(1, self.columns + 1)))

    def sample(self, rows: int) -> Iterator[tuple[SqliteValue, ...]]:
        """The first rows."""
        make = self._price_row if self.row_bytes is None else self._padded_row
        return map(make, range(min(rows, self.rows)))

    def measured_row_bytes(self) -> int:
        """Bytes of a row as a JSON array; all rows have the same."""
        return JsonRow.of(next(self.sample(1)), LIMITS.d1).size

    def value_bytes(self) -> tuple[int, ...]:
        """Bytes of each value of a row: of a text in UTF-8; a number takes at most eight."""
        return tuple(
            len(value) if isinstance(value, str) else _NUMBER_BYTES for value in next(self.sample(1))
        )

    def _price_row(self, number: int) -> tuple[SqliteValue, ...]:
        """A time and prices; a quarter is exact in binary, so that each price takes eight characters."""
        prices = (10_000.25 + (number * 7 + column * 11) % _PRICES for column in range(1, self.columns))
        return (_FIRST + number, *prices)

    def _padded_row(self, number: int) -> tuple[SqliteValue, ...]:
        digits = tuple((number + column) % 10 for column in range(self.columns - 1))
        taken = _LEAST_BYTES_PER_COLUMN * self.columns + _QUOTES_AND_BRACKETS
        return (*digits, "x" * ((self.row_bytes or taken) - taken))


def _require(what: str, number: int, most: int) -> None:
    if not 1 <= number <= most:
        raise UsageError(f"{what} must be from 1 to {most:,}, not {number:,}")

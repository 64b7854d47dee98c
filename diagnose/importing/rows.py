"""The rows of an import, whatever they were read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.javascript import SqliteValue


@dataclass(frozen=True, slots=True)
class Rows:
    """Values in the order of `columns`; every row has one value for each.

    Attributes:
        columns: names of the table's columns.
        values: None, bool, int, float, str or bytes.
    """

    columns: tuple[str, ...]
    values: tuple[tuple[SqliteValue, ...], ...]

    def __len__(self) -> int:
        return len(self.values)

    def select(self, columns: Sequence[str]) -> tuple[tuple[SqliteValue, ...], ...]:
        """The values of some columns, row by row."""
        places = [self.columns.index(column) for column in columns]
        return tuple(tuple(row[place] for place in places) for row in self.values)

"""What goes into a database call and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.d1.errors import D1Error
from diagnose.d1.javascript import from_sqlite

if TYPE_CHECKING:
    from diagnose.d1.javascript import JsonValue, JsValue, SqliteValue


@dataclass(frozen=True, slots=True)
class Statement:
    """A text and its bound values; `params` is None when `bind()` was not called."""

    sql: str
    params: tuple[JsValue, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Rows and `meta` of one statement.

    Attributes:
        columns: names as SQLite gives them, duplicates kept.
        rows: values as stored; `from_sqlite` says what JavaScript sees of each.
        changes: rows inserted, updated or deleted, those of triggers and cascades included, summed over
            all statements of the text.
        last_row_id: the connection's, so it may stem from an earlier statement.
        changed_db: rows changed, the database grew or shrank, or `last_row_id` is another.
        size_after: bytes in use.
        rows_read: an estimate, see `diagnose.d1.metering`.
        rows_written: an estimate, idem.
        duration_ms: time inside the engine.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[SqliteValue, ...], ...]
    changes: int
    last_row_id: int
    changed_db: bool
    size_after: int
    rows_read: int
    rows_written: int
    duration_ms: float

    def objects(self) -> list[dict[str, JsonValue]]:
        """Rows as `all()` returns them: keyed by column name, the last of equal names wins."""
        return [dict(zip(self.columns, map(from_sqlite, row), strict=True)) for row in self.rows]

    def first(self, column: str | None = None) -> dict[str, JsonValue] | JsonValue:
        """What `first()` returns: the first row, or its value in one column; None when there are no rows.

        Raises:
            D1Error: there is a row, and the column is not in it (names are case-sensitive).
        """
        if not self.rows:
            return None
        row = dict(zip(self.columns, map(from_sqlite, self.rows[0]), strict=True))
        if column is None:
            return row
        if column not in row:
            raise D1Error(f"Column not found ({column})", prefix="D1_COLUMN_NOTFOUND: ")
        return row[column]

    def arrays(self) -> list[list[JsonValue]]:
        """Rows as `raw()` returns them."""
        return [list(map(from_sqlite, row)) for row in self.rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What compiling a text tells about its last statement.

    Attributes:
        parameters: how many values it must be given; `?NNN` counts as NNN.
        readonly: it cannot change the database.
        columns: names of the result columns, empty when it returns no rows.
        tables_read: each table with the columns read from it; none when only its rows are counted.
        tables_written: each table with the columns that UPDATE names; none for INSERT and DELETE.
    """

    parameters: int
    readonly: bool
    columns: tuple[str, ...]
    tables_read: tuple[tuple[str, tuple[str, ...]], ...]
    tables_written: tuple[tuple[str, tuple[str, ...]], ...]

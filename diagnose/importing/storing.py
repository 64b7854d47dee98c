"""What becomes of values in a table's columns: '7' in an INTEGER column is 7."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1 import Database, Statement
from diagnose.d1.forms import Insert, json_each
from diagnose.d1.identifiers import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1 import Table
    from diagnose.d1.javascript import SqliteValue
    from diagnose.importing.rows import Rows


def as_stored(table: Table, rows: Rows, columns: Sequence[str]) -> tuple[tuple[SqliteValue, ...], ...]:
    """The values of some columns, row by row, as SQLite stores them in columns of these types.

    Raises:
        RowError: a value cannot be stored (NaN, infinity, a value over the limit).
    """
    names = ", ".join(map(quoted, columns))
    types = {column.name: column.type for column in table.columns}
    declared = ", ".join(f"{quoted(column)} {types[column]}" for column in columns)
    insert = Insert(table="stored", columns=tuple(columns))
    with Database.memory() as scratch:
        scratch.run(Statement(f"CREATE TABLE stored ({declared})"))
        for statement in json_each(insert, rows.select(columns)):
            scratch.run(statement)
        return scratch.run(Statement(f"SELECT {names} FROM stored")).rows

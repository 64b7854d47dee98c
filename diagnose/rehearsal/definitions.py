"""What stands around a table in its database: triggers, and the indexes that make its rows unique."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1 import Statement
from diagnose.d1.identifiers import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1 import Database

_TRIGGERS = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?1)"
_INDEXES = """
    SELECT i.name, m.sql FROM pragma_index_list(?1) i LEFT JOIN sqlite_master m ON m.name = i.name
    WHERE i."unique" ORDER BY i.seq
"""
_COLUMNS = "SELECT name, coll FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno"


def triggers_on(database: Database, table: str) -> tuple[str, ...]:
    """The texts of the triggers on a table."""
    found = database.run(Statement(_TRIGGERS, (table,)))
    return tuple(str(row[0]) for row in found.rows)


def unique_index(table: str, columns: Sequence[str]) -> str:
    """The statement that makes these columns tell one row of the table from another."""
    parts = ", ".join(map(quoted, columns))
    return f"CREATE UNIQUE INDEX {quoted(f'unique {table}')} ON {quoted(table)} ({parts})"


def unique_indexes(database: Database, table: str) -> tuple[str, ...]:
    """Statements that give a table of that name the same unique keys, collations and conditions included."""
    statements: list[str] = []
    for number, (name, sql) in enumerate(database.run(Statement(_INDEXES, (table,))).rows):
        if sql is not None:
            statements.append(str(sql))
            continue
        columns = database.run(Statement(_COLUMNS, (str(name),))).rows
        parts = ", ".join(f"{quoted(str(column))} COLLATE {quoted(str(coll))}" for column, coll in columns)
        statements.append(f"CREATE UNIQUE INDEX unique_{number} ON {quoted(table)} ({parts})")
    return tuple(statements)

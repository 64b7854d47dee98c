"""A database as SQL text, as D1 exports it.

Order and form follow the dump of D1's local development (miniflare, src/workers/d1/dumpSql.ts), but for
three things, so that an import brings back what was exported: every value is written exactly, a line end
inside a text stays one, and a trigger on a view comes behind the view.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import apsw

from diagnose.d1.errors import D1Error
from diagnose.d1.identifiers import in_quotes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.d1.session import Session

_LONGEST_VALUE: Final = 1_000_000_000  # the most that SQLite takes
_TABLES: Final = """
    SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL
    ORDER BY tbl_name = 'sqlite_sequence', rowid
"""
_COLUMNS: Final = "SELECT name FROM pragma_table_info(?1) ORDER BY cid"
_OTHERS: Final = """
    SELECT name, sql FROM sqlite_schema AS o WHERE sql IS NOT NULL AND type IN ('index', 'trigger', 'view')
    ORDER BY type = 'trigger' AND EXISTS (
        SELECT 1 FROM sqlite_schema AS v WHERE v.type = 'view' AND v.name = o.tbl_name COLLATE NOCASE
    ), type, rowid
"""
# quote() stops at a NUL, takes any bytes for text, and drops the sign of a negative zero.
_LITERAL: Final = """
    CASE WHEN typeof({name}) = 'text' AND instr(CAST({name} AS BLOB), x'00')
         THEN 'CAST(X''' || hex({name}) || ''' AS TEXT)'
         WHEN typeof({name}) = 'real' AND {name} = 0 AND atan2(0.0, {name}) > 3 THEN '-0.0'
         ELSE CAST(quote({name}) AS BLOB) END
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpOptions:
    """What a dump holds.

    Attributes:
        schema: statements that create tables, indexes, views and triggers.
        data: statements that insert rows.
        tables: only these; empty for all.
    """

    schema: bool = True
    data: bool = True
    tables: frozenset[str] = frozenset()


def dump(session: Session, options: DumpOptions) -> Iterator[bytes]:
    """Every statement of the dump, each on lines of its own, in UTF-8. One thread has to take them all.

    Raises:
        D1Error: there are virtual tables, which D1 does not export.
    """
    with session.trusted(), _long_values(session.connection):
        yield b"PRAGMA defer_foreign_keys=TRUE;\n"
        for name, sql in session.connection.execute(_TABLES).fetchall():
            if not options.tables or name in options.tables:
                yield from _table(session.connection, str(name), str(sql), options)
        if options.schema:
            for name, sql in session.connection.execute(_OTHERS).fetchall():
                if not options.tables or name in options.tables:
                    yield f"{sql};\n".encode()


def _table(connection: apsw.Connection, name: str, sql: str, options: DumpOptions) -> Iterator[bytes]:
    if sql.startswith("CREATE VIRTUAL TABLE"):
        raise D1Error("D1 Export error: cannot export databases with Virtual Tables (fts5)")
    if name != "sqlite_sequence" and not name.startswith("sqlite_stat") and _is_reserved(name):
        return
    if options.schema:
        yield f"{_creation(name, sql)};\n".encode()
    if options.data:
        yield from _rows(connection, name)


def _is_reserved(name: str) -> bool:
    return name.startswith(("_cf_", "sqlite_"))


def _creation(name: str, sql: str) -> str:
    if name == "sqlite_sequence":
        return "DELETE FROM sqlite_sequence"
    if name.startswith("sqlite_stat"):
        return "ANALYZE sqlite_schema"
    if sql.startswith(("CREATE TABLE '", 'CREATE TABLE "')):
        return f"CREATE TABLE IF NOT EXISTS {sql.removeprefix('CREATE TABLE ')}"
    return sql


def _rows(connection: apsw.Connection, table: str) -> Iterator[bytes]:
    columns = [in_quotes(str(name)) for (name,) in connection.execute(_COLUMNS, (table,))]
    literals = ", ".join(_LITERAL.format(name=name) for name in columns)
    start = f"INSERT INTO {in_quotes(table)} ({','.join(columns)}) VALUES("
    for row in connection.execute(f"SELECT {literals} FROM {in_quotes(table)}"):  # noqa: S608 - names are quoted
        yield start.encode() + b",".join(map(_literal, row)) + b");\n"


def _literal(value: object) -> bytes:
    """The literal; bytes that are no UTF-8 cannot stand in a text, but their blob can."""
    if not isinstance(value, bytes):
        return str(value).encode()
    try:
        value.decode()
    except UnicodeDecodeError:
        stored = value[1:-1].replace(b"''", b"'")
        return f"CAST(X'{stored.hex().upper()}' AS TEXT)".encode()
    return value


@contextmanager
def _long_values(connection: apsw.Connection) -> Iterator[None]:
    """A value as SQL takes up to twice its bytes."""
    longest = connection.limit(apsw.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    try:
        yield
    finally:
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, longest)

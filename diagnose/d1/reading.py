"""Fetches rows whose text need not be valid UTF-8, which SQLite stores and apsw does not decode."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import apsw

from diagnose.d1.errors import D1Error
from diagnose.d1.translation import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diagnose.d1.bounds import Bounds
    from diagnose.d1.compiler import Program
    from diagnose.d1.javascript import SqliteValue
    from diagnose.d1.session import Session

_ROWS_AT_ONCE: Final = 500
_ROW_BYTES: Final = 64
_VALUE_BYTES: Final = 40


def fetch(session: Session, program: Program, values: Sequence[SqliteValue]) -> list[tuple[SqliteValue, ...]]:
    """Run a program to its end and return its rows; wrong bytes in text become replacement characters.

    Raises:
        D1Error: SQLite refused it while it ran.
    """
    try:
        return _rows(session.connection.execute(program.sql, values, can_cache=False), session.bounds)
    except apsw.Error as error:
        raise session.authorizer.refusal or translated(error) from error
    except UnicodeDecodeError as error:
        if not program.readonly:
            raise D1Error("a returned text is not valid UTF-8, which this engine cannot read") from error
        return _fetch_as_bytes(session, program, values)


def _rows(cursor: apsw.Cursor, bounds: Bounds) -> list[tuple[SqliteValue, ...]]:
    if bounds.result_bytes is None:
        return cursor.fetchall()
    rows: list[tuple[SqliteValue, ...]] = []
    left = bounds.result_bytes
    while part := list(islice(cursor, _ROWS_AT_ONCE)):
        rows += part
        left -= _bytes(part)
        if left < 0:
            raise D1Error(f"the result takes more than {bounds.result_bytes:,} bytes of memory")
    return rows


def _bytes(rows: Iterable[tuple[SqliteValue, ...]]) -> int:
    """Roughly what rows take up as Python objects."""
    return sum(
        _ROW_BYTES
        + sum(len(value) if isinstance(value, (str, bytes)) else 0 for value in row)
        + _VALUE_BYTES * len(row)
        for row in rows
    )


def _fetch_as_bytes(
    session: Session, program: Program, values: Sequence[SqliteValue]
) -> list[tuple[SqliteValue, ...]]:
    """Read texts and blobs as blobs that begin with a letter for what they were."""
    names = [f"c{position}" for position in range(len(program.columns))]
    marked = ", ".join(
        f"CASE typeof({name}) WHEN 'text' THEN CAST('t' || {name} AS BLOB)"
        f" WHEN 'blob' THEN CAST('b' || {name} AS BLOB) ELSE {name} END"
        for name in names
    )
    inner = program.sql.rstrip("; \t\n\f\r")
    with session.unlimited_text():
        rows = session.own(f"WITH r({', '.join(names)}) AS ({inner}\n) SELECT {marked} FROM r", *values)  # noqa: S608 - the user's own SELECT
    return [tuple(map(_unmarked, row)) for row in rows]


def _unmarked(value: SqliteValue) -> SqliteValue:
    if not isinstance(value, bytes):
        return value
    return value[1:].decode(errors="replace") if value[:1] == b"t" else value[1:]

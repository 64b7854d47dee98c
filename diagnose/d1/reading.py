"""Fetches rows whose text need not be valid UTF-8, which SQLite stores and apsw does not decode."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Final

import apsw

from diagnose.d1.compiler import fits
from diagnose.d1.errors import D1Error
from diagnose.d1.returning import marked, marked_returning
from diagnose.d1.surrogates import HalvedText
from diagnose.d1.tokens import tokens
from diagnose.d1.translation import refused, translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diagnose.d1.bounds import Bounds
    from diagnose.d1.compiler import Program
    from diagnose.d1.javascript import SqliteValue
    from diagnose.d1.session import Session

_ROWS_AT_ONCE: Final = 500
_ROW_BYTES: Final = 64
_VALUE_BYTES: Final = 40
# What every call is answered: the database of a Durable Object was committed to once before it is opened.
_DATA_VERSION: Final = ("data_version",)
_DATA_VERSION_ROWS: Final[list[tuple[SqliteValue, ...]]] = [(2,)]


def fetch(
    session: Session, program: Program, values: Sequence[SqliteValue], *, most: int | None = None
) -> list[tuple[SqliteValue, ...]]:
    """Run a program and return its rows; wrong bytes in text become replacement characters.

    Args:
        session: where it was compiled.
        program: what is run.
        values: what is bound.
        most: how many rows at most. The program is left there until the transaction ends.

    Raises:
        D1Error: SQLite refused it while it ran.
    """
    try:
        if most is not None:
            session.stepping.append(_executed(session, program.sql, values))
            return list(islice(session.stepping[-1], most))
        if program.columns == _DATA_VERSION and apsw.SQLITE_PRAGMA in session.authorizer.actions:
            return _DATA_VERSION_ROWS
        if program.readonly or not program.columns:
            return _rows(_executed(session, program.sql, values), session.bounds)
        return _written(session, program, values)
    except apsw.Error as error:
        raise refused(error, session.authorizer.refusal) from error
    except UnicodeDecodeError as error:
        if not program.readonly:
            raise D1Error("a returned text is not valid UTF-8, which this engine cannot read") from error
        return _fetch_again(session, program, values)


def _fetch_again(
    session: Session, program: Program, values: Sequence[SqliteValue]
) -> list[tuple[SqliteValue, ...]]:
    """Rows of a SELECT as bytes, unless it is its error that quotes what cannot be decoded."""
    try:
        return _fetch_as_bytes(session, program, values)
    except UnicodeDecodeError:
        quotable = [one.decode(errors="replace") if isinstance(one, HalvedText) else one for one in values]
    try:
        return _rows(_executed(session, program.sql, quotable), session.bounds)
    except apsw.Error as error:
        raise translated(error) from error


def _executed(session: Session, sql: str, values: Sequence[SqliteValue]) -> apsw.Cursor:
    """A statement that was compiled before, started. It may have become too long where it was rewritten."""
    with nullcontext() if fits(session, sql) else session.unlimited_text():
        return session.connection.execute(sql, values, can_cache=False)


def _written(
    session: Session, program: Program, values: Sequence[SqliteValue]
) -> list[tuple[SqliteValue, ...]]:
    """Rows of a write, which is done a second time where the first reading of them fails."""
    with session.repeatable() as repeat:
        cursor = _executed(session, program.sql, values)
        try:
            return _rows(cursor, session.bounds)
        except UnicodeDecodeError as error:
            cursor.close(force=True)
            repeat()
            return _written_marked(session, program, values, error)


def _written_marked(
    session: Session, program: Program, values: Sequence[SqliteValue], refusal: UnicodeDecodeError
) -> list[tuple[SqliteValue, ...]]:
    sql = marked_returning(program.sql, program.columns)
    if sql is None:
        raise refusal
    try:
        with session.unlimited_text():
            cursor = _executed(session, sql, values)
    except apsw.SQLError:  # it did run before: the clause was not read as SQLite reads it
        raise refusal from None
    return [tuple(map(_unmarked, row)) for row in _rows(cursor, session.bounds)]


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
    shown = ", ".join(map(marked, names))
    *_, last = (token for token in tokens(program.sql) if token.text != ";")
    inner = program.sql[: last.end]
    with session.unlimited_text():
        rows = session.own(f"WITH r({', '.join(names)}) AS ({inner}\n) SELECT {shown} FROM r", *values)  # noqa: S608 - the user's own SELECT
    return [tuple(map(_unmarked, row)) for row in rows]


def _unmarked(value: SqliteValue) -> SqliteValue:
    if not isinstance(value, bytes):
        return value
    return value[1:].decode(errors="replace") if value[:1] == b"t" else value[1:]

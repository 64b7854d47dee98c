"""Compiles the first statement of a text, without running it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import apsw

from diagnose.d1.errors import D1Error
from diagnose.d1.renaming import is_reserved_rename
from diagnose.d1.row_limit import is_refused_limit, is_syntax, limited_statement
from diagnose.d1.splitting import skip_space, statement_end
from diagnose.d1.translation import offset_of, refused, translated

if TYPE_CHECKING:
    from diagnose.d1.row_limit import LimitedStatement
    from diagnose.d1.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One compiled statement.

    Attributes:
        sql: its text, ready to be executed.
        parameters: how many values it must be given.
        columns: names of its result columns.
        readonly: it cannot change the database.
        explains: it tells how a statement would be run.
        rest: the text behind it that holds further statements, or "".
    """

    sql: str
    parameters: int
    columns: tuple[str, ...]
    readonly: bool
    explains: bool
    rest: str


def compile_first(session: Session, text: str) -> Program:
    """The first statement of a text.

    SQLite stops reading at a NUL, so what follows one is a text of its own (which has no statement).

    Raises:
        D1Error: too long, no statement in it, or SQLite refuses it.
    """
    if not fits(session, text):
        raise D1Error.from_sqlite("statement too long", code="SQLITE_TOOBIG")
    head, nul, tail = text.partition("\0")
    trial, end = _compiled(session, head)
    if session.authorizer.altered and is_reserved_rename(trial.text):
        raise D1Error.from_sqlite("not authorized", code="SQLITE_AUTH")
    if not trial.compiled:
        raise D1Error("SQL code did not contain a statement.")
    return Program(
        sql=trial.text,
        parameters=trial.parameters,
        columns=trial.columns,
        readonly=trial.readonly,
        explains=trial.explains,
        rest=skip_space(head[end:]) + nul + tail,
    )


def fits(session: Session, text: str) -> bool:
    """Whether the text is no longer than a statement may be."""
    size = len(text) if text.isascii() else len(text.encode())
    return size <= session.limits.statement_bytes.enforced


@dataclass(slots=True)
class _Trial:
    """Filled by apsw's tracer, which is called between compiling and running and stops it there."""

    text: str = ""
    compiled: bool = False
    parameters: int = 0
    columns: tuple[str, ...] = ()
    readonly: bool = True
    explains: bool = False

    def __call__(self, cursor: apsw.Cursor, text: str, _bindings: Any) -> bool:
        self.text = text
        self.compiled = cursor.has_vdbe
        self.parameters = cursor.bindings_count
        self.columns = tuple(column[0] for column in cursor.get_description())
        self.readonly = cursor.is_readonly
        self.explains = cursor.is_explain != 0
        return False


def _compiled(session: Session, text: str) -> tuple[_Trial, int]:
    """The trial of the first statement, and where it ends in the text."""
    try:
        trial = _try(session, text)
    except apsw.Error as error:
        refusal = refused(error, session.authorizer.refusal)
        limited = limited_statement(text) if is_refused_limit(str(error)) else None
        unlimited = None if limited is None else _whole(session, limited.unlimited)
        if limited is None or unlimited is None:
            raise refusal from error
        trial, end = _compiled_limit(session, limited, error)
        trial.columns = unlimited.columns
        return trial, end
    end = statement_end(trial.text)
    trial.text = trial.text[:end]
    return trial, end


def _compiled_limit(session: Session, limited: LimitedStatement, refusal: apsw.Error) -> tuple[_Trial, int]:
    rewritten = limited.rewritten(session.tables.row_key(limited.table))
    try:
        with session.unlimited_text():
            trial = _try(session, rewritten.sql)
    except apsw.Error as error:
        message, offset = rewritten.relocated(str(error), offset_of(error))
        # SQLite looks for the table first, and for columns only after this complaint.
        if limited.complaint is None or is_syntax(message) or message == f"no such table: {limited.table}":
            raise translated(error, message, offset) from error
        raise translated(refusal, limited.complaint, -1) from error
    if limited.stray is not None:
        raise translated(refusal, 'near ")": syntax error', len(limited.sql[: limited.stray.start].encode()))
    if limited.complaint is not None:
        raise translated(refusal, limited.complaint, -1)
    return trial, limited.length


def _whole(session: Session, text: str) -> _Trial | None:
    """The trial of the text in front of an ORDER BY or LIMIT, or None when it could not end there."""
    try:
        return _try(session, text)
    except apsw.Error as error:
        return None if is_syntax(str(error)) else _Trial()


def _try(session: Session, text: str) -> _Trial:
    session.authorizer.reset()
    trial = _Trial()
    cursor = session.connection.cursor()
    cursor.exec_trace = trial
    try:
        with suppress(apsw.ExecTraceAbort):  # the trial notes the statement, and lets none run
            # apsw.ext relies on the same marker to compile without values.
            cursor.execute(text, apsw._null_bindings, can_cache=False)  # type: ignore[attr-defined]  # noqa: SLF001
    finally:
        cursor.close(force=True)
    return trial

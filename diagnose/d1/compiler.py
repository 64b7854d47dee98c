"""Compiles the first statement of a text, without running it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import apsw

from diagnose.d1.errors import D1Error
from diagnose.d1.row_limit import is_refused_limit, limited_statement
from diagnose.d1.splitting import skip_space, statement_end
from diagnose.d1.translation import offset_of, translated

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
        rest: the text behind it that holds further statements, or "".
    """

    sql: str
    parameters: int
    columns: tuple[str, ...]
    readonly: bool
    rest: str


def compile_first(session: Session, text: str) -> Program:
    """The first statement of a text.

    SQLite stops reading at a NUL, so what follows one is a text of its own (which has no statement).

    Raises:
        D1Error: too long, no statement in it, or SQLite refuses it.
    """
    if not _fits(session, text):
        raise D1Error.from_sqlite("statement too long", code="SQLITE_TOOBIG")
    head, nul, tail = text.partition("\0")
    trial, end = _compiled(session, head)
    if not trial.compiled:
        raise D1Error("SQL code did not contain a statement.")
    return Program(
        sql=trial.text,
        parameters=trial.parameters,
        columns=trial.columns,
        readonly=trial.readonly,
        rest=skip_space(head[end:]) + nul + tail,
    )


def _fits(session: Session, text: str) -> bool:
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

    def __call__(self, cursor: apsw.Cursor, text: str, _bindings: Any) -> bool:
        self.text = text
        self.compiled = cursor.has_vdbe
        self.parameters = cursor.bindings_count
        self.columns = tuple(column[0] for column in cursor.get_description())
        self.readonly = cursor.is_readonly
        return False


def _compiled(session: Session, text: str) -> tuple[_Trial, int]:
    """The trial of the first statement, and where it ends in the text."""
    try:
        trial = _try(session, text)
    except apsw.Error as error:
        limited = limited_statement(text) if is_refused_limit(str(error)) else None
        if limited is None:
            raise session.authorizer.refusal or translated(error) from error
        return _compiled_limit(session, limited, error)
    end = statement_end(trial.text)
    trial.text = trial.text[:end]
    return trial, end


def _compiled_limit(session: Session, limited: LimitedStatement, refusal: apsw.Error) -> tuple[_Trial, int]:
    if limited.unlimited:
        raise translated(refusal, limited.unlimited, -1)
    rewritten = limited.rewritten(session.row_key(limited.table))
    try:
        trial = _try(session, rewritten.sql)
    except apsw.Error as error:
        message, offset = rewritten.relocated(str(error), offset_of(error))
        raise session.authorizer.refusal or translated(error, message, offset) from error
    return trial, limited.length


def _try(session: Session, text: str) -> _Trial:
    session.authorizer.reset()
    trial = _Trial()
    cursor = session.connection.cursor()
    cursor.exec_trace = trial
    try:
        # apsw.ext relies on the same marker to compile without values.
        cursor.execute(text, apsw._null_bindings, can_cache=False)  # type: ignore[attr-defined]  # noqa: SLF001
    except apsw.ExecTraceAbort:
        pass
    finally:
        cursor.close(force=True)
    return trial

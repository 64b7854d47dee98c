"""Executes texts statement by statement, in a transaction that the caller has opened."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from diagnose.d1.compiler import compile_first
from diagnose.d1.errors import D1Error, TransactionLostError
from diagnose.d1.javascript import to_sqlite
from diagnose.d1.metering import Meter
from diagnose.d1.reading import fetch
from diagnose.d1.results import Result
from diagnose.d1.splitting import is_blank, statements_in
from diagnose.d1.surrogates import has_halves, seen, spelled, stand_ins, stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.compiler import Program
    from diagnose.d1.javascript import JsValue, SqliteValue
    from diagnose.d1.results import Statement
    from diagnose.d1.session import Session


@dataclass(frozen=True, slots=True)
class BoundText:
    """A text with its values, as SQLite takes both.

    Attributes:
        sql: the text, with stand-ins for halves of surrogate pairs.
        values: those of its last statement.
        halved: whether stand-ins are in it.
    """

    sql: str
    values: tuple[SqliteValue, ...] = ()
    halved: bool = False

    @classmethod
    def of(cls, sql: str, params: Sequence[JsValue] = ()) -> Self:
        """What a caller hands over. Raises D1Error for a value that `bind()` refuses."""
        return cls(stand_ins(sql), tuple(map(_bindable, params)), has_halves(sql))


def bound_texts(statements: Sequence[Statement]) -> list[BoundText]:
    """Those that are not blank. Raises D1Error when all are, or for a value that `bind()` refuses."""
    texts = [BoundText.of(statement.sql, statement.params or ()) for statement in statements]
    texts = [text for text in texts if not is_blank(text.sql)]
    if not texts:
        raise D1Error("No SQL statements detected.")
    return texts


class Executor:
    """Executes texts on one connection."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._meter = Meter(session)

    def last_program(self, sql: str) -> Program:
        """The last statement of a text, compiled; those before it are run. Raises D1Error."""
        program = compile_first(self._session, sql)
        while program.rest:
            self._run(program, (), most=1)
            program = compile_first(self._session, program.rest)
        return program

    def last_result(self, text: BoundText) -> Result:
        """What the binding answers for a text: rows of its last statement, changes of all. Raises D1Error."""
        size = self._session.size()
        results = self.results(text, divided=False)
        if len(results) == 1:
            return results[0]
        changes = sum(result.changes for result in results)
        changed = changes != 0 or self._session.size() != size
        return replace(results[-1], changes=changes, changed_db=changed)

    def divided_results(self, text: BoundText) -> list[Result]:
        """What the API answers for a text, which it divides when it is too long. Raises D1Error."""
        *before, last = self._divided(text.sql)
        results = [result for piece in before for result in self.results(replace(text, sql=piece, values=()))]
        return [*results, *self.results(replace(text, sql=last))]

    def _divided(self, sql: str) -> tuple[str, ...]:
        """The statements of a text that is too long to be compiled from its beginning."""
        if len(sql.encode(errors="replace")) <= self._session.limits.statement_bytes.enforced:
            return (sql,)
        pieces = tuple(piece for _, piece in statements_in(sql))
        return pieces if len(pieces) > 1 else (sql,)

    def results(self, text: BoundText, *, divided: bool = True) -> list[Result]:
        """Results of all statements of a text, which the API has `divided` before; the binding has not.

        There the runtime takes one step of each statement before the last one: a SELECT yields one row, and
        a write that returns rows is not done, so that the transaction fails in the end.

        Raises:
            D1Error: of the first statement that D1 refuses.
        """
        results = []
        stranded = False
        rest = text.sql
        while rest:
            program = compile_first(self._session, rest)
            if program.rest and program.parameters:
                raise D1Error(
                    "When executing multiple SQL statements in a single call, "
                    "only the last statement can have parameters."
                )
            if stranded and not program.rest:
                raise TransactionLostError
            if not program.rest and program.parameters != len(text.values):
                raise D1Error("Wrong number of parameter bindings for SQL query.")
            stepped = None if divided or not program.rest else 1
            bound = () if program.rest else text.values
            results.append(self._run(_encodable(program, bound, halved=text.halved), bound, most=stepped))
            stranded = stranded or (stepped is not None and _is_undone(program, results[-1]))
            rest = program.rest
        return results

    def _run(self, program: Program, values: tuple[SqliteValue, ...], *, most: int | None = None) -> Result:
        session, connection = self._session, self._session.connection
        session.require_time()
        if not program.readonly:
            session.before_write()
        started, before, size = time.perf_counter(), session.total_changes(), session.size()
        last_row_id = connection.last_insert_rowid()
        self._meter.start()
        rows = fetch(session, program, values, most=most)
        rows_read = self._meter.rows_read(len(rows))
        changes = session.total_changes() - before
        session.finish(readonly=program.readonly)
        return Result(
            columns=program.columns,
            rows=tuple(rows),
            changes=changes,
            last_row_id=connection.last_insert_rowid(),
            changed_db=(changes, session.size(), connection.last_insert_rowid()) != (0, size, last_row_id),
            size_after=session.size(),
            rows_read=rows_read,
            rows_written=self._meter.rows_written(changes, readonly=program.readonly or program.explains),
            duration_ms=(time.perf_counter() - started) * 1_000,
        )


def _is_undone(program: Program, result: Result) -> bool:
    """Whether SQLite still counts the statement as a write under way after its first step."""
    return not program.readonly and (program.explains or bool(result.rows))


def _encodable(program: Program, values: tuple[SqliteValue, ...], *, halved: bool) -> Program:
    """The program in a text that apsw can encode."""
    sql = spelled(program.sql, values, halved=halved)
    return (
        replace(program, sql=sql, columns=tuple(map(seen, program.columns)))
        if halved
        else replace(program, sql=sql)
    )


def _bindable(value: JsValue) -> SqliteValue:
    return stored(value) if isinstance(value, str) else to_sqlite(value)

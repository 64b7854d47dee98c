"""One D1 database: SQLite under D1's limits, rules and error texts, in this process."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.d1.compiler import compile_first
from diagnose.d1.dumping import DumpOptions, dump
from diagnose.d1.errors import D1Error, TransactionLostError
from diagnose.d1.javascript import to_sqlite
from diagnose.d1.limits import LIMITS
from diagnose.d1.metering import Meter
from diagnose.d1.pages import Pages
from diagnose.d1.reading import fetch
from diagnose.d1.results import Prepared, Result, Statement
from diagnose.d1.schema import read_schema
from diagnose.d1.session import Session
from diagnose.d1.splitting import is_blank, statements_in, trim
from diagnose.d1.surrogates import has_halves, seen, spelled, stand_ins, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from diagnose.d1.bounds import Bounds
    from diagnose.d1.compiler import Program
    from diagnose.d1.javascript import JsValue, SqliteValue
    from diagnose.d1.limits import D1Limits
    from diagnose.d1.schema import Schema

__all__ = ["Database", "Prepared", "Result", "Statement"]


class Database:
    """One D1 database, in memory or in a file.

    Every call is one transaction: it happens completely, or raises `D1Error` and changes nothing. Any thread
    may make a call; one that comes during another waits.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._meter = Meter(session)

    @classmethod
    def memory(cls, *, limits: D1Limits = LIMITS.d1) -> Database:
        """A new, empty database."""
        return cls(Session(None, limits=limits))

    @classmethod
    def open(cls, path: Path, *, limits: D1Limits = LIMITS.d1, readonly: bool = False) -> Database:
        """The database in a file, which is created when it does not exist and `readonly` is False.

        What a call wrote survives a kill of the process at any later moment.
        """
        return cls(Session(path, limits=limits, readonly=readonly))

    def run(self, statement: Statement) -> Result:
        """What `prepare(sql).bind(…).all()` does; of several statements the last one's result.

        Raises:
            D1Error: D1 refuses it; nothing has changed.
        """
        return self.batch((statement,))[0]

    def run_all(self, *statements: Statement) -> tuple[Result, ...]:
        """Results of every statement of these texts, in one transaction, as the API's query runs them.

        The API divides a long text first, so that the limit for a statement holds for each of them, while
        the binding hands the text to SQLite as a whole.

        Raises:
            D1Error: D1 refuses one of them; nothing has changed.
        """
        bound = _bound(statements)
        with self._session.transaction():
            return tuple(result for one in bound for result in self._divided_results(*one))

    def migrate(self, text: str) -> None:
        """Run a migration as wrangler does, in one text with its entry: what ends in a comment is no error.

        Raises:
            D1Error: D1 refuses a statement; nothing has changed.
        """
        *_, last = ((0, ""), *statements_in(text))
        if last[1]:
            self.run_all(Statement(text[: last[0] + len(last[1])]))

    def _divided_results(self, text: str, values: tuple[SqliteValue, ...], halved: bool) -> list[Result]:  # noqa: FBT001 - private
        *before, last = self._divided(text)
        results = [result for piece in before for result in self._results(piece, (), halved)]
        return [*results, *self._results(last, values, halved)]

    def _divided(self, text: str) -> tuple[str, ...]:
        """The statements of a text that is too long to be compiled from its beginning."""
        if len(text.encode(errors="replace")) <= self._session.limits.statement_bytes.enforced:
            return (text,)
        pieces = tuple(piece for _, piece in statements_in(text))
        return pieces if len(pieces) > 1 else (text,)

    def batch(self, statements: Sequence[Statement]) -> tuple[Result, ...]:
        """What `batch()` does: all in one transaction. Blank texts have no result.

        Raises:
            D1Error: of the first statement that D1 refuses; nothing has changed.
        """
        bound = _bound(statements)
        with self._session.transaction():
            return tuple(self._last_result(*one) for one in bound)

    def exec(self, text: str) -> int:
        """What `exec()` does: each line is a text of its own. Returns the number of lines that were run.

        Raises:
            D1Error: a line was refused (a statement over several lines is); nothing has changed.
        """
        lines = trim(text).split("\n")
        try:
            with self._session.transaction():
                return len([self._last_result(*one) for one in _bound([Statement(line) for line in lines])])
        except D1Error as error:
            if error.text == error.cause:  # the transaction was lost: nobody added the prefix of exec()
                raise
            raise error.in_exec(lines[0]) from error

    def prepare(self, sql: str) -> Prepared:
        """Compile a text under the limits; the database stays as it is.

        Statements before the last one are run and rolled back, because later ones may depend on them.

        Raises:
            D1Error: D1 refuses it.
        """
        ((text, *_),) = _bound((Statement(sql),))
        with self._session.rehearsal():
            program = self._last_program(text)
            return Prepared(
                parameters=program.parameters,
                readonly=program.readonly,
                columns=program.columns,
                tables_read=_by_table(self._session.authorizer.reads),
                tables_written=_by_table(
                    (table, column) for _, table, column in self._session.authorizer.written
                ),
            )

    def schema(self) -> Schema:
        """Tables, columns and keys as they are now."""
        with self._session.turn:
            return read_schema(self._session.own)

    @property
    def size_bytes(self) -> int:
        """Bytes in use."""
        return self._session.size()

    @property
    def pages(self) -> Pages:
        """The database as a whole, for whoever keeps its past."""
        return Pages(self._session)

    @contextmanager
    def importing(self) -> Iterator[Callable[[str], Sequence[Result]]]:
        """What runs one statement after another, all in one transaction, each under its own limits.

        The transaction may take any time. Calls of other threads are refused until the block ends.

        Raises:
            D1Error: of the first statement that D1 refuses; nothing has changed.
        """
        with self._session.importing():
            yield lambda text: self._results(stand_ins(text), (), has_halves(text))

    def dump(self, options: DumpOptions = DumpOptions()) -> Iterator[bytes]:  # noqa: B008 - it is frozen
        """The database as SQL, statement by statement; other calls wait until all have been taken.

        Raises:
            D1Error: it has virtual tables, which D1 does not export.
        """
        return dump(self._session, options)

    @contextmanager
    def within(self, bounds: Bounds) -> Iterator[Database]:
        """This database, with the calls inside the block kept within bounds beside D1's own."""
        with self._session.within(bounds):
            yield self

    def snapshot(self) -> Database:
        """An independent copy in memory."""
        return Database(self._session.copy())

    def interrupt(self) -> None:
        """End the call that another thread makes, if one does: it raises `D1Error` and changes nothing."""
        self._session.interrupt()

    def close(self) -> None:
        """Release the file; closing twice is harmless."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _last_program(self, text: str) -> Program:
        program = compile_first(self._session, text)
        while program.rest:
            self._run(program, (), most=1)
            program = compile_first(self._session, program.rest)
        return program

    def _last_result(self, text: str, values: tuple[SqliteValue, ...], halved: bool) -> Result:  # noqa: FBT001 - private
        size = self._session.size()
        results = self._results(text, values, halved, divided=False)
        if len(results) == 1:
            return results[0]
        changes = sum(result.changes for result in results)
        changed = changes != 0 or self._session.size() != size
        return replace(results[-1], changes=changes, changed_db=changed)

    def _results(
        self,
        text: str,
        values: tuple[SqliteValue, ...],
        halved: bool,  # noqa: FBT001 - private
        *,
        divided: bool = True,
    ) -> list[Result]:
        """Results of all statements of a text, which the API has `divided` before; the binding has not.

        There the runtime takes one step of each statement before the last one: a SELECT yields one row, and
        a write that returns rows is not done, so that the transaction fails in the end.
        """
        results = []
        stranded = False
        while text:
            program = compile_first(self._session, text)
            if program.rest and program.parameters:
                raise D1Error(
                    "When executing multiple SQL statements in a single call, "
                    "only the last statement can have parameters."
                )
            if stranded and not program.rest:
                raise TransactionLostError
            if not program.rest and program.parameters != len(values):
                raise D1Error("Wrong number of parameter bindings for SQL query.")
            stepped = None if divided or not program.rest else 1
            bound = () if program.rest else values
            results.append(self._run(_encodable(program, bound, halved=halved), bound, most=stepped))
            stranded = stranded or (stepped is not None and _is_undone(program, results[-1]))
            text = program.rest
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


def _bound(statements: Sequence[Statement]) -> list[tuple[str, tuple[SqliteValue, ...], bool]]:
    """Each text with its values, and whether it holds half a surrogate pair."""
    bound = [
        (stand_ins(one.sql), tuple(map(_bindable, one.params or ())), has_halves(one.sql))
        for one in statements
    ]
    bound = [one for one in bound if not is_blank(one[0])]
    if not bound:
        raise D1Error("No SQL statements detected.")
    return bound


def _by_table(touched: Iterable[tuple[str, str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    tables: dict[str, dict[str, None]] = {}
    for table, column in touched:
        columns = tables.setdefault(table, {})
        if column:
            columns[column] = None
    return tuple((table, tuple(columns)) for table, columns in tables.items())

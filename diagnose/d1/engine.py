"""One D1 database: SQLite under D1's limits, rules and error texts, in this process."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from diagnose.d1.dumping import DumpOptions, dump
from diagnose.d1.errors import D1Error
from diagnose.d1.executing import BoundText, Executor, bound_texts
from diagnose.d1.limits import LIMITS
from diagnose.d1.pages import Pages
from diagnose.d1.results import Prepared, Result, Statement
from diagnose.d1.schema import read_schema
from diagnose.d1.session import Session
from diagnose.d1.splitting import statements_in, trim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from diagnose.d1.bounds import Bounds
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
        self._executor = Executor(session)

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
        texts = bound_texts(statements)
        with self._session.transaction():
            return tuple(result for text in texts for result in self._executor.divided_results(text))

    def migrate(self, text: str) -> None:
        """Run a migration as wrangler does, in one text with its entry: what ends in a comment is no error.

        Raises:
            D1Error: D1 refuses a statement; nothing has changed.
        """
        *_, last = ((0, ""), *statements_in(text))
        if last[1]:
            self.run_all(Statement(text[: last[0] + len(last[1])]))

    def batch(self, statements: Sequence[Statement]) -> tuple[Result, ...]:
        """What `batch()` does: all in one transaction. Blank texts have no result.

        Raises:
            D1Error: of the first statement that D1 refuses; nothing has changed.
        """
        texts = bound_texts(statements)
        with self._session.transaction():
            return tuple(map(self._executor.last_result, texts))

    def exec(self, text: str) -> int:
        """What `exec()` does: each line is a text of its own. Returns the number of lines that were run.

        Raises:
            D1Error: a line was refused (a statement over several lines is); nothing has changed.
        """
        lines = trim(text).split("\n")
        try:
            with self._session.transaction():
                texts = bound_texts([Statement(line) for line in lines])
                return len([self._executor.last_result(text) for text in texts])
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
        (text,) = bound_texts((Statement(sql),))
        with self._session.rehearsal():
            program = self._executor.last_program(text.sql)
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
            yield lambda text: self._executor.results(BoundText.of(text))

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

    def hold_to(self, limits: D1Limits) -> None:
        """Judge calls by other limits from now on."""
        self._session.hold_to(limits)

    @contextmanager
    def held_to(self, limits: D1Limits) -> Iterator[Database]:
        """This database, with the calls inside the block judged by other limits than its own."""
        with self._session.held_to(limits):
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


def _by_table(touched: Iterable[tuple[str, str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    tables: dict[str, dict[str, None]] = {}
    for table, column in touched:
        columns = tables.setdefault(table, {})
        if column:
            columns[column] = None
    return tuple((table, tuple(columns)) for table, columns in tables.items())

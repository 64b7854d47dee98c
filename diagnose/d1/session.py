"""An SQLite connection with the engine's own statements kept apart from the user's."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from threading import RLock, get_ident
from typing import TYPE_CHECKING, Final

import apsw

from diagnose.d1.authorizer import Authorizer
from diagnose.d1.bounds import UNBOUNDED
from diagnose.d1.connection import open_connection, set_limits
from diagnose.d1.errors import D1Error, TransactionLostError
from diagnose.d1.known_tables import KnownTables
from diagnose.d1.pages import Unwatched
from diagnose.d1.space import Space
from diagnose.d1.translation import too_late

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from diagnose.d1.bounds import Bounds
    from diagnose.d1.javascript import SqliteValue
    from diagnose.d1.limits import D1Limits
    from diagnose.d1.pages import CommitWatcher

_LONGEST_TEXT: Final = 1_000_000_000  # the most that SQLite takes
_LARGEST_IN_MEMORY: Final = 1 << 30  # bytes; SQL of a project must not take all memory of the machine
_SECONDS_BETWEEN_INTERRUPTS: Final = 0.02
_STEPS_BETWEEN_LOOKS: Final = 50_000  # virtual machine instructions; a fraction of a millisecond
_SWITCHES: Final = (
    "case_sensitive_like",
    "ignore_check_constraints",
    "legacy_alter_table",
    "recursive_triggers",
    "reverse_unordered_selects",
)
# https://developers.cloudflare.com/d1/observability/debug-d1/
_IMPORTING: Final = "Currently processing a long-running import."


class Session:
    """A connection, its authorizer, and the transaction that every call runs in.

    A thread that comes while another is at work waits; `turn` is held for whatever must not be divided.
    """

    def __init__(self, path: Path | None, *, limits: D1Limits, readonly: bool = False) -> None:
        self.limits = limits
        self.turn = RLock()
        self.authorizer = Authorizer()
        self.connection = open_connection(path, limits=limits, authorizer=self.authorizer, readonly=readonly)
        self.authorizer.trusted = False
        self._deadline = time.monotonic()
        self.connection.set_progress_handler(self._is_late, _STEPS_BETWEEN_LOOKS)
        self.tables = KnownTables(self.own)
        self._space = Space(self.own)
        self.bounds = UNBOUNDED
        if path is None:
            self._space.limit(_LARGEST_IN_MEMORY)
        self.watcher: CommitWatcher = Unwatched()
        self.stepping: list[apsw.Cursor] = []
        self.undone_changes = 0
        self._analyzed = False
        self._written = False
        self._importer: int | None = None

    @property
    def in_transaction(self) -> bool:
        """False once SQLite itself has rolled the transaction back."""
        return self.connection.in_transaction

    def own(self, sql: str, *values: SqliteValue) -> list[tuple[SqliteValue, ...]]:
        """Rows of a statement of the engine's own, which the allow-lists do not concern."""
        with self.trusted():
            return self.connection.execute(sql, values).fetchall()

    @contextmanager
    def trusted(self) -> Iterator[None]:
        """The allow-lists do not concern what happens inside the block."""
        with self.turn:
            self.authorizer.trusted = True
            try:
                yield
            finally:
                self.authorizer.trusted = False

    def size(self) -> int:
        """Bytes in use; pages on the free list do not count."""
        return self._space.size()

    @contextmanager
    def within(self, bounds: Bounds) -> Iterator[None]:
        """Keep the calls inside the block within bounds."""
        with self.turn:
            before, self.bounds = self.bounds, bounds
            try:
                with self._space.limited(bounds.size_bytes):
                    yield
            finally:
                self.bounds = before

    def hold_to(self, limits: D1Limits) -> None:
        """Judge calls by other limits from now on."""
        with self.turn:
            self.limits = limits
            set_limits(self.connection, limits)

    @contextmanager
    def held_to(self, limits: D1Limits) -> Iterator[None]:
        """Judge the calls inside the block by other limits."""
        with self.turn:
            before = self.limits
            self.hold_to(limits)
            try:
                yield
            finally:
                self.hold_to(before)

    @contextmanager
    def unlimited_text(self) -> Iterator[None]:
        """Lift the limit on the length of a statement for one of the engine's own."""
        longest = self.connection.limit(apsw.SQLITE_LIMIT_SQL_LENGTH, _LONGEST_TEXT)
        try:
            yield
        finally:
            self.connection.limit(apsw.SQLITE_LIMIT_SQL_LENGTH, longest)

    def finish(self, *, readonly: bool) -> None:
        """Put right what a statement that has just run left different from D1."""
        self._analyzed = self._analyzed or self.authorizer.analyzed
        if self._analyzed and not self.stepping:
            self._drop_surplus_statistics()
        if self.authorizer.actions:
            self._forget()
        elif not readonly:
            self._space.forget()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing.

        Raises:
            D1Error: of the body; or, when SQLite ended the transaction itself or refuses to commit, the
                error without prefix that the runtime answers then.
        """
        self._refuse_while_importing()
        with self.turn:
            self._begin()
            try:
                yield
            except D1Error as error:
                lost = not self.in_transaction or isinstance(error, TransactionLostError)
                self._roll_back()
                if lost:
                    self._start_anew()
                    raise _lost(error) from error
                raise
            except BaseException:
                self._roll_back()
                raise
            self._commit()

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Whatever happens inside is undone."""
        self._refuse_while_importing()
        with self.turn:
            self._begin()
            try:
                yield
            finally:
                self._roll_back()

    @contextmanager
    def importing(self) -> Iterator[None]:
        """One transaction that takes the time it needs. Other threads are refused meanwhile, as D1 does."""
        with self.turn:
            self._importer = get_ident()
            try:
                with self.transaction():
                    yield
            finally:
                self._importer = None

    def _refuse_while_importing(self) -> None:
        if self._importer not in {None, get_ident()}:
            raise D1Error(_IMPORTING)

    def before_write(self) -> None:
        """A statement that may write is about to run."""
        if not self._written:
            self._written = True
            self.watcher.before_write()

    def replace(self, source: apsw.Connection) -> None:
        """Become a copy of another database, in one transaction."""
        with self.turn:
            try:
                with self.connection.backup("main", source, "main") as backup:
                    backup.step()
            finally:
                self._forget()

    def _begin(self) -> None:
        """Open a transaction, and start the clock that bounds a query or a whole batch."""
        seconds = math.inf if self._importer is not None else self.limits.query_seconds.enforced
        self._deadline = min(time.monotonic() + seconds, self.bounds.until)
        self._written = False
        self.own("BEGIN")

    def _is_late(self) -> bool:
        return self.in_transaction and time.monotonic() > self._deadline

    def require_time(self) -> None:
        """Between statements, of which many are too short to be interrupted. Raises D1Error."""
        if self._is_late():
            raise too_late()

    @contextmanager
    def repeatable(self) -> Iterator[Callable[[], None]]:
        """A write inside the block can be undone there by calling what the block is given."""
        before = self.connection.total_changes()

        def undo() -> None:
            self.own("ROLLBACK TO repeatable")
            self.undone_changes += self.connection.total_changes() - before

        self.own("SAVEPOINT repeatable")
        try:
            yield undo
        finally:
            if self.in_transaction:
                self.own("RELEASE repeatable")

    def total_changes(self) -> int:
        """Rows changed since the connection was opened, those of writes that were repeated counted once."""
        return self.connection.total_changes() - self.undone_changes

    def _end_steps(self) -> None:
        """Let go of statements that were not run to their end, which lock the tables that they read."""
        while self.stepping:
            self.stepping.pop().close(force=True)

    def _drop_surplus_statistics(self) -> None:
        """D1's SQLite is compiled without them."""
        self.own("DROP TABLE IF EXISTS sqlite_stat4")
        self._analyzed = False
        self._space.forget()

    def _commit(self) -> None:
        self._end_steps()
        if self._analyzed:
            self._drop_surplus_statistics()
        try:
            if self._written:
                self.watcher.before_commit()
            self.own("COMMIT")
        except apsw.Error as error:
            self._roll_back()
            self._start_anew()
            raise TransactionLostError from error
        except BaseException:
            self._roll_back()
            raise
        if self._written:
            self.watcher.after_commit()

    def _start_anew(self) -> None:
        """Forget what belongs to a connection: the runtime opens the database again after a failure."""
        self.connection.set_last_insert_rowid(0)
        for switch in _SWITCHES:
            self.own(f"PRAGMA {switch}=0")

    def _forget(self) -> None:
        """What was known of the schema and the size may no longer hold."""
        self._space.forget()
        self.tables.forget()

    def _roll_back(self) -> None:
        self._end_steps()
        self._analyzed = False
        self._forget()
        if self.in_transaction:
            self.own("ROLLBACK")
        if self._written:
            self.watcher.rolled_back()

    def copy(self) -> Session:
        """An independent copy in memory."""
        twin = Session(None, limits=self.limits)
        with self.turn, twin.connection.backup("main", self.connection, "main") as backup:
            backup.step()
        return twin

    def interrupt(self) -> None:
        """End the statement that another thread runs, if one does; its transaction is undone."""
        self.connection.interrupt()

    def close(self) -> None:
        """Release the connection; what another thread still runs is ended. Closing twice is harmless."""
        while not self.turn.acquire(timeout=_SECONDS_BETWEEN_INTERRUPTS):
            self.interrupt()
        try:
            self.connection.close()
        finally:
            self.turn.release()


def _lost(error: D1Error) -> D1Error:
    return error.unprefixed() if error.code == "SQLITE_FULL" else TransactionLostError()

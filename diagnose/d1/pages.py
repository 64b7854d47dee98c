"""A database as a whole: its pages, for whoever keeps its past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import apsw

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.d1.session import Session

_CHANGE_COUNTER: Final = 24  # https://sqlite.org/fileformat2.html#file_change_counter
_COUNTER_BYTES: Final = 4


class CommitWatcher(Protocol):
    """Told of the transactions that write. What it raises ends the transaction."""

    def before_write(self) -> None:
        """The transaction has changed nothing yet, and is about to."""

    def before_commit(self) -> None:
        """The transaction is about to end well. It may have changed nothing."""

    def after_commit(self) -> None:
        """It did end well."""

    def rolled_back(self) -> None:
        """It did not; the database is as it was before."""


class Unwatched:
    """Nobody keeps the past."""

    def before_write(self) -> None:
        """Nothing to do."""

    def before_commit(self) -> None:
        """Nothing to do."""

    def after_commit(self) -> None:
        """Nothing to do."""

    def rolled_back(self) -> None:
        """Nothing to do."""


class Pages:
    """The pages of one database. Nothing here may be called within a transaction but by a watcher."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def watch(self, watcher: CommitWatcher) -> None:
        """Tell it of every transaction from now on; one at a time."""
        self._session.watcher = watcher

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._session.size()

    @property
    def counter(self) -> int:
        """Of a file: grows by one with every transaction that changes it, and never falls."""
        # Through SQLite's own descriptor: closing another one would release its locks.
        _, counter = self._session.connection.read("main", 0, _CHANGE_COUNTER, _COUNTER_BYTES)
        return int.from_bytes(counter, "big")

    def image(self) -> bytes:
        """All pages, as a file would hold them."""
        with self._session.trusted():
            return self._session.connection.serialize("main")

    def copy_to(self, path: Path) -> None:
        """Write them to a new file, page for page."""
        target = apsw.Connection(str(path))
        try:
            with self._session.turn, target.backup("main", self._session.connection, "main") as backup:
                backup.step()
        finally:
            target.close()

    def become(self, source: apsw.Connection) -> None:
        """Take over the pages of another database, in one transaction that no watcher is told of."""
        self._session.replace(source)


def image_connection(image: bytes) -> apsw.Connection:
    """A database in memory that consists of these pages."""
    connection = apsw.Connection(":memory:")
    connection.deserialize("main", image)
    return connection

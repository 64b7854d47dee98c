"""Keeps an account in memory."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from diagnose.d1 import Database
from diagnose.embedded.history import MemoryHistory
from diagnose.embedded.queues.messages import MessageStore

if TYPE_CHECKING:
    from diagnose.embedded.history import History
    from diagnose.embedded.state import AccountState


class MemoryStorage:
    """Keeps nothing beyond the process."""

    def __init__(
        self, databases: dict[str, Database] | None = None, messages: MessageStore | None = None
    ) -> None:
        self._databases = databases or {}
        self._messages = messages
        self._scratch: TemporaryDirectory[str] | None = None

    def write(self, state: AccountState) -> None:
        """Nothing to do: the account itself holds the state."""

    def create_database(self, uuid: str) -> Database:  # noqa: ARG002 - every memory database is its own
        """An empty database."""
        return Database.memory()

    def open_database(self, uuid: str) -> Database:
        """The database that was handed in."""
        return self._databases.pop(uuid)

    def open_history(self, uuid: str, database: Database) -> History:  # noqa: ARG002 - kept with the database
        """A past that begins now."""
        return MemoryHistory(database)

    def drop_database(self, uuid: str) -> None:
        """Its rows went when it was closed."""

    def scratch(self) -> Path:
        """A folder among the machine's temporary ones."""
        if self._scratch is None:
            self._scratch = TemporaryDirectory(prefix="diagnose-")
        return Path(self._scratch.name)

    def open_messages(self) -> MessageStore:
        """The messages that were handed in, or none."""
        messages, self._messages = self._messages, None
        return messages or MessageStore.memory()

    def close(self) -> None:
        """Close what was never opened."""
        for database in self._databases.values():
            database.close()
        self._databases.clear()
        if self._messages is not None:
            self._messages.close()
        if self._scratch is not None:
            self._scratch.cleanup()

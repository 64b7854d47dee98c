"""What keeps an embedded account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.d1 import Database
    from diagnose.embedded.history import History
    from diagnose.embedded.queues.messages import MessageStore
    from diagnose.embedded.state import AccountState


class Storage(Protocol):
    """Keeps a state, its databases and its messages. Whatever returned is kept."""

    def write(self, state: AccountState) -> None:
        """Keep this state instead of the one before."""

    def create_database(self, uuid: str) -> Database:
        """An empty database; a state that lists it must be written next."""

    def open_database(self, uuid: str) -> Database:
        """The database with its rows. Called once for each; the caller closes it."""

    def open_history(self, uuid: str, database: Database) -> History:
        """The past of a database that was just created or opened; it is kept from then on."""

    def drop_database(self, uuid: str) -> None:
        """Remove the rows of a database that is closed and that no state lists any more."""

    def scratch(self) -> Path:
        """A folder for files that nobody needs when the account is closed."""

    def open_messages(self) -> MessageStore:
        """What waits in the queues. Called once; the caller closes it."""

    def close(self) -> None:
        """Close what was never opened, and let others write."""

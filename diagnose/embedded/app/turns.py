"""One database answers one request at a time, and never keeps another database waiting.

As in D1, whose databases are single-threaded
(https://developers.cloudflare.com/d1/platform/limits/#frequently-asked-questions).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from diagnose.embedded.refusal import no_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.d1 import Database
    from diagnose.embedded.account import EmbeddedAccount

Answer = TypeVar("Answer")


class Turns:
    """Requests to one database in the order in which they came."""

    def __init__(self, account: EmbeddedAccount) -> None:
        self._account = account
        self._locks: dict[str, asyncio.Lock] = {}

    async def take(self, uuid: str, work: Callable[[Database], Answer]) -> Answer:
        """What `work` does with the database, in a thread of its own, once those before have finished.

        Raises:
            RefusalError: 7404 the database does not exist, or no longer when its turn comes.
        """
        async with self._locks.setdefault(uuid, asyncio.Lock()):
            if uuid not in self._account.databases:
                self._locks.pop(uuid, None)
                raise no_database(uuid)
            working = asyncio.ensure_future(asyncio.to_thread(work, self._account.database(uuid)))
            try:
                return await asyncio.shield(working)
            except asyncio.CancelledError:
                # A thread cannot be stopped, and the database has only one turn at a time.
                await asyncio.wait([working])
                _forget(working)
                raise


def _forget(working: asyncio.Future[Answer]) -> None:
    """Nobody waits for its outcome; asyncio tells of errors that were never asked for."""
    if not working.cancelled():
        working.exception()

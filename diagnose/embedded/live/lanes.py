"""One event at a time for each worker, and a bound on those that wait."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MOST_WAITING: Final = 100
"""Events that may wait for a worker while it is busy with another."""


class BusyError(Exception):
    """More events wait for a worker than may."""


class NotExecutableError(Exception):
    """The worker is there, and its language cannot be executed here."""


class Lanes:
    """A queue of events for each worker."""

    def __init__(self) -> None:
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._waiting: defaultdict[str, int] = defaultdict(int)

    @asynccontextmanager
    async def enter(self, script: str) -> AsyncIterator[None]:
        """Be the only event of a worker, after those that came before. Raises BusyError."""
        if self._waiting[script] >= MOST_WAITING:
            raise BusyError(f"{MOST_WAITING} events wait for {script}")
        self._waiting[script] += 1
        try:
            async with self._locks[script]:
                yield
        finally:
            self._waiting[script] -= 1

"""A clock for tests: time passes only while everybody who uses it sleeps."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from itertools import count

_TURNS = 5
"""Of the event loop, in which whoever is awake gets on with it before time passes."""


class VirtualTime:
    """Passes as fast as the test runs."""

    def __init__(self, start: float = 2_000_000_000.0) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._passing: asyncio.Task[None] | None = None
        self.slept: list[float] = []

    def now(self) -> float:
        return self._now

    def now_ms(self) -> int:
        return int(self._now * 1000)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        woken = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self._now + seconds, next(self._numbers), woken))
        if self._passing is None or self._passing.done():
            self._passing = asyncio.create_task(self._pass())
        await woken

    async def _pass(self) -> None:
        while self._sleepers:
            for _ in range(_TURNS if len(self._sleepers) > 1 else 1):
                await asyncio.sleep(0)
            due, _, woken = heappop(self._sleepers)
            if not woken.done():
                self._now = max(self._now, due)
                woken.set_result(None)

"""A clock for tests: time passes only while everybody who uses it sleeps."""

from __future__ import annotations

import asyncio

_TURNS = 30
"""Of the event loop, in which whoever is awake gets on with it before time passes."""


class VirtualTime:
    """Passes as fast as the test runs; counts in steps that floating point represents exactly."""

    def __init__(self, start: float = 2_000_000_000.0) -> None:
        self._now = start
        self._due: list[float] = []
        self.slept: list[float] = []

    def now(self) -> float:
        return self._now

    def now_ms(self) -> int:
        return int(self._now * 1000)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        due = self._now + seconds
        self._due.append(due)
        try:
            while self._now < due:
                for _ in range(_TURNS if len(self._due) > 1 else 1):
                    await asyncio.sleep(0)
                if self._now < due <= min(self._due):
                    self._now = due
        finally:
            self._due.remove(due)

"""Facts that are found once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Hashable

Fact = TypeVar("Fact")


class Facts:
    """A read-through cache: whoever asks for a fact while it is being found waits for the same answer.

    A failure is a fact too. An asker that is cancelled leaves the question to the others.
    """

    def __init__(self) -> None:
        self._found: dict[Hashable, asyncio.Task[Any]] = {}
        self._running: set[asyncio.Task[Any]] = set()

    async def find(self, key: Hashable, question: Coroutine[Any, Any, Fact]) -> Fact:
        """The fact of that key; the question is asked unless it was before."""
        if key in self._found:
            question.close()
        else:
            self._found[key] = self._start(question)
        fact: Fact = await asyncio.shield(self._found[key])
        return fact

    def forget(self) -> None:
        """Ask again next time."""
        self._found.clear()

    async def aclose(self) -> None:
        """Stop what is still being asked."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._found.clear()

    def _start(self, question: Coroutine[Any, Any, Fact]) -> asyncio.Task[Fact]:
        task = asyncio.ensure_future(question)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not report a failure nobody waited for

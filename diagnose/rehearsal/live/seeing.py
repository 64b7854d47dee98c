"""What tails tell of the workers that take part, while the trigger runs."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, Self

from diagnose.account import ApiError
from diagnose.account.tail_events import QueueEvent, RequestEvent
from diagnose.embedded.invocation import Event, HttpAnswer, Invocation, WorkerException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from diagnose.account import Account
    from diagnose.account.tail_events import TailEvent
    from diagnose.account.tails import Tail
    from diagnose.account.visiting import Visited
    from diagnose.embedded.invocation import Outcome

NAME_HEADER: Final = "x-diagnose-run"
"""The header by which our request is told from those of others."""

_KNOWN: dict[str, Outcome] = {
    "ok": "ok",
    "exception": "exception",
    "exceededCpu": "exceededCpu",
    "exceededMemory": "exceededMemory",
}


class Seeing:
    """Watches workers as long as the block is entered; one that must not be watched is only noted.

    Attributes:
        events: what was seen, in the order of its arrival.
        unwatched: why, by the worker's name.
    """

    def __init__(self, account: Account, scripts: Iterable[str]) -> None:
        self._account = account
        self._scripts = tuple(dict.fromkeys(scripts))
        self._stack = AsyncExitStack()
        self._tails: list[Tail] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._arrived = asyncio.Event()
        self.events: list[TailEvent] = []
        self.unwatched: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        try:
            for script in self._scripts:
                await self._watch(script)
        except BaseException:
            await self._stack.aclose()
            raise
        self._tasks = [asyncio.create_task(self._collect(tail)) for tail in self._tails]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()

    @property
    def watched(self) -> tuple[str, ...]:
        """Names of the workers that are watched."""
        return tuple(tail.script for tail in self._tails)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Why something may have been missed."""
        return tuple(dict.fromkeys(gap for tail in self._tails for gap in tail.gaps))

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until what was seen satisfies a condition, or for so long; whether it does."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            return condition()
        return True

    async def calm(self, seconds: float) -> None:
        """Wait until nothing was seen for so long; at once where nothing was seen at all."""
        while self.events and await self._more(len(self.events), seconds):
            continue

    async def _more(self, seen: int, seconds: float) -> bool:
        """Whether more than so many events arrive in that time."""
        return await self.until(lambda: len(self.events) > seen, seconds)

    async def _watch(self, script: str) -> None:
        try:
            self._tails.append(await self._stack.enter_async_context(self._account.tail(script)))
        except ApiError as error:
            self.unwatched[script] = str(error)

    async def _collect(self, tail: Tail) -> None:
        async for event in tail:
            self.events.append(event)
            self._arrived.set()


def request_named(events: Iterable[TailEvent], name: str) -> TailEvent | None:
    """The request that was sent under a name of ours, among all that the worker is given; or None."""
    return next(
        (e for e in events if isinstance(e.event, RequestEvent) and e.event.headers.get(NAME_HEADER) == name),
        None,
    )


def batches(events: Iterable[TailEvent], queue: str) -> list[TailEvent]:
    """The batches of a queue."""
    return [e for e in events if isinstance(e.event, QueueEvent) and e.event.queue == queue]


def invocation_of(event: TailEvent, visited: Visited | None = None) -> Invocation:
    """What the tail tells, as an invocation; statements, messages and requests stay unseen."""
    answer = None if visited is None else HttpAnswer(status=visited.status, body=visited.body)
    escaped = event.exceptions[0] if event.exceptions else None
    outcome = _KNOWN.get(event.outcome, "killed")
    return Invocation(
        outcome=outcome,
        answer=answer,
        events=tuple(_timeline(event)),
        exception=None
        if escaped is None
        else WorkerException(name=escaped.name, message=escaped.message, traceback=escaped.stack),
        logs=tuple(log.text for log in event.logs),
        reason=None if outcome == "ok" else f"the invocation ended as {event.outcome}",
        truncated=event.truncated,
        runtime="the account",
        duration_ms=event.wall_ms,
    )


def _timeline(event: TailEvent) -> Iterable[Event]:
    match event.event:
        case RequestEvent(method=method, url=url):
            yield Event(at_ms=0, kind="trigger", text=f"{method} {url.partition('?')[0]}")
        case QueueEvent(queue=queue, batch_size=size):
            yield Event(at_ms=0, kind="trigger", text=f"queue {queue}: {size:,} messages")
        case _:
            yield Event(at_ms=0, kind="trigger", text="an event of another kind")
    for log in event.logs:
        detail = {"level": log.level}
        yield Event(at_ms=max(0, log.at_ms - event.at_ms), kind="log", text=log.text, detail=detail)
    for escaped in event.exceptions:
        at_ms = max(0, escaped.at_ms - event.at_ms)
        yield Event(at_ms=at_ms, kind="exception", text=f"{escaped.name}: {escaped.message}")

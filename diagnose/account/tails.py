"""Tails: what deployed workers do, as they do it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from diagnose.account.base_url import is_loopback
from diagnose.account.errors import ApiError, MalformedAnswerError
from diagnose.account.secret import Secret
from diagnose.account.session import Session, malformed, shaped
from diagnose.account.tail_events import TailEvent, TailNotice, read_frame
from diagnose.account.watching import MadeTail, Watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from diagnose.model import Json

_MOST_WAITING: Final = 10_000
"""Events that wait for whoever watches."""


class Tail:
    """The invocations of one worker, as an asynchronous iterator that ends when the tail does.

    Attributes:
        script: the worker's name.
        gaps: why invocations may be missing among those seen, in sentences; then no count is to be trusted.
        left: why the tail could not be deleted at the end, or None; it expires by itself.
    """

    def __init__(self, script: str) -> None:
        self.script = script
        self.gaps: list[str] = []
        self.left: str | None = None
        self._events: asyncio.Queue[TailEvent | None] = asyncio.Queue(_MOST_WAITING)

    def __aiter__(self) -> AsyncIterator[TailEvent]:
        return self

    async def __anext__(self) -> TailEvent:
        event = await self._events.get()
        if event is None:
            self._events.put_nowait(None)
            raise StopAsyncIteration
        return event

    async def seen(
        self, seconds: float, *, until: Callable[[TailEvent], bool] | None = None
    ) -> list[TailEvent]:
        """The events of a while: until one satisfies `until`, the tail ends, or the time is over."""
        events: list[TailEvent] = []
        try:
            async with asyncio.timeout(seconds):
                async for event in self:
                    events.append(event)
                    if until is not None and until(event):
                        break
        except TimeoutError:
            return events
        return events

    def take(self, content: str | bytes) -> None:
        """Keep what a frame tells."""
        match read_frame(content):
            case TailEvent() as event:
                self._keep(event)
            case TailNotice(kind=kind, message=message):
                self._miss(f"the tail says {kind}" + (f": {message}" if message else ""))
            case None:
                self._miss("a frame could not be read")

    def end(self) -> None:
        """Nothing more will come."""
        if self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(None)

    def _keep(self, event: TailEvent) -> None:
        if self._events.qsize() < _MOST_WAITING - 1:
            self._events.put_nowait(event)
        else:
            self._miss(f"more than {_MOST_WAITING:,} events waited to be looked at")

    def _miss(self, reason: str) -> None:
        if reason not in self.gaps:
            self.gaps.append(reason)


class TailCalls(Session):
    """What an account can be asked about what its workers do."""

    @asynccontextmanager
    async def tail(self, script: str, filters: Sequence[Mapping[str, Json]] = ()) -> AsyncIterator[Tail]:
        """Watch a worker as long as the block runs; what happens from its beginning on is seen.

        Args:
            script: the worker's name.
            filters: in the API's form; all must let an invocation pass.

        Raises:
            MissingPermissionError: the token may not watch (Workers Tail Read).
            ApiError: the tail could not be made or reached.
        """
        path = self._path(f"/workers/scripts/{quote(script, safe='')}/tails")
        tail = Tail(script)
        watching = Watching(tail, lambda: self._create(path, filters), lambda made: self._end(path, made))
        await watching.open()
        try:
            yield tail
        finally:
            await watching.aclose()

    async def _create(self, path: str, filters: Sequence[Mapping[str, Json]]) -> MadeTail:
        body = {"filters": [dict(one) for one in filters]}
        # A tail whose answer is lost is watched by nobody, and expires.
        made = (await self._transport.call("POST", path, body=body, repeatable=True)).result
        try:
            return shaped("POST", path, lambda item: _read_made(path, item), made)
        except MalformedAnswerError:
            if isinstance(made, dict) and isinstance(made.get("id"), str):
                with suppress(ApiError):  # it expires by itself
                    await self._delete(path, made["id"])
            raise

    async def _end(self, path: str, made: MadeTail) -> None:
        await self._delete(path, made.id.reveal())

    async def _delete(self, path: str, tail_id: str) -> None:
        await self._transport.call("DELETE", f"{path}/{quote(tail_id, safe='')}")


def _read_made(path: str, item: Mapping[str, Any]) -> MadeTail:
    return MadeTail(
        id=Secret(str(item["id"])),
        url=_checked(path, Secret(str(item["url"]))),
        lasts_seconds=_lasting(item.get("expires_at")),
    )


def _lasting(expires_at: Any) -> float | None:
    """Seconds until a moment in ISO 8601, or None where it is none."""
    try:
        moment = datetime.fromisoformat(expires_at)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _checked(path: str, url: Secret) -> Secret:
    """A URL that may be connected to: wss anywhere, ws on this machine only."""
    try:
        scheme = urlsplit(url.reveal()).scheme
        allowed = scheme == "wss" or (scheme == "ws" and is_loopback(url.reveal()))
    except ValueError:
        allowed = False
    if not allowed:
        raise malformed("POST", path, "the tail's URL is neither wss nor on this machine")
    return url

"""Tails: who watches the workers of an account, and what waits to be sent to them."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from diagnose.embedded.live.filtering import passes
from diagnose.embedded.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diagnose.embedded.observed import Observed, ObservedInvocation
    from diagnose.model import Json

MOST_TAILS: Final = 10
"""Of one worker at a time. Cloudflare documents ten clients:
https://developers.cloudflare.com/workers/observability/logs/real-time-logs/"""

LIFETIME_SECONDS: Final = 6 * 3600.0
"""How long Cloudflare lets a tail live is not documented."""

MOST_WAITING: Final = 1_000
"""Frames that wait for a client that does not read; above it, frames are left out and it is told."""

_NOT_FOUND: Final = 404


class Feed:
    """What one connection of a tail is to be sent, oldest first."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        self._waiting: deque[Mapping[str, Json]] = deque()
        self._arrived = asyncio.Event()
        self._overloaded = False
        self._closed = False

    def put(self, frame: Mapping[str, Json]) -> None:
        """Let a frame be sent, or leave it out where too many wait already."""
        if len(self._waiting) >= self._most:
            if not self._overloaded:
                self._overloaded = True
                text = "the client reads too slowly, so that invocations are left out"
                self._waiting.append(_notice("overload", text))
            return
        if self._overloaded and len(self._waiting) <= self._most // 2:
            self._overloaded = False
            self._waiting.append(_notice("overload-stop", "all invocations are sent again"))
        if not self._overloaded:
            self._waiting.append(frame)
        self._arrived.set()

    def close(self) -> None:
        """Send what waits, and nothing after it."""
        self._closed = True
        self._arrived.set()

    async def next(self) -> Mapping[str, Json] | None:
        """The next frame, once there is one; None at the end."""
        while not self._waiting:
            if self._closed:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.popleft()


def _notice(kind: str, message: str) -> Mapping[str, Json]:
    return {"event": {"message": message, "type": kind}, "logs": [], "exceptions": [], "outcome": "ok"}


@dataclass(slots=True, kw_only=True, eq=False)
class Tail:
    """One tail. Whoever knows `key`, the end of its URL, may watch.

    Attributes:
        script: the worker that is watched.
        filters: as they were asked for.
        expires_ms: milliseconds since the epoch; nothing is sent any more from then on.
        client_ip: of whoever asked for it.
    """

    script: str
    filters: tuple[Mapping[str, Any], ...]
    expires_ms: int
    client_ip: str | None = None
    id: str = field(default_factory=lambda: str(uuid4()))
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    feeds: list[Feed] = field(default_factory=list, repr=False)


class Tails:
    """The tails of an account. They live as long as the process."""

    def __init__(
        self,
        observed: Observed,
        *,
        lifetime_seconds: float = LIFETIME_SECONDS,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._tails: dict[str, Tail] = {}
        self.lifetime_seconds = lifetime_seconds
        self._now_ms = now_ms
        observed.watch(self._publish)

    def create(
        self, script: str, filters: tuple[Mapping[str, Any], ...] = (), *, client_ip: str | None = None
    ) -> Tail:
        """A new tail of a worker. Raises RefusalError when it has as many as it may have."""
        if len(self.of(script)) >= MOST_TAILS:
            # Cloudflare's code for it is not known.
            raise RefusalError(400, 10026, f"The worker {script} has {MOST_TAILS} tails already.")
        expires = self._now_ms() + round(self.lifetime_seconds * 1000)
        tail = Tail(script=script, filters=filters, expires_ms=expires, client_ip=client_ip)
        self._tails[tail.id] = tail
        return tail

    def of(self, script: str) -> tuple[Tail, ...]:
        """The tails of a worker that have not expired."""
        self._forget_expired()
        return tuple(tail for tail in self._tails.values() if tail.script == script)

    def delete(self, script: str, tail_id: str) -> None:
        """End a tail and its connections. Raises RefusalError when the worker has no such tail."""
        tail = self._tails.get(tail_id)
        if tail is None or tail.script != script:
            raise RefusalError(_NOT_FOUND, 10007, f"The tail of the worker {script} could not be found.")
        del self._tails[tail_id]
        for feed in tail.feeds:
            feed.close()

    def with_key(self, key: str) -> Tail | None:
        """The tail whose URL ends in the key, or None."""
        self._forget_expired()
        return next((t for t in self._tails.values() if secrets.compare_digest(t.key, key)), None)

    def _publish(self, invocation: ObservedInvocation) -> None:
        for tail in self.of(invocation.script):
            if tail.feeds and passes(tail.filters, invocation, client_ip=tail.client_ip):
                frame = invocation.frame()
                for feed in tail.feeds:
                    feed.put(frame)

    def _forget_expired(self) -> None:
        """Their connections stay open and silent, as Cloudflare's do (workers-sdk#14427)."""
        now = self._now_ms()
        self._tails = {key: tail for key, tail in self._tails.items() if tail.expires_ms > now}


def packed(frame: Mapping[str, Json]) -> str:
    """A frame as it is sent."""
    return json.dumps(frame, separators=(",", ":"))

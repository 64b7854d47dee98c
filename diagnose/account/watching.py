"""Keeps a tail connected: the WebSocket, its renewal, and its end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

from diagnose.account.base_url import is_loopback
from diagnose.account.errors import ApiError, Exchange, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from websockets.asyncio.client import ClientConnection

    from diagnose.account.secret import Secret

_PROTOCOL: Final = "trace-v1"
_FIRST_FRAME: Final = '{"debug":false}'
_PING_SECONDS: Final = 10.0
_OPEN_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 2.0
_MOST_BYTES: Final = 8 << 20
"""Of one frame."""
_EARLY_SECONDS: Final = 60.0
"""By which a tail is renewed before it expires: from then on it is silent, without a word."""
_AGAIN_SECONDS: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Waits before a lost tail is made anew, as wrangler's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeTail:
    """A tail as the API made it. Its URL lets everybody watch."""

    id: Secret
    url: Secret
    lasts_seconds: float | None


class Watcher(Protocol):
    """Who is told what a tail sends."""

    gaps: list[str]
    left: str | None

    def take(self, content: str | bytes) -> None:
        """A frame came."""

    def end(self) -> None:
        """Nothing more will come."""


class Watching:
    """Keeps one tail connected."""

    def __init__(
        self,
        tail: Watcher,
        create: Callable[[], Awaitable[MadeTail]],
        delete: Callable[[MadeTail], Awaitable[None]],
    ) -> None:
        self.tail = tail
        self._create = create
        self._delete = delete
        self._made: MadeTail | None = None
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Make the tail and connect. Raises ApiError."""
        try:
            await self._connect()
        except BaseException:
            await self.aclose()
            raise
        self._reading = asyncio.create_task(self._read())

    async def aclose(self) -> None:
        """Disconnect, and delete the tail."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        await self._leave()
        self.tail.end()
        if self._reading is not None and not self._reading.cancelled():
            self._reading.result()  # a mistake of ours is not to be missed

    async def _connect(self) -> None:
        self._made = await self._create()
        self._socket = await connected(self._made.url)

    async def _leave(self) -> None:
        socket, made = self._socket, self._made
        self._socket = self._made = None
        if socket is not None:
            await socket.close()
        if made is not None:
            try:
                await self._delete(made)
            except ApiError as error:
                self.tail.left = made.id.scrub(str(error))

    async def _read(self) -> None:
        """Take what comes, in as many connections as it needs; the tail ends whatever happens."""
        try:
            while (why := await self._read_one()) is not None:
                self.tail.gaps.append(why)
                await self._leave()
                if not await self._again():
                    break
        finally:
            self.tail.end()

    async def _read_one(self) -> str | None:
        """Read until the connection ends; the reason to make another, or None when it ended well."""
        from websockets.exceptions import ConnectionClosedError

        if self._socket is None or self._made is None:
            return "the tail was not connected"
        lasts = self._made.lasts_seconds
        try:
            async with asyncio.timeout(None if lasts is None else max(lasts - _EARLY_SECONDS, lasts / 2)):
                async for content in self._socket:
                    self.tail.take(content)
        except TimeoutError:
            return "the tail was renewed before it expired"
        except ConnectionClosedError:
            return "the tail's connection was lost"
        return None

    async def _again(self) -> bool:
        for seconds in _AGAIN_SECONDS:
            try:
                await self._connect()
            except ApiError:
                await self._leave()
                await asyncio.sleep(seconds)
            else:
                return True
        self.tail.gaps.append("the tail could not be made anew")
        return False


async def connected(url: Secret) -> ClientConnection:
    """An open connection that said hello. Raises UnreachableError, which does not show the URL."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
    from websockets.typing import Subprotocol

    try:
        socket = await connect(
            url.reveal(),
            subprotocols=[Subprotocol(_PROTOCOL)],
            compression="deflate",
            open_timeout=_OPEN_SECONDS,
            ping_interval=_PING_SECONDS,
            close_timeout=_CLOSE_SECONDS,
            max_size=_MOST_BYTES,
            proxy=None if is_loopback(url.reveal()) else True,
            logger=_silent_logger(),
        )
    except InvalidStatus as error:
        _unreachable(f"HTTP {error.response.status_code}")
    except (OSError, WebSocketException, TimeoutError) as error:
        _unreachable(type(error).__name__)
    with suppress(ConnectionClosed):  # whoever reads will notice
        await socket.send(_FIRST_FRAME)
    return socket


def _unreachable(reason: str) -> NoReturn:
    exchange = Exchange(method="GET", path="/(the tail's URL)", message=f"the tail was not reached: {reason}")
    # What happened before quotes the URL.
    raise UnreachableError(exchange, hint="check the network, then run it again") from None


def _silent_logger() -> Any:
    """The library logs the URL of its handshake, so nobody is to hear it."""
    import logging

    logger = logging.Logger("diagnose.tail")  # noqa: LOG001 - not to be found by its name, on purpose
    logger.disabled = True
    return logger

"""An application on a loopback port, until it is told to stop."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import uvicorn

from diagnose.embedded.app import API_ROOT
from diagnose.embedded.serving.listening import origin
from diagnose.embedded.serving.masking import ForgivingWebSockets

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

_PATIENCE_SECONDS: Final = 3
_PAUSE_SECONDS: Final = 0.05
_GRACE_SECONDS: Final = 5  # then what is still not answered is dropped
_KEEP_ALIVE_SECONDS: Final = 30  # longer than clients keep an idle connection


class Server:
    """Serves one application on one socket. `stop` may be called from a signal handler of the loop."""

    def __init__(self, app: ASGIApp, listener: socket.socket, *, ready: Callable[[], None]) -> None:
        """Prepare; nothing is answered before `serve`.

        Args:
            app: what answers.
            listener: a bound socket; the server closes it.
            ready: called once requests are answered.
        """
        self.base_url = origin(listener) + API_ROOT
        self._listener = listener
        config = uvicorn.Config(
            app,
            interface="asgi3",
            http="h11",
            ws=ForgivingWebSockets,
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="warning",  # what is below names paths, and some of them are secrets
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        self._server = _Uvicorn(config, ready)

    async def serve(self, hurry: Callable[[], None] | None = None) -> None:
        """Answer requests until `stop`; open connections are given a moment to end.

        Args:
            hurry: called again and again once that moment is over, while requests are still answered.
        """
        self._server.hurry = hurry or _wait_only
        await self._server.serve(sockets=[self._listener])

    def stop(self) -> None:
        """Take no more connections; the second time, wait for none."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self.hurry: Callable[[], None] = _wait_only

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        hurrying = asyncio.create_task(self._hurry())
        await super().shutdown(sockets=sockets)
        hurrying.cancel()
        with suppress(asyncio.CancelledError):
            await hurrying

    async def _hurry(self) -> None:
        await asyncio.sleep(_PATIENCE_SECONDS)
        while True:
            self.hurry()
            await asyncio.sleep(_PAUSE_SECONDS)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the caller: uvicorn would send them to the process once more at its end."""
        yield


def _wait_only() -> None:
    """Nothing hurries what is still answered."""

"""An application on a loopback port, served from a thread beside the one that uses it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Self, TypeVar

from diagnose.embedded.serving.application import make_served, serve
from diagnose.embedded.serving.listening import listen
from diagnose.embedded.serving.server import Server
from diagnose.errors import ServeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from starlette.types import ASGIApp

    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.app.faults import Faults
    from diagnose.embedded.live import Live

Answer = TypeVar("Answer")


class ServerThread:
    """Serves an application as long as the `with` block runs.

    Attributes:
        base_url: `http://127.0.0.1:PORT/client/v4`.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Take a port; nothing is answered before the block. Raises ServeError when no port is to be had."""
        self._started = threading.Event()
        self._server = Server(app, listen(), ready=self._is_ready)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="diagnose serve", daemon=True)
        self.base_url = self._server.base_url

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._loop is None:
            raise ServeError("the server did not start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.call(self._server.stop)
        self._thread.join()

    def call(self, function: Callable[[], Answer]) -> Answer:
        """What a function returns or raises in the thread of the server, between two requests.

        Whatever changes an account belongs there while it is served.
        """

        async def run() -> Answer:
            return function()

        assert self._loop is not None, "the server is not started"  # noqa: S101 - a mistake of the caller
        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    async def _serve(self) -> None:
        await self._server.serve()

    def _is_ready(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._started.set()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._started.set()


class BackgroundServer(ServerThread):
    """Serves an account as long as the `with` block runs; the account stays the caller's to close."""

    def __init__(
        self,
        account: EmbeddedAccount,
        *,
        faults: Faults | None = None,
        rate_limit: bool = False,
        live: Live | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        """Take a port; nothing is answered before the block.

        Args:
            account: that is served.
            faults: the trouble that requests meet.
            rate_limit: too many requests are refused.
            live: executes the account's workers meanwhile.
            tell: is told of each request and of internal errors, in one line each.

        Raises:
            ServeError: no port is to be had.
        """
        app = make_served(
            account, faults=faults, rate_limit=rate_limit, live=live, tell=tell, access=tell is not None
        )
        super().__init__(app)
        self.account = account
        self._live = live

    async def _serve(self) -> None:
        await serve(self._server, self.account, self._live)

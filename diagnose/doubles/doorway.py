"""One port for a whole run of tests, behind which each test finds its own account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from starlette.responses import PlainTextResponse

from diagnose.embedded.serving import ServerThread

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from starlette.types import ASGIApp, Receive, Scope, Send

Answer = TypeVar("Answer")


class Doorway:
    """Opens the port when somebody asks for its address, and closes it at the end of the `with` block."""

    def __init__(self) -> None:
        self._server: ServerThread | None = None
        self._app: ASGIApp = _NOBODY

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.__exit__(kind, error, traceback)

    @property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT/client/v4`."""
        if self._server is None:
            self._server = ServerThread(self._answer).__enter__()
        return self._server.base_url

    def call(self, function: Callable[[], Answer]) -> Answer:
        """What a function returns or raises, between two requests."""
        return function() if self._server is None else self._server.call(function)

    def lead_to(self, app: ASGIApp | None) -> None:
        """Let requests reach this application from now on, or nobody."""
        self._app = app or _NOBODY

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


_NOBODY = PlainTextResponse("the test that this account belonged to has ended", status_code=503)

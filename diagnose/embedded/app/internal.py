"""What the API answers when the embedded account itself is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from diagnose.embedded.app.envelope import failure
from diagnose.embedded.app.faults import ConnectionDroppedError
from diagnose.embedded.refusal import RefusalError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class InternalErrors:
    """ASGI middleware that answers with the envelope of an internal error, and lets the error go on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, if it can."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, note)
        except (ClientDisconnect, ConnectionDroppedError):
            raise
        except Exception:
            if not begun:
                answer = failure(RefusalError(500, 10013, "An unknown error has occurred."))
                await answer(scope, receive, send)
            raise

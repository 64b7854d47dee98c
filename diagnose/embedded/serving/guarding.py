"""What stands between the port and the application: errors stay inside, bodies that are too large outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from diagnose.d1 import LIMITS
from diagnose.embedded.app import API_ROOT
from diagnose.embedded.app.envelope import failure
from diagnose.embedded.app.faults import ConnectionDroppedError
from diagnose.embedded.refusal import RefusalError
from diagnose.errors import DiagnoseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Guard:
    """ASGI middleware that tells of internal errors in one line, and lets no traceback out."""

    def __init__(self, app: ASGIApp, tell: Callable[[str], None]) -> None:
        self._app = app
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        try:
            await self._app(scope, receive, send)
        except (ClientDisconnect, ConnectionDroppedError):
            return
        except DiagnoseError as error:
            self._tell(f"error: {error}")
        except Exception as error:  # noqa: BLE001 - whatever it is, the server goes on and says so
            self._tell(f"internal error: {type(error).__name__} in {place_of(error)}; please report it")


def place_of(error: BaseException) -> str:
    """Module and line where an error was raised. Its text is left out: it may quote a request's body."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return "an unknown place"
    return f"{frame.tb_frame.f_globals.get('__name__', '?')}:{frame.tb_lineno}"


class BodyLimit:
    """ASGI middleware that reads no body of an API call beyond what Cloudflare takes.

    Files for imports are no API calls: they go to a place of their own, and may be larger.
    """

    def __init__(self, app: ASGIApp, *, most_bytes: int = LIMITS.workers.request_body_bytes) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, or with 413."""
        if scope["type"] != "http" or not scope["path"].startswith(f"{API_ROOT}/accounts/"):
            await self._app(scope, receive, send)
        elif _announced(scope) > self._most_bytes:
            await failure(self._refusal())(scope, receive, send)
        else:
            await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        left = self._most_bytes

        async def receive_some() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise self._refusal()
            return message

        return receive_some

    def _refusal(self) -> RefusalError:
        return RefusalError(413, 10413, f"The request body is larger than {self._most_bytes} bytes.")


def _announced(scope: Scope) -> int:
    """The length of the body that the request's headers tell, or 0."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    return next((int(value) for name, value in headers if name == b"content-length" and value.isdigit()), 0)

"""One line for each request: method, path, status, milliseconds. Nothing in it is secret."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from diagnose.embedded.app import API_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HIDDEN: Final = "…"
_ID: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME: Final = re.compile(r"[\w.@ +-]{0,31}")
_PRODUCTS: Final = frozenset({"accounts", "graphql", "memberships", "user", "zones"})


class AccessLog:
    """ASGI middleware that tells of each request when it has been answered."""

    def __init__(self, app: ASGIApp, tell: Callable[[str], None]) -> None:
        self._app = app
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "websocket.accept":
                status = 101
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            milliseconds = (time.perf_counter() - began) * 1_000
            method = scope.get("method", "GET")
            self._tell(f"{method} {shown_path(scope['path'])} {status or '-'} {milliseconds:.1f} ms")


def shown_path(path: str) -> str:
    """The path without whatever may open something to its reader.

    Ids and names appear as they are. URLs that carry their permission in themselves, for uploads, downloads
    and tails, are no calls of a product, or have a part that is longer than a name.
    """
    first, *rest = path.removeprefix(API_ROOT).strip("/").split("/")
    if not path.startswith(f"{API_ROOT}/") or first not in _PRODUCTS:
        return f"/{_HIDDEN}"
    return "/".join(["", first, *(part if _is_harmless(part) else _HIDDEN for part in rest)])


def _is_harmless(part: str) -> bool:
    return _ID.fullmatch(part) is not None or _NAME.fullmatch(part) is not None

"""The headers of every answer: a ray id, and what is left of the rate limit.

The limit itself is not enforced here; the numbers are those that a real account would send
(https://developers.cloudflare.com/fundamentals/api/reference/limits/).
"""

from __future__ import annotations

import math
import secrets
import time
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from diagnose.d1 import LIMITS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ApiHeaders:
    """ASGI middleware that adds `cf-ray`, `Ratelimit` and `Ratelimit-Policy`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._window_ends = 0.0
        self._remaining = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, with the headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = self._count()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _count(self) -> dict[str, str]:
        now = time.monotonic()
        if now >= self._window_ends:
            self._window_ends = now + LIMITS.api.seconds
            self._remaining = int(LIMITS.api.requests)
        self._remaining = max(0, self._remaining - 1)
        resets = math.ceil(self._window_ends - now)
        return {
            "cf-ray": f"{secrets.token_hex(8)}-AMS",
            "Ratelimit": f'"default";r={self._remaining};t={resets}',
            "Ratelimit-Policy": f'"default";q={int(LIMITS.api.requests)};w={int(LIMITS.api.seconds)}',
        }

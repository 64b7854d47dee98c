"""The headers of every answer: a ray id, and what is left of the rate limit. On request, the limit itself.

https://developers.cloudflare.com/fundamentals/api/reference/limits/: whoever sends too many requests is
refused everything for the next five minutes.
"""

from __future__ import annotations

import math
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from diagnose.d1 import LIMITS
from diagnose.embedded.app.auth import bearer
from diagnose.embedded.app.envelope import failure
from diagnose.embedded.refusal import too_many_requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from diagnose.embedded.account import EmbeddedAccount


@dataclass(slots=True)
class _Window:
    """What one token may still send. `ends` is in seconds of the clock."""

    ends: float = 0.0
    remaining: int = 0
    blocked: bool = False

    def take(self, now: float, *, enforced: bool) -> None:
        """Count one request; where the limit does not apply, nothing is used up."""
        if now >= self.ends:
            self.ends, self.remaining = now + LIMITS.api.seconds, int(LIMITS.api.requests)
            self.blocked = False
        if not enforced:
            return
        if self.remaining:
            self.remaining -= 1
        elif not self.blocked:
            self.ends, self.blocked = now + LIMITS.api.seconds, True


class ApiHeaders:
    """ASGI middleware that adds `cf-ray`, `Ratelimit` and `Ratelimit-Policy`, counted for each token."""

    def __init__(
        self,
        app: ASGIApp,
        account: EmbeddedAccount,
        *,
        enforced: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Count requests.

        Args:
            app: that answers.
            account: whose tokens are told apart; requests with none of them are counted together.
            enforced: requests are counted, and refused with 429 beyond the limit. Otherwise the headers tell
                of an unused limit: clients that keep to them would wait for nothing.
            now: seconds of a clock that never goes back.
        """
        self._app = app
        self._account = account
        self._enforced = enforced
        self._now = now
        self._windows: dict[str | None, _Window] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, with the headers added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        now = self._now()
        window = self._windows.setdefault(self._sender(scope), _Window())
        window.take(now, enforced=self._enforced)
        headers = _headers(window, now)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        app = _refusal(window, now) if window.blocked else self._app
        await app(scope, receive, send_with_headers)

    def _sender(self, scope: Scope) -> str | None:
        grant = self._account.grant(bearer(Headers(scope=scope).get("authorization")) or "")
        return None if grant is None else grant.id


def _headers(window: _Window, now: float) -> dict[str, str]:
    resets = math.ceil(window.ends - now)
    return {
        "cf-ray": f"{secrets.token_hex(8)}-AMS",
        "Ratelimit": f'"default";r={window.remaining};t={resets}',
        "Ratelimit-Policy": f'"default";q={int(LIMITS.api.requests)};w={int(LIMITS.api.seconds)}',
    }


def _refusal(window: _Window, now: float) -> ASGIApp:
    response = failure(too_many_requests())
    response.headers["Retry-After"] = str(math.ceil(window.ends - now))
    return response

"""Requests to `NAME.SUBDOMAIN.workers.dev`, by the `Host` header.

Cloudflare's error pages for clients that ask for no HTML are one line of text. The codes are documented
(https://developers.cloudflare.com/workers/observability/errors/); which status goes with which is what
users report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from diagnose.d1.limits import LIMITS
from diagnose.embedded.invocation import Trigger
from diagnose.embedded.live.filtering import CLIENT_IP
from diagnose.embedded.live.lanes import BusyError, NotExecutableError
from diagnose.embedded.refusal import RefusalError
from diagnose.errors import SandboxError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from diagnose.embedded.invocation import Invocation
    from diagnose.embedded.live.executing import Live

DOMAIN: Final = ".workers.dev"

_THREW: Final = "error code: 1101"
_TOOK_TOO_MUCH: Final = "error code: 1102"
_NOT_ENABLED: Final = "error code: 1042"
_NOTHING: Final = "There is nothing here yet"
_OURS: Final = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})


class WorkersDev:
    """ASGI middleware: what is for a worker reaches the worker, everything else the application."""

    def __init__(self, app: ASGIApp, live: Live) -> None:
        self._app = app
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the worker, or as the application does."""
        host = _host(scope) if scope["type"] == "http" else ""
        if not host.endswith(DOMAIN):
            await self._app(scope, receive, send)
            if scope["type"] == "http" and scope["method"] not in {"GET", "HEAD", "OPTIONS"}:
                self._live.wake()
            return
        response = await self._answer(host, Request(scope, receive))
        if response is not None:
            await response(scope, receive, send)

    async def _answer(self, host: str, request: Request) -> Response | None:
        """The worker's answer or an error page; None where nobody waits for it any more."""
        account = self._live.account
        name, _, subdomain = host.removesuffix(DOMAIN).rpartition(".")
        script = account.scripts.get(name)
        if script is None or script.active is None or subdomain != account.state.subdomain:
            return PlainTextResponse(_NOTHING, status_code=404)
        if not script.subdomain:
            return PlainTextResponse(_NOT_ENABLED, status_code=404)
        try:
            trigger = await _trigger(host, request)
        except ClientDisconnect:
            return None
        if trigger is None:
            return PlainTextResponse("the request body is too large", status_code=413)
        return await self._execute(name, trigger)

    async def _execute(self, script: str, trigger: Trigger) -> Response:
        try:
            return _response(await self._live.execute(script, trigger))
        except BusyError as error:
            return PlainTextResponse(f"diagnose: {error}", status_code=503)
        except (NotExecutableError, SandboxError) as error:
            return PlainTextResponse(f"diagnose: {error}", status_code=501)
        except RefusalError:  # it was deleted meanwhile
            return PlainTextResponse(_NOTHING, status_code=404)


def _host(scope: Scope) -> str:
    """The `Host` without its port, in lower case."""
    values = [value for name, value in scope["headers"] if name == b"host"]
    return values[0].decode("latin-1").partition(":")[0].lower() if values else ""


async def _trigger(host: str, request: Request) -> Trigger | None:
    """The request as the worker is given it; None when its body is too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LIMITS.workers.request_body_bytes:
            return None
    path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
    query = f"?{request.url.query}" if request.url.query else ""
    headers = dict(request.headers)
    if request.client is not None:
        headers[CLIENT_IP] = request.client.host
    return Trigger(
        kind="fetch",
        method=request.method,
        path=f"https://{host}{path.partition('?')[0]}{query}",
        headers=headers,
        body=bytes(body) if body else None,
    )


def _response(invocation: Invocation) -> Response:
    answer = invocation.answer
    if invocation.outcome == "refused":
        return PlainTextResponse(f"diagnose: {invocation.refused}", status_code=501)
    if invocation.outcome in {"exceededCpu", "exceededMemory"}:
        return PlainTextResponse(_TOOK_TOO_MUCH, status_code=503)
    if answer is None:
        return PlainTextResponse(_THREW, status_code=500)
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in _OURS}
    return Response(answer.body, status_code=answer.status, headers=headers)

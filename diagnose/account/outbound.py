"""Requests of a worker to the internet, sent in its place while answers are recorded.

A worker's code is not trusted: it must not reach through us what only this machine can reach. So a request
goes over https to a public address, which is looked up once and then connected to, or to a host that the
user allowed by name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING, Final

import httpx

from diagnose.embedded.invocation import HttpAnswer, OutboundRequest
from diagnose.errors import AccountError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Resolve = Callable[[str, int], Awaitable[str]]

MOST_BYTES: Final = 20_000_000
"""Of one answer; a recorded file that is larger would be of no use to anybody."""

MOST_REDIRECTS: Final = 5
_SECONDS: Final = 30
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_KEEPING_METHOD: Final = frozenset({307, 308})
_OURS: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)
_FOR_ONE_HOST: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_ENCODED: Final = frozenset({"content-encoding", "content-length", "connection", "transfer-encoding"})


class OutboundError(AccountError):
    """A request that was not sent, or not answered."""


class Outbound:
    """Sends requests.

    Args:
        allowed: hosts, as `127.0.0.1:8080` or `internal.example.com`, that may be reached over plain http
            and at any address.
        resolve: the address of a host.
        most_bytes: of one answer.
    """

    def __init__(
        self,
        allowed: frozenset[str] = frozenset(),
        *,
        resolve: Resolve | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._allowed = allowed
        self._most_bytes = most_bytes
        self._resolve = resolve or _look_up
        # A proxy would look the host up again, behind our back.
        self._client = httpx.AsyncClient(timeout=_SECONDS, follow_redirects=False, trust_env=False)

    async def fetch(self, request: OutboundRequest) -> HttpAnswer:
        """The answer, after redirects, with its content decoded.

        Raises:
            OutboundError: the address is refused, nobody answers, or the answer is too large.
        """
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._send(request)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            request = _redirected(request, answer.status, location)
        raise OutboundError(f"more than {MOST_REDIRECTS} redirects", where=_shown(request.url))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(self, request: OutboundRequest) -> HttpAnswer:
        url = _parsed(request.url)
        address = await self._address(url)
        built = self._client.build_request(
            request.method,
            url.copy_with(host=address, userinfo=b""),
            headers=_sent_headers(request.headers) | {"host": url.netloc.decode("ascii")},
            content=request.body,
            extensions={"sni_hostname": url.host},
        )
        try:
            response = await self._client.send(built, stream=True)
            try:
                content = await self._content(response)
            finally:
                await response.aclose()
        except httpx.RequestError as error:
            raise OutboundError(
                f"no answer: {str(error) or type(error).__name__}", where=_shown(request.url)
            ) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        kept = {name: value for name, value in headers.items() if name not in _ENCODED}
        return HttpAnswer(status=response.status_code, headers=kept, body=content)

    async def _content(self, response: httpx.Response) -> bytes:
        parts, size = [], 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > self._most_bytes:
                raise OutboundError(
                    f"the answer has more than {self._most_bytes:,} bytes",
                    where=_shown(str(response.request.url)),
                )
            parts.append(part)
        return b"".join(parts)

    async def _address(self, url: httpx.URL) -> str:
        """Where to connect to. Raises OutboundError for what must not be reached."""
        port = url.port or (443 if url.scheme == "https" else 80)
        if not self._allowed.isdisjoint({url.host, f"{url.host}:{port}"}):
            return await self._resolve(url.host, port)
        hint = f"if you trust the worker with it: --allow-host {url.host}:{port}"
        if url.scheme != "https":
            raise OutboundError("only https is sent", where=_shown(str(url)), hint=hint)
        address = await self._resolve(url.host, port)
        if not ipaddress.ip_address(address).is_global:
            raise OutboundError("its address is not a public one", where=_shown(str(url)), hint=hint)
        return address


async def _look_up(host: str, port: int) -> str:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise OutboundError(f"its host is not known: {error.strerror}", where=host) from error
    return str(found[0][4][0])


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise OutboundError("it is no URL", where=_shown(url)) from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise OutboundError("it is no http or https URL", where=_shown(url))
    return parsed


def _sent_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OURS}


def _redirected(request: OutboundRequest, status: int, location: str) -> OutboundRequest:
    before = _parsed(request.url)
    after = _parsed(str(before.join(location)))
    keeps = status in _KEEPING_METHOD or request.method in {"GET", "HEAD"}
    same = (before.scheme, before.host, before.port) == (after.scheme, after.host, after.port)
    headers = {n: v for n, v in request.headers.items() if same or n.lower() not in _FOR_ONE_HOST}
    return OutboundRequest(
        url=str(after),
        method=request.method if keeps else "GET",
        headers=headers,
        body=request.body if keeps else None,
    )


def _shown(url: str) -> str:
    """A URL without what may be secret in it: everything behind the path, and who asks."""
    try:
        parsed = httpx.URL(url)
        return str(parsed.copy_with(userinfo=b"", query=None, fragment=None))
    except (httpx.InvalidURL, ValueError):
        return "a URL that does not parse"

"""HTTP to the API: the only module that imports httpx, and the only one that reveals a token."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import httpx

from diagnose.account.answers import Answer, read_content, read_envelope
from diagnose.account.errors import ApiError, Exchange, UnreachableError
from diagnose.account.retrying import ATTEMPTS, retry_after_seconds, wait_seconds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from diagnose.account.answers import Envelope
    from diagnose.account.multipart import Part
    from diagnose.account.secret import Secret

Read = TypeVar("Read")

_IN_PROCESS: Final = "http://embedded.invalid/client/v4"
# A D1 statement may run for 30 s (https://developers.cloudflare.com/d1/platform/limits/).
_TIMEOUT: Final = httpx.Timeout(connect=10, read=45, write=45, pool=10)


class Transport:
    """Sends requests with the token, and turns every failure into an ApiError.

    Attributes:
        requests: (method, path) of everything sent, in order, repetitions included.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        token: Secret,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._token = token
        self._sleep = sleep
        self.requests: list[tuple[str, str]] = []

    @classmethod
    def over_app(cls, app: Any, token: Secret) -> Transport:
        """To an ASGI application in this process; nothing is listened to."""
        client = httpx.AsyncClient(transport=_MountedApp(app), base_url=_IN_PROCESS, timeout=_TIMEOUT)
        return cls(client, token)

    @classmethod
    def over_network(cls, base_url: str, token: Secret, *, proxies: bool) -> Transport:
        """To an API root; with `proxies` the environment may name one."""
        client = httpx.AsyncClient(
            base_url=base_url, timeout=_TIMEOUT, follow_redirects=False, trust_env=proxies
        )
        return cls(client, token)

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        parts: Sequence[Part] = (),
        repeatable: bool = False,
    ) -> Envelope:
        """One call of the API.

        Args:
            method: of HTTP.
            path: after the API root, percent-encoded.
            query: of the URL.
            body: sent as JSON unless None.
            parts: of a form; sent instead of a body.
            repeatable: asking again does no harm, so transient failures are repeated.

        Raises:
            ApiError: the status and `success` do not both say that it worked.
        """
        request = self._client.build_request(
            method, path, params=query, json=body, files=[_file(part) for part in parts] or None
        )
        return await self._send(request, path, read_envelope, attempts=ATTEMPTS if repeatable else 1)

    async def content(self, path: str) -> Answer:
        """Something that is no envelope, such as a worker's code. Raises ApiError."""
        request = self._client.build_request("GET", path)
        return await self._send(request, path, read_content, attempts=ATTEMPTS)

    async def pause(self, seconds: float) -> None:
        """Wait, as between two attempts."""
        await self._sleep(seconds)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(
        self,
        request: httpx.Request,
        path: str,
        read: Callable[[Exchange, Answer], Read],
        *,
        attempts: int,
    ) -> Read:
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        attempt = 1
        while True:
            try:
                return await self._send_once(request, path, read)
            except ApiError as error:
                wait = wait_seconds(error, attempt)
                if attempt == attempts or wait is None:
                    raise
            await self._sleep(wait)
            attempt += 1

    async def _send_once(
        self, request: httpx.Request, path: str, read: Callable[[Exchange, Answer], Read]
    ) -> Read:
        self.requests.append((request.method, path))
        exchange = Exchange(method=request.method, path=path, secret=self._token)
        try:
            response = await self._client.send(request)
        except httpx.RequestError as error:
            reason = str(error) or type(error).__name__
            raise UnreachableError(
                replace(exchange, message=f"no answer: {reason}"), hint="check the network, then run it again"
            ) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        exchange = replace(
            exchange,
            status=response.status_code,
            cf_ray=headers.get("cf-ray"),
            retry_after=retry_after_seconds(headers.get("retry-after")),
        )
        return read(exchange, Answer(status=response.status_code, headers=headers, content=response.content))


class _MountedApp(httpx.ASGITransport):
    """An application in this process, whose dropped connections look like those of a network."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        from diagnose.embedded.app.faults import ConnectionDroppedError

        try:
            return await super().handle_async_request(request)
        except ConnectionDroppedError as error:
            raise httpx.ReadError("the connection was closed", request=request) from error


def _file(part: Part) -> tuple[str, tuple[str | None, bytes, str | None]]:
    return part.name, (part.file_name, part.content, part.content_type)

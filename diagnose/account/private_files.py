"""Files at addresses that the API hands out for one use: whoever knows the address needs no token."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import httpx

from diagnose.account.errors import ApiError, Exchange, MalformedAnswerError, UnreachableError
from diagnose.account.unlogged import unlogged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from diagnose.account.secret import Secret

_CHUNK_BYTES: Final = 1 << 20
_TIMEOUT: Final = httpx.Timeout(connect=10, read=120, write=120, pool=10)


class PrivateFiles:
    """Sends and fetches files. The token is not sent, redirects are not followed, addresses are not shown."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def put(self, url: Secret, file: Path) -> str | None:
        """Send a file as it is; the `ETag` of what arrived, without quotation marks, or None.

        Raises:
            ApiError: the address cannot be used, or the other side does not take the file.
            OSError: the file cannot be read.
        """
        headers = {"Content-Length": str(file.stat().st_size)}  # noqa: ASYNC240 - one look at the disk
        async with self._answer("PUT", url, headers, _chunks(file)) as response:
            etag = response.headers.get("etag")
            return None if etag is None else etag.strip('"')

    async def fetch(self, url: Secret, file: Path) -> int:
        """Write what is there to a file, which is whole or not there; how many bytes it has.

        Raises:
            ApiError: the address cannot be used, or there is nothing.
            OSError: the file cannot be written.
        """
        partial = file.with_name(f"{file.name}.part")
        try:
            with partial.open("wb") as stream:
                async with self._answer("GET", url, {}, None) as response:
                    async for chunk in response.aiter_bytes(_CHUNK_BYTES):
                        await asyncio.to_thread(stream.write, chunk)
            size = partial.stat().st_size
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
        return size

    @asynccontextmanager
    async def _answer(
        self, method: str, url: Secret, headers: Mapping[str, str], content: AsyncIterator[bytes] | None
    ) -> AsyncIterator[httpx.Response]:
        exchange = Exchange(method=method, path="[a private address]", reads=method == "GET", secret=url)
        self._require_usable(url, exchange)
        try:
            request = self._client.build_request(
                method, url.reveal(), headers=headers, content=content, timeout=_TIMEOUT
            )
            with unlogged(str(request.url)):
                response = await self._client.send(request, stream=True)
            async with aclosing(response):
                if response.status_code != httpx.codes.OK:
                    problem = f"the address answered HTTP {response.status_code}; it is valid for an hour"
                    raise ApiError(replace(exchange, status=response.status_code, message=problem))
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableError(
                replace(exchange, message=f"no answer: {str(error) or type(error).__name__}"),
                hint="check the network, then run it again",
            ) from error

    def _require_usable(self, url: Secret, exchange: Exchange) -> None:
        """Raise MalformedAnswerError for an address to which data would travel readable."""
        try:
            parsed, own = httpx.URL(url.reveal()), self._client.base_url
        except httpx.InvalidURL:
            raise MalformedAnswerError(
                replace(exchange, message="the API named an address that is none")
            ) from None
        own_origin = (parsed.scheme, parsed.host, parsed.port) == (own.scheme, own.host, own.port)
        if not parsed.host or parsed.userinfo or not (parsed.scheme == "https" or own_origin):
            raise MalformedAnswerError(
                replace(exchange, message="the API named an address that is not https")
            )


async def _chunks(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as stream:
        while chunk := await asyncio.to_thread(stream.read, _CHUNK_BYTES):
            yield chunk

"""A request to a deployed worker, as anybody on the internet could send it. The API's token is not sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from diagnose.account.base_url import is_loopback
from diagnose.account.errors import Exchange, UnreachableError
from diagnose.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS: Final = 100.0
"""That an answer is waited for; Cloudflare's own proxy waits as long for an origin."""

_MOST_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a worker answers.

    Attributes:
        origin: such as `https://importer.example.workers.dev`.
        host: the `Host` to ask for where it is not the origin's: of an account on this machine.
    """

    origin: str
    host: str | None = None

    def __str__(self) -> str:
        return f"{self.origin} (Host: {self.host})" if self.host else self.origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """What the worker answered; header names are in lower case. `body` may be cut."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def checked_address(url: str) -> Address:
    """An address from the settings: https anywhere, http on this machine. Raises UsageError."""
    if not _is_usable(url):
        raise UsageError(
            "`url` of [trigger] cannot be used",
            where=url,
            hint="write https and a host, such as https://import.example.com; `path` says the rest",
        )
    return Address(origin=url.rstrip("/"))


def _is_usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        bare = bool(parts.hostname) and parts.path in {"", "/"} and not parts.query and not parts.fragment
        allowed = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))
    except ValueError:
        return False
    return bare and allowed and parts.username is None


async def visit(
    address: Address,
    *,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None,
    seconds: float = SECONDS,
) -> Visited:
    """Send one request, once, and follow no redirect.

    Raises:
        UnreachableError: nobody answered in time; what the request did then is not known.
    """
    sent = dict(headers) | ({"host": address.host} if address.host else {})
    local = is_loopback(address.origin)
    async with httpx.AsyncClient(timeout=seconds, follow_redirects=False, trust_env=not local) as client:
        try:
            async with client.stream(method, address.origin + path, headers=sent, content=body) as response:
                content = await _content(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = f"no answer: {str(error) or type(error).__name__}"
            raise UnreachableError(
                Exchange(method=method, path=path, message=reason),
                why="what the request did, if it arrived, is not known",
                hint=f"look whether {address} can be reached from here",
            ) from error
    named = {name.lower(): value for name, value in response.headers.items()}
    return Visited(status=response.status_code, headers=named, body=content)


async def _content(response: httpx.Response) -> bytes:
    parts = bytearray()
    async for part in response.aiter_bytes():
        parts += part
        if len(parts) > _MOST_BYTES:
            break
    return bytes(parts[:_MOST_BYTES])

"""The official Python SDK, synchronous and asynchronous, so that one test body proves both."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import cloudflare

if TYPE_CHECKING:
    from clients.serving import Served

CLIENTS = {"sync": cloudflare.Cloudflare, "async": cloudflare.AsyncCloudflare}


def connect(kind: str, served: Served, *, retries: int = 0) -> Any:
    """A client of a served account, which the caller closes with `aclose`."""
    return CLIENTS[kind](api_token=served.token, base_url=served.base_url, max_retries=retries)


async def done(call: Any) -> Any:
    """What a call answers, awaited where the client is asynchronous."""
    return await call if inspect.isawaitable(call) else call


async def every(pages: Any) -> list[Any]:
    """All items of all pages, in as many requests as the SDK needs."""
    if hasattr(pages, "__aiter__"):
        return [item async for item in pages]
    return list(pages)


async def aclose(client: Any) -> None:
    """Close the connections."""
    await done(client.close())

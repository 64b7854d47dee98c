"""What a command asks of an account, counted where it is answered."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from clients.serving import scrubbed
from diagnose.embedded.serving import Server, listen, make_served, serve

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from diagnose.embedded import EmbeddedAccount

Request = tuple[str, str, bytes]
"""Method, path with its query, body: requests that are equal ask for the same fact."""


class Counter:
    """ASGI middleware that remembers every request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.requests: list[Request] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()

        async def overhear() -> object:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        await self._app(scope, overhear, send)
        query = scope["query_string"].decode()
        self.requests.append((scope["method"], f"{scope['path']}?{query}", bytes(body)))


async def requests_of(account: EmbeddedAccount, *words: str | Path) -> tuple[list[Request], str]:
    """The requests of one `diagnose` command in the order of their answers, and what it printed.

    Args:
        account: that `--target cloudflare` leads to.
        words: of the command.
    """
    counter, ready = Counter(make_served(account)), asyncio.Event()
    server = Server(counter, listen(), ready=ready.set)
    serving = asyncio.create_task(serve(server, account))
    await ready.wait()
    environment = {
        "CLOUDFLARE_API_BASE_URL": server.base_url,
        "CLOUDFLARE_API_TOKEN": account.token,
        "CLOUDFLARE_ACCOUNT_ID": account.account_id,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "diagnose", *map(str, words)),
        env=scrubbed() | environment | {"NO_COLOR": "1", "PYTHONWARNINGS": "error"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    server.stop()
    await serving
    return counter.requests, printed.decode()

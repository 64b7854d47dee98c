"""The account's API as it is served: guarded, limited and logged."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from diagnose.embedded.serving.access_log import AccessLog
from diagnose.embedded.serving.guarding import BodyLimit, Guard

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.app.faults import Faults
    from diagnose.embedded.live import Live
    from diagnose.embedded.serving.server import Server

_PAUSE_SECONDS: Final = 0.05
_THREADS: Final = 64
"""Statements that may run at the same time, each in a database of its own. Idle threads are not started."""


def make_served(
    account: EmbeddedAccount,
    *,
    faults: Faults | None = None,
    rate_limit: bool = False,
    live: Live | None = None,
    tell: Callable[[str], None] | None = None,
    access: bool = False,
) -> ASGIApp:
    """The application for a port.

    Args:
        account: that it shows.
        faults: the trouble that requests meet.
        rate_limit: too many requests are refused.
        live: executes the workers that requests to workers.dev reach.
        tell: is told of internal errors, in one line each.
        access: it is told of each request, too.
    """
    tell = tell or _silent
    app: ASGIApp = BodyLimit(account.app(faults=faults, rate_limit=rate_limit, live=live))
    if access:
        app = AccessLog(app, tell)
    return Guard(app, tell)


async def serve(server: Server, account: EmbeddedAccount, live: Live | None = None) -> None:
    """Serve until the server is stopped; statements that still run then are undone.

    Args:
        server: of the account's application.
        account: whose statements may run in other threads.
        live: whose workers are executed meanwhile.
    """
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS, thread_name_prefix="statement"))
    async with live or nullcontext():
        await server.serve(account.interrupt)
    ending = asyncio.create_task(loop.shutdown_default_executor())
    while not ending.done():
        account.interrupt()
        await asyncio.wait({ending}, timeout=_PAUSE_SECONDS)


def _silent(_line: str) -> None:
    """Nobody wants to know."""

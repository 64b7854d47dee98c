"""The REST API of an embedded account, one module for each product; `products` lists them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from diagnose.embedded.app.calls import make_endpoint
from diagnose.embedded.app.envelope import failure
from diagnose.embedded.app.faults import FaultInjector, Faults
from diagnose.embedded.app.headers import ApiHeaders
from diagnose.embedded.app.internal import InternalErrors
from diagnose.embedded.app.products import ROUTES
from diagnose.embedded.app.tails import watch_route
from diagnose.embedded.app.transfer import link_routes
from diagnose.embedded.app.turns import Turns
from diagnose.embedded.live.workers_dev import WorkersDev
from diagnose.embedded.refusal import RefusalError, no_route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.live import Live

API_ROOT: Final = "/client/v4"


def make_app(
    account: EmbeddedAccount,
    *,
    faults: Faults | None = None,
    rate_limit: bool = False,
    live: Live | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The application; every path begins with `API_ROOT`.

    Args:
        account: that it shows.
        faults: the trouble that requests meet.
        rate_limit: too many requests are refused; otherwise the limit is told and never used up.
        live: executes the workers that requests to `NAME.SUBDOMAIN.workers.dev` reach.
        now: seconds of the clock by which they are counted.
    """
    routes = [
        Route(API_ROOT + call.path, make_endpoint(account, call), methods=[call.method]) for call in ROUTES
    ]
    app = Starlette(
        routes=[*routes, watch_route(account), *link_routes(account)],
        middleware=[
            *([] if live is None else [Middleware(WorkersDev, live=live)]),
            Middleware(ApiHeaders, account, enforced=rate_limit, now=now),
            Middleware(InternalErrors),
            Middleware(FaultInjector, faults=faults or Faults()),
        ],
        exception_handlers={RefusalError: _refused, HTTPException: _not_routed},
    )
    app.router.redirect_slashes = False
    account.turns = app.state.turns = account.turns or Turns(account)
    return app


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)  # noqa: S101 - Starlette looks handlers up by class
    return failure(error)


async def _not_routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette looks handlers up by class
    path = request.url.path
    if error.status_code == 405:  # noqa: PLR2004 - the status is its name
        return failure(RefusalError(405, 10405, f"Method not allowed for {path}"))
    return failure(no_route(path))

"""The account's API as it is served: guarded, limited and logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.embedded.serving.access_log import AccessLog
from diagnose.embedded.serving.guarding import BodyLimit, Guard

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.app.faults import Faults


def make_served(
    account: EmbeddedAccount,
    *,
    faults: Faults | None = None,
    rate_limit: bool = False,
    tell: Callable[[str], None] | None = None,
    access: bool = False,
) -> ASGIApp:
    """The application for a port.

    Args:
        account: that it shows.
        faults: the trouble that requests meet.
        rate_limit: too many requests are refused.
        tell: is told of internal errors, in one line each.
        access: it is told of each request, too.
    """
    tell = tell or _silent
    app: ASGIApp = BodyLimit(account.app(faults=faults, rate_limit=rate_limit))
    if access:
        app = AccessLog(app, tell)
    return Guard(app, tell)


def _silent(_line: str) -> None:
    """Nobody wants to know."""

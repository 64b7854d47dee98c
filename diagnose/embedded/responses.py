"""Answers to what a worker fetches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from diagnose.embedded.invocation import HttpAnswer, OutboundRequest

Responses: TypeAlias = Callable[[OutboundRequest], HttpAnswer | Awaitable[HttpAnswer | None] | None]
"""Finds the recorded answer to an outbound request, or asks for it; None when there is none."""


def nothing_recorded(_request: OutboundRequest) -> None:
    """No request has a recorded answer."""
    return

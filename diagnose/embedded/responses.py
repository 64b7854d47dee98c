"""Answers to what a worker fetches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from diagnose.embedded.invocation import HttpAnswer, OutboundRequest

Responses: TypeAlias = Callable[[OutboundRequest], HttpAnswer | Awaitable[HttpAnswer | None] | None]
"""Finds the recorded answer to an outbound request, or asks for it; None when there is none."""


async def answer_of(responses: Responses, request: OutboundRequest) -> HttpAnswer | None:
    """What is found, once it is there."""
    found = responses(request)
    return await found if isinstance(found, Awaitable) else found


def nothing_recorded(_request: OutboundRequest) -> None:
    """No request has a recorded answer."""
    return

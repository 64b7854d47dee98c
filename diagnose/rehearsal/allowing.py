"""Lets a worker reach hosts of the internet that somebody named; everything else stays as recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from diagnose.account.outbound import OutboundError
from diagnose.embedded.invocation import BindingError
from diagnose.embedded.responses import answer_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from diagnose.embedded.invocation import HttpAnswer, OutboundRequest
    from diagnose.embedded.responses import Responses


def allowing(
    recorded: Responses,
    fetch: Callable[[OutboundRequest], Awaitable[HttpAnswer]],
    hosts: frozenset[str],
) -> Responses:
    """Answers from what is recorded, else from the internet where the request goes to a named host.

    Args:
        recorded: finds the recorded answer.
        fetch: sends a request; raises OutboundError.
        hosts: as `api.example.com`, or with a port as `127.0.0.1:8080`.
    """

    async def answer(request: OutboundRequest) -> HttpAnswer | None:
        known = await answer_of(recorded, request)
        if known is not None or not _names(hosts, request.url):
            return known
        try:
            return await fetch(request)
        except OutboundError as error:
            raise BindingError(f"fetch failed: {error}", name="TypeError") from error

    return answer


def _names(hosts: frozenset[str], url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return False
    return not hosts.isdisjoint({parts.hostname or "", f"{parts.hostname}:{port}"})

"""LIM007: one invocation stays within the requests that Cloudflare's REST API takes."""

from __future__ import annotations

from math import ceil, prod
from typing import TYPE_CHECKING, Final

from diagnose.d1.limits import LIMITS
from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.source.counts import AtMost
from diagnose.simulation.numbers import named_number

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.source.model import OutboundFetch

_API: Final = "//api.cloudflare.com/client/v4"


class ApiBudget(Check):
    """One invocation must not make more requests to Cloudflare's REST API than a token may in five minutes.

    ## What it checks

    For every request whose URL begins with `https://api.cloudflare.com/client/v4`, how often one invocation
    makes it: the turns of the loops around it, through the functions that call it, where the source or
    the request for the data names a number. A loop of unknown length is no finding, and neither is a
    request to anything else.

    ## Why it matters

    The API takes 1,200 requests in five minutes for each user or account token
    (https://developers.cloudflare.com/fundamentals/api/reference/limits/). One more, and every call of that
    token is refused with HTTP 429 for the next five minutes: those of the import, of a deploy, and of
    whoever else uses the token. An import that sends a row per request stops in the middle.

    ## Example

    2,000 requests for 2,000 rows:

    ```python
    for row in rows:
        await fetch(f"https://api.cloudflare.com/client/v4/accounts/{ACCOUNT}/d1/database/{ID}/query", ...)
    ```

    One query through the binding:

    ```python
    await env.DB.prepare(SQL).bind(json.dumps(rows)).run()
    ```

    ## Remedy

    Write through the D1 binding, which has no such limit, and many rows with one statement. From outside
    a worker use `diagnose import`, which packs the rows and keeps to the rate.

    ## Fix safety

    No fix: a binding has to be declared and the code around the request rewritten, and which account
    the request goes to is not always this worker's. The message says how long the requests take at least.

    ## Evidence

    - `call`: method and path cannot be told from the source; this is the URL after the API's root, as
      the source builds it.
    - `function`: where the request is made.
    - `requests`: of one invocation.
    - `limit`: requests that a token may make in five minutes.
    - `minutes`: that the requests take at least, since each full five minutes let `limit` of them through.

    A pass gives `requests` of the place that makes most, and in `unknown` the number of places whose
    loops have a length that the source does not tell.

    ## Permissions

    None: it reads the source only.
    """

    code = "LIM007"
    name = "api-budget"
    severity = Severity.WARNING
    requires = frozenset({Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Count the requests of each place that calls the API."""
        calls = [(fetch, _requests(fetch)) for fetch in ctx.source.fetches if _API in (fetch.url or "")]
        known = [requests for _, requests in calls if requests is not None]
        exceeding = False
        for fetch, requests in calls:
            if requests is not None and requests > LIMITS.api.requests:
                exceeding = True
                yield self._finding_for(fetch, requests)
        if not exceeding:
            yield self.passed(
                f"no place makes more than {LIMITS.api.requests:,} requests to Cloudflare's API in one "
                "invocation, as far as the source tells",
                evidence={"requests": max(known, default=0), "unknown": len(calls) - len(known)},
            )

    def _finding_for(self, fetch: OutboundFetch, requests: int) -> Finding:
        minutes = (ceil(requests / LIMITS.api.requests) - 1) * LIMITS.api.seconds // 60
        return self.problem(
            f"one invocation makes {requests:,} requests to Cloudflare's API in {fetch.function}; a token "
            f"may make {LIMITS.api.requests:,} in {LIMITS.api.seconds // 60} minutes, so they take {minutes} "
            "minutes at least, and the first refusal blocks the token for five",
            severity=Severity.WARNING if fetch.handlers else Severity.ADVICE,
            confidence=_confidence(fetch),
            location=fetch.location,
            evidence={
                "call": (fetch.url or "").partition(_API)[2] or "/",
                "function": fetch.function,
                "requests": requests,
                "limit": int(LIMITS.api.requests),
                "minutes": minutes,
            },
            explains=("E2E001", "E2E002"),
        )


def _requests(fetch: OutboundFetch) -> int | None:
    """Of one invocation, or None when the source does not tell."""
    turns = [named_number(loop.count) for loop in fetch.loops]
    return None if None in turns else prod(turn for turn in turns if turn is not None)


def _confidence(fetch: OutboundFetch) -> Confidence:
    if not fetch.handlers:
        return Confidence.LOW
    bounded = any(isinstance(loop.count, AtMost) for loop in fetch.loops)
    return Confidence.MEDIUM if bounded else Confidence.HIGH

"""QUE002: the queues that the config names exist in the account."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.project.queue_roles import named_queues

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from diagnose.plugin import Context, Finding
    from diagnose.project.queue_roles import NamedQueue

_MOST_SHOWN = 10


class QueueMissing(Check):
    """A queue that the config names does not exist in the account.

    ## What it checks

    The queue of every producer and consumer of the config, and every dead-letter queue, by exactly its
    name in the account.

    ## Why it matters

    What a deploy does about it depends on wrangler's release, as measured on two of them. 4.86.0 refuses to
    deploy the worker, and what was deployed before stays. 4.164.0 creates the queue that a producer names,
    under a misspelt name, too, so that messages wait where nobody takes them; it refuses a queue that is
    only consumed. Neither looks for a dead-letter queue. A worker whose queue was deleted after its deploy
    fails at `send`. https://developers.cloudflare.com/queues/configuration/configure-queues/

    ## Example

    The account has `candles-production` only:

    ```toml
    [[queues.producers]]
    binding = "CANDLES"
    queue = "candles"
    ```

    Either the name of a queue that exists, or `npx wrangler queues create candles`:

    ```toml
    [[queues.producers]]
    binding = "CANDLES"
    queue = "candles-production"
    ```

    ## Remedy

    Create the queue, or correct the name.

    ## Fix safety

    Review: the queue is created with the platform's settings. A similar name is shown and never chosen.

    ## Evidence

    - `queue`: the name that is missing.
    - `roles`: what the config uses it for: `producer`, `consumer`, `dead-letter queue`.
    - `similar`: queues of the account with a similar name.
    - `queues`: of a pass, the names that were found.

    ## Permissions

    Queues Read. The fix needs Queues Edit.
    """

    code: ClassVar[str] = "QUE002"
    name: ClassVar[str] = "queue-missing"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.ACCOUNT})
    scopes: ClassVar[tuple[str, ...]] = ("Queues Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Look each name up."""
        named = named_queues(ctx.config)
        if not named or ctx.account is None:
            yield self.passed("the config names no queue")
            return
        names = list(dict.fromkeys(queue.name for queue in named))
        missing = [name for name in names if await ctx.account.queue(name) is None]
        known = [queue.name for queue in await ctx.account.queues()] if missing else []
        for name in missing:
            yield self._missing([queue for queue in named if queue.name == name], known)
        if not missing:
            yield self.passed("every queue that the config names exists", evidence={"queues": names})

    def _missing(self, uses: Sequence[NamedQueue], known: Sequence[str]) -> Finding:
        name, roles = uses[0].name, list(dict.fromkeys(use.role for use in uses))
        similar = get_close_matches(name, known, n=_MOST_SHOWN)
        hint = f"; it has {', '.join(similar)}" if similar else ""
        return self.problem(
            f"the account has no queue {name}, which the config names as {' and '.join(roles)}{hint}",
            confidence=Confidence.HIGH,
            location=uses[0].location,
            resource=f"queue/{name}",
            evidence={"queue": name, "roles": roles, "similar": similar},
            explains=("DEP001", "QUE004", "E2E001", "E2E003"),
        )

"""QUE004: what a consumer gives up is kept somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.d1.limits import LIMITS
from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.queue_roles import dead_letter_queues

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project import QueueConsumer

_RETRIES = int(LIMITS.queues.default_retries)


class DeadLetterQueue(Check):
    """A consumer has no dead-letter queue, or one that cannot take its messages.

    ## What it checks

    Every consumer of the config: whether it names a dead-letter queue, whether that is another queue than
    its own, and, with an account, whether that queue exists. A consumer that empties a dead-letter queue
    needs none itself.

    ## Why it matters

    A message that failed `max_retries` times (3 where nothing is said) is deleted for good when there is
    no dead-letter queue (https://developers.cloudflare.com/queues/configuration/dead-letter-queues/). A
    database that is overloaded for a minute is enough to lose rows without a trace.

    ## Example

    Messages are deleted after three retries:

    ```toml
    [[queues.consumers]]
    queue = "candles"
    ```

    They wait in another queue:

    ```toml
    [[queues.consumers]]
    queue = "candles"
    dead_letter_queue = "candles-dead-letters"
    ```

    ## Remedy

    Name a dead-letter queue and create it before the next deploy. Without a consumer of its own it keeps
    messages for four days (24 hours on the free plan), so look at it, or consume it.

    ## Fix safety

    Review: `dead_letter_queue` is added to the consumer's entry of the config, and the queue is created. It
    takes effect with the next deploy.

    ## Evidence

    - `queue`: that is consumed.
    - `dead_letter_queue`: as named, or null.
    - `problem`: `none`, `own` or `missing`.
    - `max_retries`: after which a message is given up.
    - `consumers`: of a pass, how many were looked at.

    ## Permissions

    None; with an account, Queues Read. The fix needs Queues Edit there.
    """

    code: ClassVar[str] = "QUE004"
    name: ClassVar[str] = "dead-letter-queue"
    severity: ClassVar[Severity] = Severity.ADVICE
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG})
    scopes: ClassVar[tuple[str, ...]] = ("Queues Read",)

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Look at each consumer's entry."""
        taking = dead_letter_queues(ctx.project)
        problems = 0
        for consumer in ctx.config.consumers:
            finding = await self._look(ctx, consumer, taking)
            if finding is not None:
                problems += 1
                yield finding
        if not problems:
            count = len(ctx.config.consumers)
            yield self.passed(
                "what consumers give up is kept" if count else "the config consumes no queue",
                evidence={"consumers": count},
            )

    async def _look(self, ctx: Context, consumer: QueueConsumer, taking: frozenset[str]) -> Finding | None:
        queue, target = consumer.queue, consumer.dead_letter_queue
        if queue is None:
            return None
        if target is None:
            retries = consumer.max_retries if consumer.max_retries is not None else _RETRIES
            why = f"is deleted after {retries} retries: its consumer names no dead-letter queue"
            return (
                None if queue in taking else self._about(ctx, consumer, "none", f"a message of {queue} {why}")
            )
        if target == queue:
            return self._about(
                ctx,
                consumer,
                "own",
                f"the consumer of {queue} names the queue itself as its dead-letter queue",
            )
        if ctx.account is not None and await ctx.account.queue(target) is None:
            return self._about(
                ctx,
                consumer,
                "missing",
                f"the account has no queue {target}, the dead-letter queue of {queue}",
            )
        return None

    def _about(self, ctx: Context, consumer: QueueConsumer, problem: str, message: str) -> Finding:
        place = ctx.config.document.locate(*consumer.keys, "dead_letter_queue")
        return self.problem(
            message,
            severity=Severity.ADVICE if problem == "none" else Severity.ERROR,
            confidence=Confidence.HIGH,
            location=place or consumer.location,
            resource=f"queue/{consumer.queue}",
            evidence={
                "queue": consumer.queue,
                "dead_letter_queue": consumer.dead_letter_queue,
                "problem": problem,
                "max_retries": consumer.max_retries if consumer.max_retries is not None else _RETRIES,
            },
            explains=() if problem == "none" else ("E2E003",),
        )

"""E2E003: messages that nobody takes, or that end as dead letters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.account import MissingPermissionError
from diagnose.d1 import LIMITS
from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.project.open_ends import is_open_ended
from diagnose.rehearsal.deriving import queue_names
from diagnose.rehearsal.quoting import live_evidence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from diagnose.account import Account, QueueBacklog, QueueInfo
    from diagnose.model import Json
    from diagnose.plugin import Context, Finding
    from diagnose.rehearsal import Rehearsal
    from diagnose.rehearsal.outcomes import QueueOutcome

_LONGEST_DELAY: Final = timedelta(seconds=LIMITS.queues.delay_seconds)
"""A message may wait that long because somebody asked for it."""


class BacklogOrDeadLetters(Check):
    """Every message is taken from its queue and acknowledged; none is given up, and none is left.

    ## What it checks

    In the rehearsal, after the trigger: what became of each message. The messages are delivered as the
    consumer's settings say (batch size, retries, delays, dead-letter queue; the platform's defaults else) on
    a clock that does not wait, to the worker's own `queue` handler and to the other Python workers of the
    project that consume its queues. The check fails when messages are given up: moved to the dead-letter
    queue, or deleted where there is none. Messages that are left because no worker takes them are an error
    on a saved account. Where only files were read that is a skip, because the consumer may be in another
    repository; and a warning where nothing in the project writes what is sent into its database (QUE003).

    With `--target cloudflare --live` the deployed worker is triggered for real instead, and the backlog of
    each queue on the way is followed until it is what it was before, for a minute at most; tails tell which
    batches failed. What is left then is an error, and so is what came into a dead-letter queue meanwhile.

    On an account (saved or real) the backlog of the config's queues is read as well: messages in a
    dead-letter queue are an error, and so is a backlog that nothing consumes. Of a queue with a consumer, a
    message older than the longest delay is a warning; a younger backlog is what queues are for.

    ## Why it matters

    The producer has answered long before. After its retries (3 unless the consumer says otherwise) a message
    is deleted without a word, or waits in a dead-letter queue for as long as that keeps it:
    https://developers.cloudflare.com/queues/configuration/dead-letter-queues/

    ## Example

    ```python
    async def queue(self, batch):
        for message in batch.messages:
            await self.store(message.body["candles"])   # KeyError, four times, then the message is gone
    ```

    The message is understood, and only what can pass is tried again:

    ```python
    async def queue(self, batch):
        for message in batch.messages:
            await self.store(json.loads(message.body))
            message.ack()
    ```

    ## Remedy

    Repair what the consumer met (`error`), with its place. A worker that nothing attaches to the queue is
    QUE003; a queue without a dead-letter queue is QUE004. What waits in a dead-letter queue is sent again
    once the consumer is repaired.

    ## Fix safety

    There is no fix of its own: the findings that explain it have theirs. Sending dead letters again is left
    to you, because a consumer that is not idempotent would write their rows twice.

    ## Evidence

    - `queue`, `consumer`: the queue, and the worker that takes its messages.
    - `sent`, `bytes`: messages that were put into it, and the size of their bodies together.
    - `acked`, `retried`: messages that were acknowledged, and deliveries that were repeated.
    - `dead_lettered`, `dropped`, `left`: messages moved to the dead-letter queue, deleted, and still there.
    - `dead_letter_queue`: as the consumer names it.
    - `error`: what the consumer met last with a message that was given up.
    - `timeline`: events with `at_ms`, `kind`, `text`, `path`, `line`; each delivery ends with a line of kind
      `queue`.
    - `backlog`, `backlog_bytes`, `oldest`: on an account, what waits, and since when.
    - `live`, `logs`: with `--live`, what was triggered and watched, and the lines that the workers wrote.

    ## Permissions

    Queues Read, for the backlog of a real account. The rehearsal happens on this machine. `--live` needs
    Queues Edit to send a message, and Workers Tail Read for what its consumer met.
    """

    code: ClassVar[str] = "E2E003"
    name: ClassVar[str] = "backlog-or-dead-letters"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG})
    scopes: ClassVar[tuple[str, ...]] = ("Queues Read",)
    live_scopes: ClassVar[tuple[str, ...]] = ("Queues Edit", "Workers Tail Read")
    mode: ClassVar[Mode] = Mode.READ
    timeout: ClassVar[float] = 300.0

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each queue, in the rehearsal and on the account."""
        if not ctx.config.producers and not ctx.config.consumers:
            yield self.passed("the config names no queue")
            return
        missing = await ctx.missing(Need.RUNTIME)
        if missing is None:
            for finding in self._rehearsed(ctx, await ctx.rehearsal()):
                yield finding
        else:
            yield self.skipped(missing)
        if ctx.account is not None:
            try:
                for finding in await self._in_account(ctx, ctx.account):
                    yield finding
            except MissingPermissionError as error:
                yield self.skipped(str(error))

    def _rehearsed(self, ctx: Context, rehearsal: Rehearsal) -> Iterator[Finding]:
        not_started = rehearsal.invocation is None and rehearsal.live is None
        if not_started or rehearsal.is_beside_the_point:
            yield self.skipped("the import was not started (E2E001)")
            return
        for queue in rehearsal.queues:
            if queue.failed:
                yield self._given_up(rehearsal, queue)
            if queue.left:
                yield self._left(ctx, rehearsal, queue)
            if not queue.failed and not queue.left:
                yield self.passed(
                    f"{_messages(queue.sent)} to {queue.queue}: all acknowledged",
                    resource=_resource(queue),
                    evidence=_evidence(rehearsal, queue),
                )
        if not rehearsal.queues:
            where = "by the live trigger, as far as can be seen" if rehearsal.live else "in the rehearsal"
            yield self.skipped(f"no message was sent {where}")

    async def _in_account(self, ctx: Context, account: Account) -> list[Finding]:
        names = queue_names(ctx.config)
        found = [info for name in names if (info := await account.queue(name)) is not None]
        absent = [name for name in names if name not in {info.name for info in found}]
        dead = {one.dead_letter_queue for one in ctx.config.consumers}
        dead |= {one.spec.dead_letter_queue for info in found for one in info.consumers}
        return [
            *(self.skipped(f"the account has no queue {name} (QUE002)") for name in absent),
            *[
                self._waiting(info, await account.backlog(info.id), is_dead=info.name in dead)
                for info in found
            ],
        ]

    def _waiting(self, info: QueueInfo, backlog: QueueBacklog, *, is_dead: bool) -> Finding:
        """What waits in a queue of the account."""
        oldest = None if backlog.oldest_ms is None else datetime.fromtimestamp(backlog.oldest_ms / 1000, UTC)
        evidence: dict[str, Json] = {
            "queue": info.name,
            "consumer": next((one.spec.script for one in info.consumers), None),
            "backlog": backlog.messages,
            "backlog_bytes": backlog.bytes,
            "oldest": None if oldest is None else oldest.isoformat(timespec="seconds"),
        }
        resource = f"queue/{info.name}"
        waits = f"{_messages(backlog.messages)} in {info.name}"
        reason, severity = None, Severity.ERROR
        if backlog.messages and is_dead:
            reason = f"{waits}, a dead-letter queue: their consumer failed with each of them"
        elif backlog.messages and not info.consumers:
            reason = f"{waits}, and nothing consumes it"
        elif backlog.messages and info.delivery_paused:
            reason, severity = f"{waits}, and its delivery is paused", Severity.WARNING
        elif oldest is not None and datetime.now(UTC) - oldest > _LONGEST_DELAY:
            reason, severity = f"{waits}, the oldest since {evidence['oldest']}", Severity.WARNING
        if reason is None:
            taken = f"{waits}, for its consumer to take" if backlog.messages else f"{info.name} is empty"
            return self.passed(taken, resource=resource, evidence=evidence)
        return self.problem(
            reason, confidence=Confidence.HIGH, severity=severity, resource=resource, evidence=evidence
        )

    def _given_up(self, rehearsal: Rehearsal, queue: QueueOutcome) -> Finding:
        """What was refused by D1 is the cause (E2E002 says so); otherwise this is."""
        is_cause = not rehearsal.failed_statements
        return self.problem(
            f"{queue.failed:,} of {_messages(queue.sent)} to {queue.queue} {_end(queue)}"
            f" ({queue.consumer}: {queue.error})",
            confidence=Confidence.HIGH,
            location=queue.failed_at,
            resource=_resource(queue),
            evidence=_evidence(rehearsal, queue),
            explains=("E2E002", "E2E004") if is_cause else (),
        )

    def _left(self, ctx: Context, rehearsal: Rehearsal, queue: QueueOutcome) -> Finding:
        met = f" ({queue.consumer}: {queue.error})" if queue.error else ""
        message = f"{_messages(queue.left)} left in {queue.queue}: {queue.why_left}{met}"
        if not queue.is_unwanted:
            return self.skipped(message)
        is_supposed = not ctx.is_saved and queue.consumer is None and rehearsal.live is None
        if is_supposed and not is_open_ended(ctx.project, queue.queue):
            return self.skipped(f"{message} as far as the project's files tell (QUE003)")
        return self.problem(
            message,
            severity=Severity.WARNING if is_supposed else Severity.ERROR,
            confidence=Confidence.MEDIUM if is_supposed else Confidence.HIGH,
            location=queue.failed_at,
            resource=_resource(queue),
            evidence=_evidence(rehearsal, queue),
            explains=("E2E002", "E2E004"),
        )


def _messages(count: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'}"


def _end(queue: QueueOutcome) -> str:
    if queue.dead_lettered:
        return f"ended in the dead-letter queue {queue.dead_letter_queue}"
    if queue.dead_letter_queue is not None:
        return f"were deleted after their retries, as there is no queue {queue.dead_letter_queue}"
    return "were deleted after their retries, as there is no dead-letter queue"


def _resource(queue: QueueOutcome) -> str:
    return f"queue/{queue.queue}"


def _evidence(rehearsal: Rehearsal, queue: QueueOutcome) -> dict[str, Json]:
    evidence: dict[str, Json] = {
        "queue": queue.queue,
        "consumer": queue.consumer,
        "sent": queue.sent,
        "bytes": queue.bytes,
        "acked": queue.acked,
        "retried": queue.retried,
        "dead_lettered": queue.dead_lettered,
        "dropped": queue.dropped,
        "left": queue.left,
        "dead_letter_queue": queue.dead_letter_queue,
        "timeline": rehearsal.timeline,
    }
    if queue.error is not None:
        evidence["error"] = queue.error
    return evidence | live_evidence(rehearsal)

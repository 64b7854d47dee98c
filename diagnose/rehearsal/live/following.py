"""Messages of a live trigger, from outside: how much waits in each queue, until nothing does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from diagnose.account.tail_events import QueueEvent
from diagnose.d1.limits import LIMITS
from diagnose.rehearsal.live.seeing import batches
from diagnose.rehearsal.outcomes import QueueOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.account import Account, QueueInfo
    from diagnose.account.tail_events import TailEvent

MOST_SECONDS: Final = 60.0
"""That an empty queue is waited for: a batch may wait as long to become full."""

_PAUSE_SECONDS: Final = 0.5


async def backlogs(account: Account, queues: Sequence[QueueInfo]) -> dict[str, int]:
    """Messages in each queue now, by its name. Raises ApiError."""
    return {queue.name: (await account.backlog_now(queue.id)).messages for queue in queues}


async def follow(
    account: Account,
    queues: Sequence[QueueInfo],
    before: Mapping[str, int],
    *,
    seconds: float = MOST_SECONDS,
) -> dict[str, int]:
    """Wait until no queue that a worker consumes holds more than before; what each holds then.

    Queues that nobody takes anything from are not waited for. Raises ApiError.
    """
    until = time.monotonic() + seconds
    while True:
        now = await backlogs(account, queues)
        waiting = any(_is_taken(queue) and now[queue.name] > before[queue.name] for queue in queues)
        if not waiting or time.monotonic() >= until:
            return now
        await account.pause(_PAUSE_SECONDS)


def _is_taken(queue: QueueInfo) -> bool:
    return consumer_of(queue) is not None and not queue.delivery_paused


def consumer_of(queue: QueueInfo) -> str | None:
    """The worker that takes messages from a queue, or None."""
    return next((one.spec.script for one in queue.consumers if one.spec.script), None)


def wait_seconds(queue: QueueInfo) -> float:
    """That a batch of a queue waits to become full."""
    waits = (one.spec.settings.get("max_wait_time_ms") for one in queue.consumers)
    known = next((wait for wait in waits if isinstance(wait, (int, float))), None)
    return float(LIMITS.queues.default_batch_timeout) if known is None else known / 1000


def outcomes(
    queues: Sequence[QueueInfo],
    events: Sequence[TailEvent],
    before: Mapping[str, int],
    after: Mapping[str, int],
    *,
    sent: Mapping[str, int],
) -> tuple[QueueOutcome, ...]:
    """What is known of each queue that messages went through.

    Args:
        queues: of the plan, dead-letter queues included.
        events: what tails told.
        before: messages in each queue at first.
        after: and in the end.
        sent: messages that the trigger itself put into a queue.
    """
    dead = {one.spec.dead_letter_queue for queue in queues for one in queue.consumers}
    found = []
    for queue in queues:
        outcome = _outcome(queue, batches(events, queue.name), before, after, sent.get(queue.name, 0))
        is_only_dead = queue.name in dead and not outcome.acked and not outcome.retried
        if outcome.sent and not is_only_dead:
            found.append(outcome)
    return tuple(found)


def _outcome(
    queue: QueueInfo,
    seen: Sequence[TailEvent],
    before: Mapping[str, int],
    after: Mapping[str, int],
    pushed: int,
) -> QueueOutcome:
    left = max(0, after[queue.name] - before[queue.name])
    well, failed = _messages(seen, ended_well=True), _messages(seen, ended_well=False)
    target = next((one.spec.dead_letter_queue for one in queue.consumers), None)
    died = max(0, after.get(target, 0) - before.get(target, 0)) if target else 0
    return QueueOutcome(
        queue=queue.name,
        sent=max(pushed, well + left + died),
        acked=well,
        retried=failed,
        dead_lettered=died,
        left=left,
        dead_letter_queue=target,
        why_left=_why_left(queue) if left else None,
        is_unwanted=left > 0,
        consumer=consumer_of(queue),
        error=_error(seen),
    )


def _messages(seen: Sequence[TailEvent], *, ended_well: bool) -> int:
    """Messages in batches whose handler returned, or did not."""
    return sum(
        event.event.batch_size
        for event in seen
        if isinstance(event.event, QueueEvent) and (event.outcome == "ok") is ended_well
    )


def _error(seen: Sequence[TailEvent]) -> str | None:
    """What the consumer met last."""
    for event in reversed(seen):
        if event.exceptions:
            return f"{event.exceptions[-1].name}: {event.exceptions[-1].message}"
        if event.outcome != "ok":
            return f"the invocation ended as {event.outcome}"
    return None


def _why_left(queue: QueueInfo) -> str:
    if not queue.consumers:
        return "no worker consumes it"
    if consumer_of(queue) is None:
        return "it is pulled over HTTP"
    if queue.delivery_paused:
        return "its delivery is paused"
    return f"not taken within {MOST_SECONDS:g} s"

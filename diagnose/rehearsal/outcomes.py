"""What became of the messages of each queue in a rehearsal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.embedded import EmbeddedAccount
    from diagnose.embedded.invocation import Invocation
    from diagnose.embedded.queues import Delivery
    from diagnose.embedded.state import QueueState
    from diagnose.model import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOutcome:
    """The messages of one queue, from the producer to their end.

    Attributes:
        queue: its name.
        sent: messages that a worker (or the trigger) put into it.
        bytes: of their bodies together.
        acked: done with.
        retried: deliveries that were repeated.
        dead_lettered: gave up after their retries, moved to `dead_letter_queue`.
        dropped: gave up after their retries, and lost: there was no dead-letter queue to go to.
        left: still there at the end, other than those that came as dead letters.
        why_left: why nobody was given them, or None.
        is_unwanted: what is left would wait in production, too: no worker takes it, delivery is paused, or
            its consumer failed with everything that it was given.
        consumer: the worker that was given them, or None.
        error: what the consumer met last with a message that was given up (else to be repeated), or None.
        failed_at: where in the consumer's source.
    """

    queue: str
    sent: int = 0
    bytes: int = 0
    acked: int = 0
    retried: int = 0
    dead_lettered: int = 0
    dropped: int = 0
    left: int = 0
    dead_letter_queue: str | None = None
    why_left: str | None = None
    is_unwanted: bool = False
    consumer: str | None = None
    error: str | None = None
    failed_at: Location | None = None

    @property
    def failed(self) -> int:
        """Messages that were given up."""
        return self.dead_lettered + self.dropped


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages put into a queue, by name, with the size of their bodies."""

    queue: str
    bytes: int
    messages: int = 1


def sent_by(invocation: Invocation, queues: Mapping[str, str]) -> tuple[Sent, ...]:
    """What an invocation put into queues.

    Args:
        invocation: of a worker.
        queues: names by binding of that worker.
    """
    return tuple(
        Sent(queues[message.binding], message.size)
        for message in invocation.messages
        if message.error is None and message.binding in queues
    )


def queue_outcomes(
    account: EmbeddedAccount,
    sent: Sequence[Sent],
    deliveries: Sequence[Delivery],
    unexecuted: Mapping[str, str],
    *,
    cut: bool = False,
) -> tuple[QueueOutcome, ...]:
    """The queues that had a message in them, in the order in which they got it.

    Args:
        account: after everything was delivered.
        sent: by all invocations.
        deliveries: all of them.
        unexecuted: why a queue's consumer cannot be executed here, by the queue's name.
        cut: more would have been delivered.
    """
    names = dict.fromkeys([*(one.queue for one in sent), *(one.queue for one in deliveries)])
    given_up = {one for delivery in deliveries for one in delivery.dead_lettered}
    outcomes = []
    for name in names:
        outcome = _delivered(name, [one for one in deliveries if one.queue == name])
        queue = account.find_queue(name)
        left = 0 if queue is None else _left(account, queue, given_up)
        mine = [one for one in sent if one.queue == name]
        outcomes.append(
            replace(
                outcome,
                sent=sum(one.messages for one in mine),
                bytes=sum(one.bytes for one in mine),
                left=left,
                why_left=_why_left(queue, unexecuted.get(name), cut=cut) if queue and left else None,
                is_unwanted=left > 0 and name not in unexecuted and _is_unwanted(queue, outcome),
            )
        )
    return tuple(outcomes)


def _delivered(name: str, deliveries: Sequence[Delivery]) -> QueueOutcome:
    if not deliveries:
        return QueueOutcome(queue=name)
    blamed = _blamed(deliveries)
    error, failed_at = (None, None) if blamed is None else _error(blamed)
    return QueueOutcome(
        queue=name,
        acked=sum(len(one.acked) for one in deliveries),
        retried=sum(len(one.retried) for one in deliveries),
        dead_lettered=sum(len(one.dead_lettered) for one in deliveries),
        dropped=sum(len(one.dropped) for one in deliveries),
        dead_letter_queue=deliveries[0].dead_letter_queue,
        consumer=deliveries[0].script,
        error=error,
        failed_at=failed_at,
    )


def _blamed(deliveries: Sequence[Delivery]) -> Delivery | None:
    """The last delivery that gave a message up; else the last that is repeated."""
    final = [one for one in deliveries if one.dead_lettered or one.dropped]
    return next(reversed(final or [one for one in deliveries if one.retried]), None)


def _error(delivery: Delivery) -> tuple[str, Location | None]:
    """What the consumer met: what escaped, what D1 refused, what it logged, or that it asked itself."""
    invocation = delivery.invocation
    if invocation.exception is not None:
        return f"{invocation.exception.name}: {invocation.exception.message}", invocation.exception.location
    if invocation.outcome != "ok":
        return invocation.reason or f"the invocation ended as {invocation.outcome}", None
    for statement in reversed(invocation.statements):
        if statement.error is not None:
            return statement.error, statement.location
    for event in reversed(invocation.events):
        if event.kind == "log":
            return event.text, event.location
    return "it asked for a retry", None


def _left(account: EmbeddedAccount, queue: QueueState, given_up: set[str]) -> int:
    waiting = account.peek(queue.id, account.backlog(queue.id).messages)
    return sum(message.id not in given_up for message in waiting)


def _is_unwanted(queue: QueueState | None, outcome: QueueOutcome) -> bool:
    if queue is None:
        return False
    is_stuck = outcome.error is not None and not outcome.acked
    return queue.consumer is None or queue.delivery_paused or is_stuck


def _why_left(queue: QueueState, unexecuted: str | None, *, cut: bool) -> str:
    if unexecuted is not None:
        return f"its consumer cannot be executed here: {unexecuted}"
    if queue.consumer is None:
        return "no worker consumes it"
    if queue.consumer.script is None:
        return "it is pulled over HTTP"
    if queue.delivery_paused:
        return "its delivery is paused"
    return "a rehearsal delivers no more batches" if cut else "it was not delivered"

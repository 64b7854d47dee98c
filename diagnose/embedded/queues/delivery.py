"""Delivers one batch of a queue to its consumer, and does with each message what the consumer decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.embedded.invocation import IncomingMessage, Trigger
from diagnose.embedded.queues.deciding import decide
from diagnose.embedded.queues.messages import Settlement
from diagnose.embedded.state import timestamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.invocation import Invocation, Runtime, RuntimeLimits
    from diagnose.embedded.queues.deciding import Fates
    from diagnose.embedded.queues.messages import QueuedMessage
    from diagnose.embedded.responses import Responses
    from diagnose.embedded.state import QueueState


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoker:
    """Invokes the workers of an account; the attributes are those of `EmbeddedAccount.invoke`.

    Attributes:
        base: the folder of the main module, the same for all workers or by their name.
    """

    account: EmbeddedAccount
    runtime: Runtime
    responses: Responses
    base: Callable[[str], str] | str = ""
    secret_values: Mapping[str, str] = field(default_factory=dict)
    limits: RuntimeLimits | None = None

    async def invoke(self, script: str, trigger: Trigger) -> Invocation:
        """Deliver one event. Raises as `EmbeddedAccount.invoke`."""
        return await self.account.invoke(
            script,
            trigger,
            responses=self.responses,
            runtime=self.runtime,
            base=self.base if isinstance(self.base, str) else self.base(script),
            secret_values=self.secret_values,
            limits=self.limits,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One batch that a worker was given. Messages are named by their ids below.

    Attributes:
        queue: its name.
        script: the worker.
        at_seconds: when, after the start of what the delivery is part of.
        messages: as they were delivered.
        acked: done with.
        retried: to be delivered again.
        dead_lettered: retries used up, moved to `dead_letter_queue`.
        dropped: retries used up and no dead-letter queue to go to: lost.
        dead_letter_queue: as the consumer names it, whether or not it exists.
    """

    queue: str
    script: str
    at_seconds: float = 0.0
    messages: tuple[IncomingMessage, ...]
    invocation: Invocation
    acked: tuple[str, ...] = ()
    retried: tuple[str, ...] = ()
    dead_lettered: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    dead_letter_queue: str | None = None

    @property
    def is_refused(self) -> bool:
        """The runtime could not imitate what the worker asked for; its messages wait as before."""
        return self.invocation.outcome == "refused"


def due_at(account: EmbeddedAccount, queue: QueueState) -> int | None:
    """When the next batch of a queue is complete or has waited long enough; None when none will be.

    Milliseconds since the epoch, possibly past. A queue that is paused, or that no worker consumes,
    delivers nothing.
    """
    consumer = queue.consumer
    if consumer is None or consumer.script is None or queue.delivery_paused:
        return None
    visible = account.messages.due(queue.id, consumer.settings.batch_size)
    if not visible:
        return None
    waited = visible[0] + consumer.settings.max_wait_time_ms
    is_full = len(visible) == consumer.settings.batch_size
    return min(waited, visible[-1]) if is_full else waited


async def deliver_batch(invoker: Invoker, queue_id: str, *, started_ms: int | None = None) -> Delivery | None:
    """Deliver the messages that are due now, up to the batch size; None when there is nobody or nothing.

    Args:
        invoker: of the account.
        queue_id: of the queue.
        started_ms: the moment that `Delivery.at_seconds` counts from; by default now.

    Raises:
        RefusalError: 11000 there is no such queue.
        SandboxError: untrusted code cannot be executed safely here; the messages are in the queue as before.
    """
    account = invoker.account
    queue, now = account.queue(queue_id), account.clock.now_ms()
    consumer = queue.consumer
    if consumer is None or consumer.script is None or queue.delivery_paused:
        return None
    until = now + int(LIMITS.workers.background_seconds) * 1000
    taken = account.messages.take(queue_id, consumer.settings.batch_size, now=now, until=until)
    if not taken:
        return None
    messages = tuple(map(_incoming, taken))
    try:
        trigger = Trigger(kind="queue", queue=queue.name, messages=messages)
        invocation = await invoker.invoke(consumer.script, trigger)
    except BaseException:
        account.messages.release([one.id for one in taken], now=now)
        raise
    delivery = Delivery(
        queue=queue.name,
        script=consumer.script,
        at_seconds=0.0 if started_ms is None else (now - started_ms) / 1000,
        messages=messages,
        invocation=invocation,
        dead_letter_queue=consumer.settings.dead_letter_queue,
    )
    if delivery.is_refused:
        account.messages.release([one.id for one in taken], now=now)
        return delivery
    fates = decide(messages, invocation, consumer.settings)
    dead_lettered, dropped = settle(account, fates, consumer.settings.dead_letter_queue)
    return replace(
        delivery,
        acked=fates.acked,
        retried=tuple(fates.retried),
        dead_lettered=dead_lettered,
        dropped=dropped,
    )


def settle(
    account: EmbeddedAccount, fates: Fates, dead_letter_queue: str | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Do with each message what was decided, all in one transaction.

    Returns the messages that went to the dead-letter queue, and those that were deleted for want of one.
    """
    now = account.clock.now_ms()
    target = None if dead_letter_queue is None else account.state.queue_named(dead_letter_queue)
    dead_lettered, dropped = (fates.exhausted, ()) if target else ((), fates.exhausted)
    account.messages.settle(
        Settlement(
            removed=(*fates.acked, *dropped),
            retried={message: now + int(delay * 1000) for message, delay in fates.retried.items()},
            moved=dict.fromkeys(dead_lettered, target.id) if target else {},
            now=now,
        )
    )
    return dead_lettered, dropped


def _incoming(message: QueuedMessage) -> IncomingMessage:
    return IncomingMessage(
        id=message.id,
        timestamp=timestamp_of(message.sent),
        attempts=message.attempts,
        content_type=message.content_type,
        body=message.body,
    )

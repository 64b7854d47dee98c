"""How a config says that a worker consumes the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.project import QueueConsumer
from diagnose.queueing.taxonomy import RETRIES

if TYPE_CHECKING:
    from diagnose.model import Json
    from diagnose.queueing.naming import Names


def consumer_entry(names: Names) -> dict[str, Json]:
    """An entry of `queues.consumers`.

    A delivery holds as many messages as the platform's default: one query each stays within the queries
    that an invocation has on any plan.
    """
    return {
        "queue": names.queue,
        "max_batch_size": int(LIMITS.queues.default_batch_size),
        "max_retries": RETRIES,
        "dead_letter_queue": names.dead_letters,
    }


def consumer_of(names: Names) -> QueueConsumer:
    """The same for an upload."""
    return QueueConsumer(
        queue=names.queue,
        max_batch_size=int(LIMITS.queues.default_batch_size),
        max_retries=RETRIES,
        dead_letter_queue=names.dead_letters,
    )


def producer_entry(names: Names) -> dict[str, Json]:
    """An entry of `queues.producers`."""
    return {"binding": names.binding, "queue": names.queue}

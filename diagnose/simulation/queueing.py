"""What sending rows through a queue takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.simulation.demands import array_bytes

if TYPE_CHECKING:
    from diagnose.d1.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueForecast:
    """Rows in messages that are cut by bytes.

    Attributes:
        rows_per_message: of all messages but the last.
        message_bytes: of the largest message.
        send_batches: calls of `sendBatch()`, within its messages and bytes.
        deliveries: invocations of the consumer with the default batch size.
    """

    rows_per_message: int
    messages: int
    message_bytes: int
    send_batches: int
    deliveries: int


def queue_forecast(rows: int, row_bytes: int, limits: Limits) -> QueueForecast | None:
    """Messages as full as they may be beside their metadata; None when not even one row fits."""
    queues = limits.queues
    most = queues.message_bytes - queues.metadata_bytes
    fitting = (most - 1) // (row_bytes + 1)
    if not fitting:
        return None
    per_message = min(fitting, rows)
    message_bytes = array_bytes(per_message, row_bytes)
    messages = divided(rows, per_message)
    per_batch = min(int(queues.batch_messages), queues.batch_bytes // (message_bytes + queues.metadata_bytes))
    return QueueForecast(
        rows_per_message=per_message,
        messages=messages,
        message_bytes=message_bytes,
        send_batches=divided(messages, per_batch),
        deliveries=divided(messages, queues.default_batch_size),
    )


def divided(number: int, size: int) -> int:
    """How many groups of a size a number makes, the last one perhaps smaller."""
    return -(-number // size)

"""What a queue answers to messages of certain sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.limits import QueueLimits


def send_error(sizes: Sequence[int], *, batch: bool, limits: QueueLimits = LIMITS.queues) -> str | None:
    """The error of `send` or `sendBatch` for messages of these bytes, or None when they are taken."""
    single = int(limits.message_bytes)
    if not batch:
        size = sizes[0]
        return (
            f"Queue send failed: message length of {size} bytes exceeds limit of {single}"
            if size > single
            else None
        )
    if len(sizes) > limits.batch_messages:
        return (
            f"Queue sendBatch failed: batch message count of {len(sizes)} exceeds limit of "
            f"{int(limits.batch_messages)}"
        )
    largest, total = max(sizes, default=0), sum(sizes)
    if largest > single:
        return (
            f"Queue sendBatch failed: message in batch has length {largest} bytes which exceeds single "
            f"message size limit of {single}"
        )
    accepted = limits.batch_bytes.runtime or int(limits.batch_bytes)
    if total > accepted:
        return f"Queue sendBatch failed: batch size of {total} bytes exceeds limit of {accepted}"
    return None

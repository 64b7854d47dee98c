"""What a queue answers to a worker that sends what it does not take.

Texts before `queue_expose_error_codes` were measured on workerd 1.20261117.1. With that flag, which is on
from compatibility date 2026-03-12, an error reads `<cause> (<code>)` with what the queue itself answers:
codes and names as on https://developers.cloudflare.com/queues/reference/error-codes/ (2026-04-21).
Local development has no such answer and says `Unknown Internal Error (15000)` for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.limits import QueueLimits

CODES_SINCE: Final = "2026-03-12"
CODES_FLAG: Final = "queue_expose_error_codes"


@dataclass(frozen=True, slots=True)
class SendRefusal:
    """Why a queue does not take messages.

    Attributes:
        text: the worker's error where codes are not exposed.
        cause: the documented name of the code.
        code: Cloudflare's.
    """

    text: str
    cause: str
    code: int

    def shown(self, *, coded: bool) -> str:
        """The message of the worker's error; `coded` where codes are exposed."""
        return f"{self.cause} ({self.code})" if coded else self.text


def exposes_codes(compatibility_date: str, flags: Sequence[str] = ()) -> bool:
    """Whether errors of queues carry codes under that date and these flags."""
    return CODES_FLAG in flags or compatibility_date >= CODES_SINCE


def missing_queue(*, batch: bool) -> SendRefusal:
    """The binding's queue was deleted after the deploy. The text is the status that workerd would print."""
    return SendRefusal(f"Queue {_method(batch)} failed: Not Found", "QueueNotFound", 10104)


def full_queue(*, batch: bool) -> SendRefusal:
    """There is no room for more messages (https://developers.cloudflare.com/queues/platform/limits/)."""
    return SendRefusal(
        f"Queue {_method(batch)} failed: Storage Limit Exceeded", "QueueStorageLimitExceeded", 10251
    )


def send_refusal(
    sizes: Sequence[int],
    delays: Sequence[float | None] = (),
    *,
    batch: bool,
    limits: QueueLimits = LIMITS.queues,
) -> SendRefusal | None:
    """Why `send` or `sendBatch` refuses messages of these bytes and delays (seconds), or None."""
    single, accepted = int(limits.message_bytes), limits.batch_bytes.enforced
    method = f"Queue {_method(batch)} failed:"
    largest, total = max(sizes, default=0), sum(sizes)
    if batch and len(sizes) > limits.batch_messages:
        count = f"batch message count of {len(sizes)} exceeds limit of {int(limits.batch_messages)}"
        return SendRefusal(f"{method} {count}", "BatchCountOutOfBounds", 10206)
    if largest > single:
        text = (
            f"message in batch has length {largest} bytes which exceeds single message size limit of {single}"
            if batch
            else f"message length of {largest} bytes exceeds limit of {single}"
        )
        return SendRefusal(f"{method} {text}", "MessageSizeOutOfBounds", 10204)
    if batch and total > accepted:
        text = f"batch size of {total} bytes exceeds limit of {accepted}"
        return SendRefusal(f"{method} {text}", "BatchSizeOutOfBounds", 10205)
    if any(delay is not None and not 0 <= delay <= limits.delay_seconds for delay in delays):
        return SendRefusal(f"{method} Internal Server Error", "BatchDelayInvalid", 10202)
    return None


def _method(batch: bool) -> str:  # noqa: FBT001 - private
    return "sendBatch" if batch else "send"

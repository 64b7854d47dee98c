"""What becomes of each message of a batch, by what its consumer answered.

https://developers.cloudflare.com/queues/configuration/batching-retries/ and
https://developers.cloudflare.com/queues/configuration/javascript-apis/: a call on the message counts before
one on the batch, both count whether or not the handler returns, and what is left open is acknowledged when
it returns and retried when it does not. Local development redelivers acknowledged messages after an
exception; production does not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from diagnose.d1.limits import LIMITS
from diagnose.embedded.invocation import QueueAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.embedded.invocation import IncomingMessage, Invocation
    from diagnose.embedded.state import ConsumerSettings

_NOTHING_DECIDED: Final = QueueAnswer()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fates:
    """What becomes of each message of a batch, by its id.

    Attributes:
        acked: done with.
        retried: seconds until each of these is delivered again.
        exhausted: to be retried, but its retries are used up.
    """

    acked: tuple[str, ...] = ()
    retried: Mapping[str, float] = field(default_factory=dict)
    exhausted: tuple[str, ...] = ()


def decide(messages: Sequence[IncomingMessage], invocation: Invocation, settings: ConsumerSettings) -> Fates:
    """What the invocation that was given these messages made of them."""
    acked: list[str] = []
    retried: dict[str, float] = {}
    exhausted: list[str] = []
    for message in messages:
        decision = _decision(message.id, invocation)
        if isinstance(decision, _Acknowledged):
            acked.append(message.id)
        elif message.attempts > settings.max_retries:
            exhausted.append(message.id)
        else:
            retried[message.id] = bounded(settings.retry_delay if decision is None else decision)
    return Fates(acked=tuple(acked), retried=retried, exhausted=tuple(exhausted))


class _Acknowledged:
    """The decision that is not a delay."""


_ACKNOWLEDGED: Final = _Acknowledged()


def _decision(message_id: str, invocation: Invocation) -> float | _Acknowledged | None:
    """Whether the message is done with, else seconds until its next delivery (None: the default)."""
    answer = invocation.queue_answer or _NOTHING_DECIDED
    if message_id in answer.acks:
        return _ACKNOWLEDGED
    if message_id in answer.retries:
        return answer.retries[message_id]
    if answer.batch is not None:
        return _ACKNOWLEDGED if answer.batch == "ack" else answer.batch_delay
    return _ACKNOWLEDGED if invocation.outcome == "ok" else None


def bounded(delay: float) -> float:
    """A delay that Queues would take: what is not a number, or outside, is brought to the nearest end."""
    return 0.0 if math.isnan(delay) else min(max(delay, 0.0), float(LIMITS.queues.delay_seconds))

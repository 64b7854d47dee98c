"""The event that a worker is given, and what it decides about a batch of messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """One message as a consumer is given it.

    Attributes:
        id: 32 hexadecimal digits.
        timestamp: when it was sent, as `2026-01-01T00:00:00.000Z`.
        attempts: deliveries so far, this one included; 1 at first.
        body: its bytes on the wire, as in `OutgoingMessage`.
    """

    id: str
    timestamp: str
    attempts: int
    content_type: Literal["json", "text", "bytes", "v8"]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAnswer:
    """What a `queue` handler decided about its batch; what it left open, its outcome decides.

    https://developers.cloudflare.com/queues/configuration/batching-retries/: for each message the first of
    ack and retry wins, and a call on the message beats a call on the batch.

    Attributes:
        acks: ids of messages on which `ack()` came first.
        retries: seconds of delay (None: the consumer's default) by id, where `retry()` came first.
        batch: `ackAll()` or `retryAll()`, whichever came first, or None.
        batch_delay: seconds that `retryAll` asked for.
    """

    acks: frozenset[str] = frozenset()
    retries: Mapping[str, float | None] = field(default_factory=dict)
    batch: Literal["ack", "retry"] | None = None
    batch_delay: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """The event that is delivered to a handler.

    Attributes:
        path: for a fetch, with its query string; a whole URL is accepted as well.
        cron: for a scheduled event, the expression that fired.
        queue: for a batch of messages, the name of the queue that it comes from.
        messages: the batch.
    """

    kind: Literal["fetch", "scheduled", "queue"] = "fetch"
    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cron: str | None = None
    queue: str | None = None
    messages: tuple[IncomingMessage, ...] = ()

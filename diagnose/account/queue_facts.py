"""What the API tells about queues, as values. Each `from_api` tolerates missing keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSpec:
    """What consumes a queue, and how.

    Attributes:
        script: the worker; None for whoever pulls over HTTP.
        settings: in the API's form, such as `batch_size` or `max_wait_time_ms`; what is left out has the
            platform's default.
        dead_letter_queue: the name of a queue, or None.
    """

    script: str | None
    settings: Mapping[str, Json] = field(default_factory=dict)
    dead_letter_queue: str | None = None

    def to_api(self) -> dict[str, Json]:
        """The body that attaches it."""
        kind: dict[str, Json] = (
            {"type": "http_pull"} if self.script is None else {"type": "worker", "script_name": self.script}
        )
        target: dict[str, Json] = (
            {} if self.dead_letter_queue is None else {"dead_letter_queue": self.dead_letter_queue}
        )
        return {**kind, "settings": dict(self.settings), **target}

    def is_met_by(self, other: ConsumerSpec) -> bool:
        """Whether another consumer is the same, with every setting that this one names."""
        named = {key: value for key, value in self.settings.items() if value is not None}
        return (
            self.script == other.script
            and self.dead_letter_queue == other.dead_letter_queue
            and all(other.settings.get(key) == value for key, value in named.items())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerInfo:
    """A consumer of a queue."""

    id: str
    spec: ConsumerSpec

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> Self:
        """From an item of `consumers`; the worker stands under one of three keys."""
        script = item.get("script") or item.get("script_name") or item.get("service")
        is_pull = item.get("type") == "http_pull"
        return cls(
            id=str(item["consumer_id"]),
            spec=ConsumerSpec(
                script=None if is_pull or script is None else str(script),
                settings=dict(item.get("settings") or {}),
                dead_letter_queue=str(item["dead_letter_queue"]) if item.get("dead_letter_queue") else None,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueInfo:
    """A queue.

    Attributes:
        delivery_delay: seconds.
        delivery_paused: messages are taken and not delivered.
        message_retention_period: seconds, or None where the API does not say.
        producers: workers with a binding to it.
    """

    id: str
    name: str
    created_on: str | None = None
    delivery_delay: int = 0
    delivery_paused: bool = False
    message_retention_period: int | None = None
    producers: tuple[str, ...] = ()
    consumers: tuple[ConsumerInfo, ...] = ()

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> Self:
        """From an item of the list, or from the queue itself."""
        settings = item.get("settings") or {}
        retention = settings.get("message_retention_period")
        return cls(
            id=str(item["queue_id"]),
            name=str(item["queue_name"]),
            created_on=item.get("created_on"),
            delivery_delay=int(settings.get("delivery_delay") or 0),
            delivery_paused=bool(settings.get("delivery_paused")),
            message_retention_period=None if retention is None else int(retention),
            producers=tuple(
                str(producer["script"])
                for producer in item.get("producers") or ()
                if producer.get("type", "worker") == "worker" and producer.get("script")
            ),
            consumers=tuple(map(ConsumerInfo.from_api, item.get("consumers") or ())),
        )

    def consumer_of(self, script: str | None) -> ConsumerInfo | None:
        """The consumer that is that worker (None: whoever pulls), or None."""
        return next((one for one in self.consumers if one.spec.script == script), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueBacklog:
    """What waits in a queue; `oldest_ms` is milliseconds since the epoch, None when nothing waits."""

    messages: int
    bytes: int
    oldest_ms: int | None

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> Self:
        """From the metrics, whose numbers may be floats; an empty queue has an oldest message of 0."""
        return cls(
            messages=int(item["backlog_count"]),
            bytes=int(item["backlog_bytes"]),
            oldest_ms=int(item.get("oldest_message_timestamp_ms") or 0) or None,
        )

"""What a tail tells of a worker, as values. What is missing in a frame has a default."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class TailLog:
    """One line that the worker wrote; `at_ms` is milliseconds since the epoch."""

    text: str
    level: str = "log"
    at_ms: int = 0

    @classmethod
    def from_frame(cls, item: Mapping[str, Any]) -> Self:
        """From an item of `logs`; several values are divided by a blank, as a console does."""
        message = item.get("message")
        parts = message if isinstance(message, list) else [] if message is None else [message]
        return cls(
            text=" ".join(part if isinstance(part, str) else json.dumps(part) for part in parts),
            level=str(item.get("level") or "log"),
            at_ms=_number(item.get("timestamp")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TailException:
    """What escaped from the handler; `at_ms` is milliseconds since the epoch."""

    name: str
    message: str
    stack: str = ""
    at_ms: int = 0

    @classmethod
    def from_frame(cls, item: Mapping[str, Any]) -> Self:
        """From an item of `exceptions`."""
        message = item.get("message")
        return cls(
            name=str(item.get("name") or "Error"),
            message=message if isinstance(message, str) else json.dumps(message),
            stack=str(item.get("stack") or ""),
            at_ms=_number(item.get("timestamp")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvent:
    """An HTTP request; `status` is that of the response, or None without one. Header names are lower case."""

    url: str
    method: str = "GET"
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CronEvent:
    """A cron trigger; `scheduled_ms` is milliseconds since the epoch."""

    cron: str
    scheduled_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEvent:
    """A batch of messages."""

    queue: str
    batch_size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEvent:
    """Something else, such as an alarm or an e-mail; `keys` are those of the event."""

    keys: tuple[str, ...] = ()


TriggeringEvent: TypeAlias = RequestEvent | CronEvent | QueueEvent | OtherEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class TailEvent:
    """One invocation of a worker.

    Attributes:
        outcome: `ok`, `canceled`, `exception`, `exceededCpu`, `exceededMemory`, `unknown`, or newer ones.
        at_ms: when it began, in milliseconds since the epoch.
        wall_ms: real time in milliseconds.
        truncated: lines were left out.
    """

    event: TriggeringEvent
    script: str = ""
    version_id: str | None = None
    outcome: str = "unknown"
    at_ms: int = 0
    wall_ms: int = 0
    cpu_ms: int = 0
    logs: tuple[TailLog, ...] = ()
    exceptions: tuple[TailException, ...] = ()
    truncated: bool = False

    @classmethod
    def from_frame(cls, frame: Mapping[str, Any]) -> Self:
        """From a frame."""
        version = frame.get("scriptVersion")
        return cls(
            event=_triggering(frame.get("event")),
            script=str(frame.get("scriptName") or ""),
            version_id=version.get("id") if isinstance(version, dict) else None,
            outcome=str(frame.get("outcome") or "unknown"),
            at_ms=_number(frame.get("eventTimestamp")),
            wall_ms=_number(frame.get("wallTime")),
            cpu_ms=_number(frame.get("cpuTime")),
            logs=tuple(TailLog.from_frame(item) for item in _objects(frame.get("logs"))),
            exceptions=tuple(TailException.from_frame(item) for item in _objects(frame.get("exceptions"))),
            truncated=bool(frame.get("truncated")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TailNotice:
    """What the tail says about itself: that it samples now (`overload`), or no longer (`overload-stop`)."""

    kind: str
    message: str = ""


def read_frame(content: str | bytes) -> TailEvent | TailNotice | None:
    """What a frame tells; None when it is nothing that a tail sends."""
    try:
        frame = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(frame, dict):
        return None
    event = frame.get("event")
    if isinstance(event, dict) and str(event.get("type", "")).startswith("overload"):
        return TailNotice(kind=event["type"], message=str(event.get("message") or ""))
    return TailEvent.from_frame(frame)


def _triggering(event: Any) -> TriggeringEvent:
    """The kind of an event is told by its keys."""
    match event:
        case {"request": dict() as request}:
            response = event.get("response")
            status = response.get("status") if isinstance(response, dict) else None
            return RequestEvent(
                url=str(request.get("url") or ""),
                method=str(request.get("method") or "GET"),
                status=status if isinstance(status, int) else None,
                headers=_headers(request.get("headers")),
            )
        case {"cron": cron}:
            return CronEvent(cron=str(cron), scheduled_ms=_number(event.get("scheduledTime")))
        case {"queue": queue}:
            return QueueEvent(queue=str(queue), batch_size=_number(event.get("batchSize")))
        case dict():
            return OtherEvent(keys=tuple(map(str, event)))
        case _:
            return OtherEvent()


def _headers(value: Any) -> Mapping[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {str(name).lower(): text for name, text in pairs if isinstance(text, str)}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(value: Any) -> int:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0

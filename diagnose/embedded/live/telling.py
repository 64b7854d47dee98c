"""What an invocation looks like in a tail and in telemetry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, assert_never

from diagnose.embedded.observed import ObservedException, ObservedInvocation, ObservedLog

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.embedded.invocation import Event, Invocation, Outcome, Trigger
    from diagnose.embedded.observed import LogLevel
    from diagnose.model import Json

# https://developers.cloudflare.com/workers/runtime-apis/handlers/tail/: names that hold one of these words.
_SENSITIVE: Final = re.compile(r"auth|cookie|jwt|key|secret|token", re.IGNORECASE)
_REDACTED: Final = "REDACTED"
_OUTCOMES: Final[Mapping[Outcome, str]] = {
    "ok": "ok",
    "exception": "exception",
    "exceededCpu": "exceededCpu",
    "exceededMemory": "exceededMemory",
    "killed": "unknown",
    "refused": "unknown",
}
_LEVELS: Final[Mapping[str, LogLevel]] = {
    "debug": "debug",
    "info": "info",
    "warn": "warn",
    "error": "error",
}


def told(
    script: str, version_id: str, trigger: Trigger, invocation: Invocation, *, began_ms: int
) -> ObservedInvocation:
    """The invocation as whoever watches the worker is told of it.

    Args:
        script: the worker's name.
        version_id: of what was executed.
        trigger: the event that it was given.
        invocation: what it made of it.
        began_ms: milliseconds since the epoch.
    """
    return ObservedInvocation(
        script=script,
        version_id=version_id,
        kind=trigger.kind,
        timestamp=began_ms,
        event=_event(trigger, invocation, began_ms),
        outcome=_OUTCOMES[invocation.outcome],
        wall_ms=invocation.duration_ms,
        logs=tuple(_logs(invocation, began_ms)),
        exceptions=tuple(_exceptions(invocation, began_ms)),
        truncated=invocation.truncated,
    )


def _event(trigger: Trigger, invocation: Invocation, began_ms: int) -> Mapping[str, Json]:
    match trigger.kind:
        case "fetch":
            return _request(trigger, invocation)
        case "scheduled":
            return {"cron": trigger.cron, "scheduledTime": began_ms}
        case "queue":
            return {"queue": trigger.queue, "batchSize": len(trigger.messages)}
        case _:
            assert_never(trigger.kind)


def _request(trigger: Trigger, invocation: Invocation) -> Mapping[str, Json]:
    headers: dict[str, Json] = {
        name: _REDACTED if _SENSITIVE.search(name) else value for name, value in trigger.headers.items()
    }
    request: dict[str, Json] = {"url": trigger.path, "method": trigger.method, "headers": headers, "cf": {}}
    event: dict[str, Json] = {"request": request}
    if invocation.answer is not None:
        event["response"] = {"status": invocation.answer.status}
    return event


def _logs(invocation: Invocation, began_ms: int) -> Iterator[ObservedLog]:
    """The lines that the worker wrote, and one for each request that was not sent in its place."""
    written = iter(invocation.logs)
    for event in invocation.events:
        moment = began_ms + round(event.at_ms)
        if event.kind == "log":
            text = next(written, event.text)
            yield ObservedLog(timestamp=moment, message=(text,), level=_level(event))
        elif event.kind == "fetch" and event.detail.get("status") is None:
            yield ObservedLog(timestamp=moment, message=(f"not sent: {event.text}",), level="error")


def _level(event: Event) -> LogLevel:
    return _LEVELS.get(str(event.detail.get("level")), "log")


def _exceptions(invocation: Invocation, began_ms: int) -> Iterator[ObservedException]:
    """What escaped, or the reason for which the invocation was ended."""
    escaped = invocation.exception
    if escaped is not None:
        at_ms = next((event.at_ms for event in invocation.events if event.kind == "exception"), 0.0)
        yield ObservedException(
            timestamp=began_ms + round(at_ms),
            name=escaped.name,
            message=escaped.message,
            stack=escaped.traceback,
        )
    reason = invocation.refused or invocation.reason
    if reason is not None:
        ended = began_ms + round(invocation.duration_ms)
        yield ObservedException(timestamp=ended, name="Error", message=reason)

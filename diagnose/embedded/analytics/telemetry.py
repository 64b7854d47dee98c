"""Events of Workers Observability, made of the invocations that are kept, and questions about them. Pure.

Keys such as `$workers.scriptName` and `$metadata.level` are those of Cloudflare's own events
(https://developers.cloudflare.com/workers/observability/query-builder/).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from diagnose.embedded.observed import ObservedInvocation

DATASET: Final = "cloudflare-workers"

_LEVELS: Final[Mapping[str, str]] = {"log": "info"}


class TelemetryError(ValueError):
    """A question that cannot be asked, with the reason."""


def events_of(invocations: Iterable[ObservedInvocation]) -> list[dict[str, Any]]:
    """One event for each line of a log, each exception, and each invocation as a whole; oldest first."""
    return [event for invocation in invocations for event in _events(invocation)]


def _events(invocation: ObservedInvocation) -> Iterator[dict[str, Any]]:
    places = iter(range(len(invocation.logs) + len(invocation.exceptions) + 1))
    for log in invocation.logs:
        message = " ".join(_shown(part) for part in log.message)
        told = {"level": _LEVELS.get(log.level, log.level), "message": message, "type": "cf-worker"}
        source = {"level": told["level"], "message": message}
        yield _event(invocation, next(places), log.timestamp, told, source)
    for error in invocation.exceptions:
        message = f"{error.name}: {error.message}"
        told = {"level": "error", "message": message, "error": message, "type": "cf-worker"}
        source = {"level": "error", "message": message, "stack": error.stack}
        yield _event(invocation, next(places), error.timestamp, told, source)
    whole = {
        "level": "info" if invocation.outcome == "ok" else "error",
        "message": _trigger(invocation),
        "type": "cf-worker-event",
    }
    yield _event(invocation, next(places), invocation.timestamp, whole, {})


def _event(
    invocation: ObservedInvocation, place: int, at: int, told: Mapping[str, Any], source: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "dataset": DATASET,
        "timestamp": at,
        "source": dict(source),
        "$metadata": {
            "id": f"{invocation.request_id}-{place}",
            "requestId": invocation.request_id,
            "service": invocation.script,
            "trigger": _trigger(invocation),
            **told,
        },
        "$workers": {
            "scriptName": invocation.script,
            "scriptVersion": {"id": invocation.version_id},
            "requestId": invocation.request_id,
            "eventType": invocation.kind,
            "event": dict(invocation.event),
            "outcome": invocation.outcome,
            "wallTimeMs": round(invocation.wall_ms),
            "cpuTimeMs": round(invocation.cpu_ms),
            "executionModel": "stateless",
            "truncated": invocation.truncated,
        },
    }


def _trigger(invocation: ObservedInvocation) -> str:
    event = invocation.event
    if invocation.kind == "queue":
        return str(event.get("queue", ""))
    if invocation.kind == "scheduled":
        return str(event.get("cron", ""))
    request = event.get("request")
    return f"{request.get('method')} {request.get('url')}" if isinstance(request, Mapping) else ""


def _shown(part: Any) -> str:
    return part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)


def flattened(event: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The single values of an event by their key, such as `$workers.event.queue`."""
    flat: dict[str, Any] = {}
    for name, value in event.items():
        if isinstance(value, Mapping):
            flat.update(flattened(value, f"{prefix}{name}."))
        elif not isinstance(value, Sequence) or isinstance(value, str):
            flat[f"{prefix}{name}"] = value
    return flat


def kind_of(value: Any) -> str:
    """The type of a value, as the API calls it."""
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, (int, float)) else "string"


def passes(flat: Mapping[str, Any], filters: Sequence[Any], combination: str = "and") -> bool:
    """Whether an event meets the filters. Raises TelemetryError."""
    verdicts = (_meets(flat, one) for one in filters)
    return (any(verdicts) or not filters) if combination.lower() == "or" else all(verdicts)


def _meets(flat: Mapping[str, Any], condition: Any) -> bool:
    if not isinstance(condition, Mapping):
        raise TelemetryError("a filter must be an object")
    if condition.get("kind") == "group" or "filters" in condition:
        return passes(flat, condition.get("filters") or (), str(condition.get("filterCombination", "and")))
    operation = str(condition.get("operation", "")).lower()
    compare = _OPERATIONS.get(_ALIASES.get(operation, operation))
    if compare is None or not isinstance(condition.get("key"), str):
        raise TelemetryError(f"unknown operation {condition.get('operation')!r}")
    return compare(flat.get(condition["key"]), condition.get("value"))


def needle_found(flat: Mapping[str, Any], needle: Mapping[str, Any] | None) -> bool:
    """Whether some value of an event contains the text that is looked for. Raises TelemetryError."""
    if not needle or needle.get("value") in {None, ""}:
        return True
    flags = 0 if needle.get("matchCase") else re.IGNORECASE
    value = str(needle["value"])
    pattern = _pattern(value if needle.get("isRegex") else re.escape(value), flags)
    return any(pattern.search(str(value)) for value in flat.values())


def _pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    try:
        return re.compile(text, flags)
    except re.error as error:
        raise TelemetryError(f"{text!r} is no regular expression: {error}") from error


def _ordered(compare: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    def apply(value: Any, wanted: Any) -> bool:
        try:
            return compare(float(value), float(wanted))
        except (TypeError, ValueError):
            return False

    return apply


def _equal(value: Any, wanted: Any) -> bool:
    return value is not None and (value == wanted or _written(value) == _written(wanted))


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _members(wanted: Any) -> list[str]:
    if isinstance(wanted, str):
        return [one.strip() for one in wanted.split(",")]
    return list(map(_written, wanted))


_OPERATIONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": _equal,
    "neq": lambda value, wanted: not _equal(value, wanted),
    "gt": _ordered(lambda value, wanted: value > wanted),
    "gte": _ordered(lambda value, wanted: value >= wanted),
    "lt": _ordered(lambda value, wanted: value < wanted),
    "lte": _ordered(lambda value, wanted: value <= wanted),
    "includes": lambda value, wanted: value is not None and str(wanted) in str(value),
    "not_includes": lambda value, wanted: value is None or str(wanted) not in str(value),
    "starts_with": lambda value, wanted: value is not None and str(value).startswith(str(wanted)),
    "ends_with": lambda value, wanted: value is not None and str(value).endswith(str(wanted)),
    "regex": lambda value, wanted: value is not None and bool(_pattern(str(wanted)).search(str(value))),
    "exists": lambda value, _: value is not None,
    "is_null": lambda value, _: value is None,
    "in": lambda value, wanted: value is not None and _written(value) in _members(wanted),
    "not_in": lambda value, wanted: value is None or _written(value) not in _members(wanted),
}
_ALIASES: Final[Mapping[str, str]] = {"=": "eq", "!=": "neq", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}

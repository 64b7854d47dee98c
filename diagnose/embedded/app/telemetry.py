"""Workers Observability: what executed workers logged, threw and were triggered by.

Only workers whose setting `observability` is enabled are seen, as at Cloudflare.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.analytics.calculating import calculated
from diagnose.embedded.analytics.telemetry import (
    DATASET,
    TelemetryError,
    events_of,
    flattened,
    kind_of,
    needle_found,
    passes,
)
from diagnose.embedded.app.bodies import object_in
from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import success
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.state import timestamp
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call

_VIEWS: Final = frozenset({"events", "calculations", "invocations", "traces", "requests", "agents"})
_EVENTS: Final = 50
_VALUES: Final = 50


async def query(call: Call) -> Response:
    """Events, calculations or invocations of a time frame."""
    body = await _body(call)
    if not isinstance(body.get("queryId"), str):
        raise _refused("queryId must be a string")
    parameters = object_in(body, "parameters")
    view = str(body.get("view", "calculations" if parameters.get("calculations") else "events"))
    if view not in _VIEWS:
        raise _refused(f"view must be one of {', '.join(sorted(_VIEWS))}")
    started = time.perf_counter()
    found = _found(call, body, parameters, _frame(body, required=True))
    result = {
        "run": _run(call, body, started),
        "statistics": {
            "elapsed": time.perf_counter() - started,
            "rows_read": len(found),
            "bytes_read": sum(len(str(event)) for event, _ in found),
        },
    }
    return success({**result, **_view(view, found, body)})


async def keys(call: Call) -> Response:
    """The keys that events have, with the type of their values."""
    body = await _body(call)
    found = _found(call, body, body, _frame(body))
    last: dict[tuple[str, str], int] = {}
    for event, flat in found:
        for key, value in flat.items():
            if value is not None and _key_matches(key, body):
                seen = (key, kind_of(value))
                last[seen] = max(last.get(seen, 0), event["timestamp"])
    shown = [{"key": key, "type": kind, "lastSeenAt": at} for (key, kind), at in sorted(last.items())]
    return success(shown[: _limit(body, len(shown) or 1)])


async def values(call: Call) -> Response:
    """The values that events have under a key."""
    body = await _body(call)
    key, kind = body.get("key"), str(body.get("type"))
    if not isinstance(key, str) or kind not in {"string", "number", "boolean"}:
        raise _refused("key and type must name a key and its type")
    found = _found(call, body, body, _frame(body, required=True))
    distinct = dict.fromkeys(flat[key] for _, flat in found if flat.get(key) is not None)
    shown = [
        {"dataset": DATASET, "key": key, "type": kind, "value": value}
        for value in distinct
        if kind_of(value) == kind
    ]
    return success(shown[: _limit(body, _VALUES)])


def _found(
    call: Call, body: Mapping[str, Any], parameters: Mapping[str, Any], frame: tuple[float, float]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The events that are asked for, newest first, each with its single values by key."""
    seen = {
        name for name, script in call.account.scripts.items() if script.settings.observability.get("enabled")
    }
    datasets = parameters.get("datasets") or body.get("datasets") or [DATASET]
    if not isinstance(datasets, list):
        raise _refused("datasets must be an array")
    if DATASET not in datasets:
        return []
    events = events_of(one for one in call.account.observed.invocations if one.script in seen)
    flat = [(event, flattened(event)) for event in events if frame[0] <= event["timestamp"] <= frame[1]]
    filters = [] if parameters.get("filters") is None else parameters["filters"]
    how = str(parameters.get("filterCombination") or "and")
    if not isinstance(filters, list):
        raise _refused("filters must be an array")
    try:
        chosen = [
            one
            for one in flat
            if passes(one[1], filters, how) and needle_found(one[1], parameters.get("needle"))
        ]
    except (TelemetryError, TypeError, AttributeError) as error:
        raise _refused(str(error)) from error
    return sorted(chosen, key=lambda one: one[0]["timestamp"], reverse=True)


def _view(
    view: str, found: list[tuple[dict[str, Any], dict[str, Any]]], body: Mapping[str, Any]
) -> dict[str, Any]:
    events = [event for event, _ in found]
    limit = _limit(body, _EVENTS)
    match view:
        case "events":
            fields = sorted({(key, kind_of(value)) for _, flat in found for key, value in flat.items()})
            shown = {"count": len(events), "events": events[:limit], "series": []}
            return {"events": {**shown, "fields": [{"key": key, "type": kind} for key, kind in fields]}}
        case "calculations":
            try:
                return {"calculations": calculated([flat for _, flat in found], body.get("parameters") or {})}
            except (TelemetryError, TypeError, ValueError, AttributeError) as error:
                raise _refused(str(error)) from error
        case "invocations":
            grouped: dict[str, list[dict[str, Any]]] = {}
            for event in events:
                grouped.setdefault(event["$metadata"]["requestId"], []).append(event)
            return {"invocations": dict(list(grouped.items())[:limit])}
        case other:
            return {other: []}


def _run(call: Call, body: Mapping[str, Any], started: float) -> dict[str, Any]:
    now = timestamp()
    return {
        "id": secrets.token_hex(16),
        "accountId": call.account.account_id,
        "query": {"id": body["queryId"], "parameters": body.get("parameters") or {}},
        "status": "COMPLETED",
        "timeframe": body["timeframe"],
        "dry": bool(body.get("dry", False)),
        "granularity": body.get("granularity") or 0,
        "userId": call.grant.id,
        "created": now,
        "updated": now,
        "statistics": {"elapsed": time.perf_counter() - started},
    }


def _frame(body: Mapping[str, Any], *, required: bool = False) -> tuple[float, float]:
    """From and to, in milliseconds since the epoch; without them, always."""
    frame = body.get("timeframe") or {key: body[key] for key in ("from", "to") if key in body}
    if not frame and not required:
        return 0, float("inf")
    try:
        return float(frame["from"]), float(frame["to"])
    except (TypeError, KeyError, ValueError) as error:
        raise _refused("timeframe must have from and to, in milliseconds since the epoch") from error


def _key_matches(key: str, body: Mapping[str, Any]) -> bool:
    needle = body.get("keyNeedle")
    return needle_found({"key": key}, needle if isinstance(needle, dict) else None)


def _limit(body: Mapping[str, Any], default: int) -> int:
    limit = default if body.get("limit") is None else body["limit"]
    if not isinstance(limit, (int, float)) or limit < 1:
        raise _refused("limit must be a number from 1")
    return int(limit)


async def _body(call: Call) -> dict[str, Any]:
    return await call.json_object(_refused("The request body must be a JSON object"))


def _refused(message: str) -> RefusalError:
    """A question that cannot be asked. The code is not documented."""
    return RefusalError(400, 10026, message)


_TELEMETRY: Final = "/accounts/{account_id}/workers/observability/telemetry"

ROUTES: Final = (
    ApiRoute("POST", _TELEMETRY + "/query", query, Permission.OBSERVABILITY_READ),
    ApiRoute("POST", _TELEMETRY + "/keys", keys, Permission.OBSERVABILITY_READ),
    ApiRoute("POST", _TELEMETRY + "/values", values, Permission.OBSERVABILITY_READ),
)

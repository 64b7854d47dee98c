"""Calculations over events of telemetry: counts, sums and percentiles, by groups. Pure."""

from __future__ import annotations

import re
import statistics
from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.analytics.percentiles import percentile
from diagnose.embedded.analytics.telemetry import TelemetryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Flat = dict[str, Any]

_PERCENTILE: Final = re.compile(r"p(\d{2,3})")
_LIMIT: Final = 10


def calculated(events: Sequence[Flat], parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each calculation that is asked for, with its groups. Raises TelemetryError."""
    keys = [str(one.get("value")) for one in parameters.get("groupBys") or ()]
    groups: dict[tuple[Any, ...], list[Flat]] = {}
    for event in events:
        groups.setdefault(tuple(event.get(key) for key in keys), []).append(event)
    if not keys:
        groups = {(): list(events)}
    asked: Sequence[Mapping[str, Any]] = parameters.get("calculations") or ({},)
    return [_calculation(one, keys, groups, parameters) for one in asked]


def _calculation(
    asked: Mapping[str, Any],
    keys: Sequence[str],
    groups: Mapping[tuple[Any, ...], Sequence[Flat]],
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    operator = str(asked.get("operator", "count"))
    aggregates: list[dict[str, Any]] = [
        {
            "count": len(members),
            "value": calculate(operator, members, asked.get("key")),
            "interval": 0,
            "sampleInterval": 1,
            "groups": [{"key": key, "value": part} for key, part in zip(keys, group, strict=True)],
        }
        for group, members in groups.items()
    ]
    order = parameters.get("orderBy") or {}
    aggregates.sort(key=lambda one: one["value"], reverse=str(order.get("order", "desc")).lower() == "desc")
    return {
        "calculation": operator,
        "alias": asked.get("alias"),
        "aggregates": aggregates[: int(parameters.get("limit") or _LIMIT)],
        "series": [],
    }


def calculate(operator: str, events: Sequence[Flat], key: str | None) -> float:
    """One number about the events, of their values under a key. Raises TelemetryError."""
    name = operator.lower()
    if name == "count":
        return len(events)
    values = [event[key] for event in events if key is not None and event.get(key) is not None]
    if name == "uniq":
        return len(set(values))
    numbers = sorted(float(value) for value in values if isinstance(value, (int, float)))
    if not numbers:
        return 0
    if name in _OPERATORS:
        return _OPERATORS[name](numbers)
    match = _PERCENTILE.fullmatch(name)
    if match is None:
        raise TelemetryError(f"unknown operator {operator!r}")
    return percentile(numbers, match[1])


_OPERATORS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "min": min,
    "max": max,
    "sum": sum,
    "avg": statistics.fmean,
    "median": statistics.median,
    "stddev": statistics.pstdev,
    "variance": statistics.pvariance,
}

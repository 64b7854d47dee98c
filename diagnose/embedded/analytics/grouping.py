"""Records filtered, put into groups by the dimensions that are asked for, ordered and cut. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from diagnose.embedded.analytics.language import QueryError
from diagnose.embedded.analytics.percentiles import percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from diagnose.embedded.analytics.datasets import Record
    from diagnose.embedded.analytics.language import Field

Value = TypeVar("Value")

_ORDER: Final = re.compile(r"(?:(sum|avg|max)_)?(\w+)_(ASC|DESC)")
_QUANTILE: Final = re.compile(r"(\w+)P(\d+)")
_OPERATORS: Final[Mapping[str, Callable[[str, Any], bool]]] = {
    "": lambda value, wanted: bool(value == wanted),
    "neq": lambda value, wanted: bool(value != wanted),
    "in": lambda value, wanted: value in wanted,
    "notin": lambda value, wanted: value not in wanted,
    "geq": lambda value, wanted: value >= str(wanted),
    "leq": lambda value, wanted: value <= str(wanted),
    "gt": lambda value, wanted: value > str(wanted),
    "lt": lambda value, wanted: value < str(wanted),
}


def grouped(records: Iterable[Record], asked: Field) -> list[dict[str, Any]]:
    """The groups that a field of a query asks for. Raises QueryError."""
    condition = _argument(asked, "filter", dict) or {}
    dimensions = [one.name for one in _selections(asked, "dimensions")]
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        if _passes(record, condition):
            key = tuple(_dimension(record, name) for name in dimensions)
            groups.setdefault(key, []).append(record)
    members = list(groups.values())
    for order in reversed(_argument(asked, "orderBy", list) or []):
        value, descending = _order(str(order))
        members.sort(key=value, reverse=descending)
    return [_shown(group, asked.selections) for group in members[: _argument(asked, "limit", int)]]


def _argument(asked: Field, name: str, kind: type[Value]) -> Value | None:
    value = asked.arguments.get(name)
    if value is not None and not isinstance(value, kind):
        raise QueryError(f"unusable argument {name!r}")
    return value


def _selections(asked: Field, name: str) -> Sequence[Field]:
    selected = asked.selected(name)
    return () if selected is None else selected.selections


def _passes(record: Record, condition: Mapping[str, Any]) -> bool:
    return all(_holds(record, key, wanted) for key, wanted in condition.items())


def _holds(record: Record, key: str, wanted: Any) -> bool:
    if key == "AND":
        return all(_passes(record, one) for one in wanted)
    if key == "OR":
        return any(_passes(record, one) for one in wanted)
    name, _, operator = key.partition("_")
    if name == "datetime" and name not in record.dimensions:
        name = "datetimeHour"
    compare = _OPERATORS.get(operator)
    if compare is None:
        raise QueryError(f"unknown operator {operator!r} in the filter")
    return compare(_dimension(record, name), wanted)


def _dimension(record: Record, name: str) -> str:
    if name not in record.dimensions:
        raise QueryError(f"unknown field {name!r}")
    return record.dimensions[name]


def _order(text: str) -> tuple[Callable[[list[Record]], Any], bool]:
    match = _ORDER.fullmatch(text)
    if match is None:
        raise QueryError(f"unknown order {text!r}")
    aggregate, name, direction = match.groups()
    if aggregate is None and name == "count":
        return _count, direction == "DESC"
    if aggregate is None:
        return lambda group: _dimension(group[0], name), direction == "DESC"
    return lambda group: _aggregate(group, aggregate, name), direction == "DESC"


def _shown(group: list[Record], selections: Sequence[Field]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for asked in selections:
        if asked.name == "count":
            shown[asked.alias] = _count(group)
        elif asked.name == "dimensions":
            shown[asked.alias] = {one.alias: _dimension(group[0], one.name) for one in asked.selections}
        else:
            shown[asked.alias] = {
                one.alias: _aggregate(group, asked.name, one.name) for one in asked.selections
            }
    return shown


def _aggregate(group: list[Record], how: str, name: str) -> float:
    if how == "quantiles":
        return _quantile(group, name)
    facts = [_fact(record, name) for record in group]
    match how:
        case "sum":
            return sum(facts)
        case "avg":
            return sum(facts) / max(1, _count(group))
        case "max":
            return max(facts)
        case _:
            raise QueryError(f"unknown field {how!r}")


def _quantile(group: list[Record], name: str) -> float:
    """Of records that stand for one thing each; of sums nothing is known but the sum."""
    match = _QUANTILE.fullmatch(name)
    if match is None or any(record.count != 1 for record in group):
        raise QueryError(f"unknown field {name!r}")
    return percentile(sorted(_fact(record, match[1]) for record in group), match[2])


def _fact(record: Record, name: str) -> float:
    if name not in record.facts:
        raise QueryError(f"unknown field {name!r}")
    return record.facts[name]


def _count(group: list[Record]) -> int:
    return sum(record.count for record in group)

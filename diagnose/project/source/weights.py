"""How many bytes a value takes as JSON, as far as the source makes certain."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diagnose.project.source.counts import FromData
from diagnose.project.source.sql import Hole, Ordinal, Repeated, Text
from diagnose.project.source.values import (
    Built,
    Constant,
    Converted,
    Data,
    DictValue,
    Item,
    JsonText,
    ListValue,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from diagnose.project.source.counts import Count
    from diagnose.project.source.sql import SqlText
    from diagnose.project.source.values import Segment, Value

_DEEPEST = 8
_BRACKETS = 2
_COMMA = 1
_SMALLEST = 1


@dataclass(frozen=True, slots=True)
class Elements:
    """Elements of a collection.

    Attributes:
        each: bytes that one adds at least, its comma included.
        key: names the collection.
        passed_on: each is a piece of fetched data as it came, so that the source says nothing about its size.
        turns: of a loop of the code's own around the collection, which it may leave early; `each` has them.
    """

    each: int
    count: Count
    key: str
    passed_on: bool = False
    turns: int = 1


@dataclass(frozen=True, slots=True)
class JsonWeight:
    """Bytes of a value in the shortest JSON there is for it; what is not known counts as one byte.

    Attributes:
        fixed: whatever the data holds.
        elements: what grows with collections of which the source does not give the length.
    """

    fixed: int
    elements: tuple[Elements, ...] = ()


def weigh(value: Value, load: Callable[[Value], Value], depth: int = 0) -> JsonWeight:  # noqa: PLR0911 - one return for each case
    """The weight of a value; `load` answers what a reference names."""
    value = load(value)
    if depth > _DEEPEST:
        return JsonWeight(_SMALLEST)
    match value:
        case Constant(bytes()):
            return JsonWeight(_SMALLEST)
        case Constant(plain):
            return JsonWeight(_size(json.dumps(plain, ensure_ascii=False)))
        case Built(text):
            return _added([JsonWeight(_BRACKETS), _text(text)])
        case JsonText(inner) | Converted(inner):
            return weigh(inner, load, depth + 1)
        case ListValue(segments):
            return _list(segments, load, depth)
        case DictValue(entries):
            return _mapping(dict(entries), load, depth)
        case Data(expression, origin, count):
            fetched = isinstance(origin, FromData) and not origin.queried
            elements = Elements(_SMALLEST + _COMMA, count, expression, passed_on=fetched)
            return JsonWeight(_SMALLEST, (elements,))
        case _:
            return JsonWeight(_SMALLEST)


def weigh_stored(value: Value, load: Callable[[Value], Value]) -> JsonWeight:
    """The weight of a value that D1 stores: a text as its own characters, a JSON text as JSON."""
    match load(value):
        case Constant(str() as plain):
            return JsonWeight(_size(plain))
        case Constant(bytes() as plain):
            return JsonWeight(len(plain))
        case Built(text):
            return _text(text, _size)
        case JsonText() as text:
            return weigh(text, load)
        case _:
            return JsonWeight(_SMALLEST)


def weigh_all(segments: Sequence[Segment], load: Callable[[Value], Value]) -> JsonWeight:
    """The weight of several values together, without anything between them."""
    whole = _list(segments, load, 0)
    return replace(whole, fixed=max(whole.fixed - _BRACKETS, 0))


def heaviest(weights: Iterable[JsonWeight]) -> JsonWeight | None:
    """The one that takes most bytes, by the numbers that the source names; None without any."""
    return max(weights, key=_known, default=None)


def _known(weight: JsonWeight) -> int:
    return weight.fixed + sum(each.each * _named(each.count) for each in weight.elements)


def _named(count: Count) -> int:
    asked = count.asked if isinstance(count, FromData) else None
    return count.upper or asked or 1


def _size(text: str) -> int:
    return len(text.encode(errors="replace"))


def _added(weights: Iterable[JsonWeight]) -> JsonWeight:
    found = list(weights)
    return JsonWeight(
        sum(weight.fixed for weight in found), tuple(each for weight in found for each in weight.elements)
    )


def _list(segments: Sequence[Segment], load: Callable[[Value], Value], depth: int) -> JsonWeight:
    inside = _added(_segment(segment, load, depth) for segment in segments)
    comma = _COMMA if any(isinstance(segment, Item) for segment in segments) else 0
    return replace(inside, fixed=inside.fixed + _BRACKETS - comma)


def _segment(segment: Segment, load: Callable[[Value], Value], depth: int) -> JsonWeight:
    """An element with its comma, or what a collection repeats."""
    if isinstance(segment, Item):
        weight = weigh(segment.value, load, depth + 1)
        return replace(weight, fixed=weight.fixed + _COMMA)
    unit = _added(_segment(one, load, depth + 1) for one in segment.items)
    count = segment.size.count
    if count.exact is not None:
        return _times(unit, count.exact)
    return JsonWeight(0, (Elements(unit.fixed, count, segment.size.key, _passes_on(segment.items, load)),))


def _times(unit: JsonWeight, number: int) -> JsonWeight:
    elements = tuple(
        replace(each, each=each.each * number, turns=each.turns * number) for each in unit.elements
    )
    return JsonWeight(unit.fixed * number, elements)


def _passes_on(items: Sequence[Segment], load: Callable[[Value], Value]) -> bool:
    """Each turn adds one piece of fetched data as it came."""
    if len(items) != 1 or not isinstance(items[0], Item):
        return False
    value = load(items[0].value)
    return isinstance(value, Data) and isinstance(value.origin, FromData) and not value.origin.queried


def _mapping(entries: dict[str, Item], load: Callable[[Value], Value], depth: int) -> JsonWeight:
    weights = [weigh(item.value, load, depth + 1) for item in entries.values()]
    keys = sum(_size(json.dumps(key, ensure_ascii=False)) + 1 for key in entries)
    commas = max(len(entries) - 1, 0)
    inside = _added(weights)
    return replace(inside, fixed=inside.fixed + keys + commas + _BRACKETS)


def _escaped(text: str) -> int:
    return _size(json.dumps(text, ensure_ascii=False)) - _BRACKETS


def _text(text: SqlText, size: Callable[[str], int] = _escaped) -> JsonWeight:
    """The characters of a text that is known in parts."""
    weights: list[JsonWeight] = []
    for part in text.parts:
        match part:
            case Text(plain):
                weights.append(JsonWeight(size(plain)))
            case Ordinal():
                weights.append(JsonWeight(_SMALLEST))
            case Hole():
                continue
            case Repeated(unit, separator, count, key):
                one = _text(unit, size)
                each = replace(one, fixed=one.fixed + size(separator))
                exact = count.exact
                known = _times(each, exact) if exact else JsonWeight(0, (Elements(each.fixed, count, key),))
                weights.append(known)
    return _added(weights)

"""Lengths: of collections, of slices, of ranges; and what a loop over something sees."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

from diagnose.project.source import classes, texts
from diagnose.project.source.counts import (
    AtMost,
    Exactly,
    FromData,
    UnknownCount,
    bounded,
    multiplied,
    turns,
)
from diagnose.project.source.joining import joined
from diagnose.project.source.values import (
    ClassValue,
    Constant,
    Data,
    DictValue,
    Index,
    Item,
    Length,
    ListValue,
    Many,
    Offset,
    QueryResult,
    Range,
    Size,
    Smallest,
    renamed,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.counts import (
        Count,
    )
    from diagnose.project.source.values import Segment, Value


@dataclass(frozen=True, slots=True)
class Iteration:
    """What a loop sees: each element, and how many there are."""

    element: Value
    size: Size


def length_of(value: Value, source: str) -> Size:  # noqa: PLR0911 - one return for each case
    """The length of a collection that is written `source`."""
    match value:
        case ListValue(segments):
            size = segments_size(segments, source)
            return Size(renamed(size.count, source), size.key) if source.isidentifier() else size
        case DictValue(entries, complete=True):
            return Size(Exactly(len(entries)), source)
        case Constant(str() | bytes() as text):
            return Size(Exactly(len(text)), source)
        case Data(expression, _, count):
            return Size(renamed(count, source), expression)
        case ClassValue() if (members := classes.enumerated(value)) is not None:
            return Size(Exactly(members), source)
        case Range(Constant(int(start)), Constant(int(stop)), Constant(int(step))) if step:
            return Size(Exactly(len(range(start, stop, step))), source)
        case Range(Constant(0), Length(size), Constant(int(step))) if step > 0:
            return size if step == 1 else Size(turns(size.count, step), f"{size.key} by {step}")
        case Range(Constant(0), Smallest() as stop, Constant(1)):
            return number_size(stop, source)
        case _:
            return Size(UnknownCount(source), source)


def segments_size(segments: Sequence[Segment], source: str) -> Size:
    """The length of a list; one repetition of one element decides beside a few single ones."""
    single = sum(1 for segment in segments if isinstance(segment, Item))
    many = [segment for segment in segments if isinstance(segment, Many)]
    if not many:
        return Size(Exactly(single), source)
    if len(many) > 1:
        return Size(UnknownCount(source), source)
    size = many_size(many[0])
    if not single:
        return size
    if isinstance(size.count, Exactly):
        return Size(Exactly(size.count.n + single), source)
    if isinstance(size.count, AtMost):
        return Size(AtMost(size.count.n + single, size.count.of), source)
    return size


def many_size(many: Many) -> Size:
    """How many elements a repetition adds to its list."""
    inner = segments_size(many.items, many.size.key)
    if inner.count == Exactly(1):
        return many.size
    return Size(multiplied(many.size.count, inner.count), f"{many.size.key} times {len(many.items)}")


def number_size(value: Value, source: str) -> Size:
    """A number as a count of repetitions."""
    match value:
        case Constant(bool() | int() as number):
            return Size(Exactly(max(int(number), 0)), source)
        case Length(size):
            return size
        case Smallest(values):
            return _smallest([number_size(one, source) for one in values], source)
        case Data(expression, origin):
            return Size(UnknownCount(str(getattr(origin, "expression", expression))), source)
        case _:
            return Size(UnknownCount(source), source)


def _smallest(sizes: list[Size], source: str) -> Size:
    limits = [size.count.upper for size in sizes if size.count.upper is not None]
    if not limits:
        return Size(UnknownCount(source), source)
    open_ended = [size for size in sizes if size.count.upper is None]
    of = open_ended[0].key if open_ended else source
    return Size(AtMost(min(limits), of), source)


def slice_width(lower: Value | None, upper: Value | None) -> int | None:  # noqa: PLR0911 - one return for each case
    """The most elements of `[lower:upper]`, or None when it has no bound."""
    if isinstance(upper, Smallest):
        widths = [width for one in upper.values if (width := slice_width(lower, one)) is not None]
        return min(widths, default=None)
    match lower, upper:
        case None | Constant(0 | None), Constant(int(stop)) if stop >= 0:
            return stop
        case Constant(int(start)), Constant(int(stop)) if 0 <= start <= stop:
            return stop - start
        case Constant(int(start)), None | Constant(None) if start < 0:
            return -start
        case Index(name, start, step), Index(other, stop, other_step) if (name, step) == (other, other_step):
            return stop - start
        case Offset(base, start), Offset(other_base, stop) if base == other_base:
            return stop - start
        case base, Offset(other_base, stop) if base == other_base:
            return stop
        case _:
            return None


def sliced(value: Value, lower: Value | None, upper: Value | None, source: str, whole: str) -> Value:
    """`value[lower:upper]`, written `source`; the value alone is written `whole`."""
    width = slice_width(lower, upper)
    if width is None and not (upper is None or isinstance(upper, Constant)):
        return _sliced_somewhere(value, source)
    match value:
        case ListValue(segments) if all(isinstance(segment, Item) for segment in segments):
            bounds = _constants(lower, upper)
            return (
                _cut(value, width, source, whole)
                if bounds is None
                else replace(value, segments=segments[bounds])
            )
        case ListValue():
            return _cut(value, width, source, whole)
        case Data(_, _, count):
            return replace(value, expression=source, count=_cut_count(count, width, whole, source))
        case _ if texts.is_text(value):
            return _sliced_text(value, lower, upper, source)
        case _:
            return unknown(source)


def _sliced_somewhere(value: Value, source: str) -> Value:
    """A slice whose width the source does not settle."""
    count = UnknownCount(source, sliced=True)
    match value:
        case ListValue(segments, kind, span):
            element = Item(_element(segments, source), source)
            return ListValue((Many((element,), Size(count, source)),), kind, span)
        case Data(_, origin):
            return Data(source, origin, count)
        case _:
            return unknown(source)


def _constants(lower: Value | None, upper: Value | None) -> slice | None:
    bounds: list[int | None] = []
    for bound in (lower, upper):
        if bound is None or bound == Constant(None):
            bounds.append(None)
        elif isinstance(bound, Constant) and isinstance(bound.value, int):
            bounds.append(bound.value)
        else:
            return None
    return slice(*bounds)


def _sliced_text(value: Value, lower: Value | None, upper: Value | None, source: str) -> Value:
    bounds = _constants(lower, upper)
    if bounds is None:
        return unknown(source)
    if isinstance(value, Constant) and isinstance(value.value, str):
        return Constant(value.value[bounds], value.span)
    if bounds.start is None and isinstance(bounds.stop, int) and bounds.stop < 0:
        return texts.without_suffix(value, -bounds.stop) or unknown(source)
    return unknown(source)


def _cut(value: ListValue, width: int | None, source: str, whole: str) -> ListValue:
    size = segments_size(value.segments, source)
    element = _element(value.segments, source)
    count = _cut_count(size.count, width, whole, source)
    return ListValue((Many((Item(element, source),), Size(count, source)),), value.kind, value.span)


def _cut_count(count: Count, width: int | None, whole: str, source: str) -> Count:
    if width is not None:
        return bounded(count, width, whole)
    if isinstance(count, Exactly):
        return AtMost(count.n, whole)
    return renamed(replace(count, asked=None) if isinstance(count, FromData) else count, source)


def iterated(value: Value, target: str, source: str) -> Iteration:
    """A loop `for target in value`, where the value is written `source`."""
    size = length_of(value, source)
    match value:
        case ListValue(segments):
            return Iteration(_element(segments, target), size)
        case Data():
            return Iteration(value.element(target), size)
        case DictValue():
            return Iteration(unknown(target), size)
        case Range(Constant(int(start)), _, Constant(int(step))):
            return Iteration(Index(f"{target} in {source}", start, step), size)
        case _ if texts.is_text(value) and (known := texts.characters(value)) is not None:
            return Iteration(_element(known, target), segments_size(known, source))
        case _:
            return Iteration(unknown(target), size)


def _element(segments: Sequence[Segment], target: str) -> Value:
    values = [_single(segment) for segment in segments]
    if values and all(value is not None and value == values[0] for value in values):
        return values[0] or unknown(target)
    if values and all(isinstance(value, QueryResult) for value in values):
        return values[0] or unknown(target)
    lists = [value for value in values if isinstance(value, ListValue)]
    if lists and len(lists) == len(values):
        columns = [value.segments for value in lists]
        if any(isinstance(segment, Many) for column in columns for segment in column):
            first: Value = lists[0]
            return reduce(lambda one, other: joined(one, other, target), lists[1:], first)
        if len({len(column) for column in columns}) == 1:
            return ListValue(
                tuple(Item(unknown(f"{target}[{index}]")) for index in range(len(columns[0]))), "tuple"
            )
    return unknown(target)


def _single(segment: Segment) -> Value | None:
    if isinstance(segment, Item):
        return segment.value
    return _single(segment.items[0]) if len(segment.items) == 1 else None


def chunked(value: Value, per: Value, source: str) -> ListValue:
    """Slices of at most `per` elements: `batched(value, per)`."""
    size = length_of(value, source)
    width = per.value if isinstance(per, Constant) and isinstance(per.value, int) else None
    chunk = sliced(value, None, per, f"{source} in slices", source)
    if width is None or width <= 0:
        chunk = _unsettled(chunk, source)
        return ListValue((Many((Item(chunk),), Size(UnknownCount(source), source)),), "generator")
    count = turns(size.count, width)
    return ListValue((Many((Item(chunk),), Size(count, f"{size.key} by {width}")),), "generator")


def _unsettled(chunk: Value, source: str) -> Value:
    origin = chunk.origin if isinstance(chunk, Data) else UnknownCount(source)
    return Data(f"{source} in slices", origin, UnknownCount(f"slices of {source}", sliced=True))

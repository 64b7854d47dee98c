"""What a place holds where two paths of a program meet."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.project.source.counts import AtMost, UnknownCount, filtered, worst
from diagnose.project.source.sql import Hole, Repeated, SqlText, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.project.source.sql import Part
    from diagnose.project.source.values import (
        Segment,
        Value,
    )

from diagnose.project.source.values import (
    NOTHING,
    Alternatives,
    Built,
    Constant,
    Data,
    DictValue,
    FunctionValue,
    Item,
    Length,
    ListValue,
    Many,
    Prepared,
    Received,
    Size,
    Tally,
    parts_of,
    text_of,
    unknown,
    unparsed,
)

_IN_LIST = re.compile(r"\bIN\s*\(\s*$", re.IGNORECASE)


def joined(first: Value, second: Value, where: str) -> Value:  # noqa: PLR0911, PLR0912 - one for each case
    """What a place holds where two paths meet; `where` names it if neither path decides."""
    if first == second:
        return first
    for one, other in ((first, second), (second, first)):
        if one == NOTHING or (isinstance(one, ListValue) and not one.segments):
            return other
        if one == DictValue() and isinstance(other, ListValue) and other.kind == "dict":
            return other
    match first, second:
        case Data(), Data():
            return Data(
                first.expression,
                worst(first.origin, second.origin),
                worst(first.count, second.count),
                _both_received(first, second),
                vetted=(first.vetted or second.vetted) and first.source is None and second.source is None,
            )
        case ListValue(), ListValue():
            return _joined_lists(first, second, where)
        case ((Built() | Constant(str())), (Built() | Constant(str()))):
            return _joined_texts(first, second, where)
        case (Tally() | Length(), Tally() | Length() | Constant(int())) | (
            Constant(int()),
            Tally() | Length(),
        ):
            return tally(first, second) or unknown(where)
        case DictValue(), DictValue():
            known = tuple(entry for entry in first.entries if entry in second.entries)
            return DictValue(known, complete=False)
        case Prepared(), Prepared():
            return _joined_statements(first, second, where)
        case (FunctionValue() | Alternatives(), FunctionValue() | Alternatives()):
            return alternatives(first, second)
        case (Data() as data, ListValue()) | (ListValue(), Data() as data):
            return data
        case (Data() as data, Constant() | Built()) | (Constant() | Built(), Data() as data) if data.source:
            return _or_default(data, where)
        case _:
            return unknown(where)


def _joined_statements(first: Prepared, second: Prepared, where: str) -> Value:
    """One statement, with the parameters of the path that binds any (`if params: …bind(*params)`)."""
    if (first.binding, first.sql) != (second.binding, second.sql):
        return unknown(where)
    if first.params is None or second.params is None:
        return second if first.params is None else first
    params = joined(first.params, second.params, where)
    return replace(first, params=params) if isinstance(params, ListValue) else unknown(where)


def alternatives(*values: Value) -> Alternatives | FunctionValue:
    """One of these functions."""
    found: dict[FunctionValue, None] = {}
    for value in values:
        for function in value.functions if isinstance(value, Alternatives) else (value,):
            if isinstance(function, FunctionValue):
                found[function] = None
    return Alternatives(tuple(found)) if len(found) > 1 else next(iter(found))


def any_function(mapping: DictValue) -> Value | None:
    """What a key that is not known leads to, where every entry is a function of the project."""
    values = [item.value for _, item in mapping.entries]
    if not values or not all(isinstance(value, FunctionValue) for value in values):
        return None
    return alternatives(*values)


def _or_default(data: Data, where: str) -> Data:
    """Somebody's value or one of the source's own: whose it is stays, and how long it is gets lost."""
    return Data(where, data.origin, UnknownCount(where))


def _both_received(first: Data, second: Data) -> Received | None:
    """The part of a message that both ways lead to, parsed from text or not."""
    one, other = first.received, second.received
    if one is None or other is None or one == other:
        return one if one == other else None
    if one.part != "body" or unparsed(one.path) != unparsed(other.path):
        return None
    return Received("body", unparsed(one.path), mixed=True)


def tally(*values: Value) -> Tally | None:
    """A number computed from these, when one of them counts rows."""
    counted = [value for value in values if isinstance(value, (Tally, Length))]
    if not counted:
        return None
    changes = [value for value in counted if isinstance(value, Tally) and value.from_changes]
    return Tally(bool(changes), (changes or counted)[0].span)


def _joined_lists(first: ListValue, second: ListValue, where: str) -> Value:
    short, long = sorted((first, second), key=lambda value: len(value.segments))
    size = len(short.segments)
    if long.segments[:size] == short.segments and size < len(long.segments):
        rest = tuple(_some_of(segment, where) for segment in long.segments[size:])
        return replace(long, segments=(*short.segments, *rest))
    if size == len(long.segments):
        pairs = zip(first.segments, second.segments, strict=True)
        merged = tuple(_joined_segments(one, other, where) for one, other in pairs)
        if all(segment is not None for segment in merged):
            return replace(first, segments=_in_a_row(segment for segment in merged if segment is not None))
    return unknown(where)


def _joined_segments(first: Segment, second: Segment, where: str) -> Segment | None:
    match first, second:
        case Item(), Item():
            return replace(first, value=joined(first.value, second.value, where))
        case Many(size=Size(whole=whole)), Many() if _in_both(first, second):
            return replace(first, size=whole or first.size)
        case Many(), Many() if len(first.items) == len(second.items):
            return replace(first, size=Size(worst(first.size.count, second.size.count), first.size.key))
        case _:
            return None


def _in_both(first: Many, second: Many) -> bool:
    """Both branches of one test in a loop add as many elements: together they do so in every turn."""
    whole = first.size.whole
    return (
        whole is not None
        and first.size != whole
        and whole == second.size.whole
        and first.head == second.head
        and len(first.items) == len(second.items)
    )


def _in_a_row(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The segments, those that one loop adds together where nothing stands between them."""
    found: tuple[Segment, ...] = ()
    for segment in segments:
        found = merged(found, (segment,))
    return found


def merged(before: tuple[Segment, ...], after: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """Segments one after the other; neighbouring repetitions in one loop become one."""
    if before and len(after) == 1:
        last, new = before[-1], after[0]
        if (
            isinstance(last, Many)
            and isinstance(new, Many)
            and last.size == new.size
            and last.head == new.head
        ):
            return (*before[:-1], replace(last, items=merged(last.items, new.items)))
    return (*before, *after)


def _some_of(segment: Segment, where: str) -> Segment:
    if isinstance(segment, Many):
        return replace(segment, size=Size(filtered(segment.size.count), segment.size.key))
    return Many((segment,), Size(AtMost(1, where), f"branch {where}"))


def _joined_texts(first: Value, second: Value, where: str) -> Value:
    one, other = parts_of(first, where), parts_of(second, where)
    short, long = sorted((one, other), key=_written)
    span = getattr(first, "span", None)
    rest = _after(long, short)
    if rest is None:
        return text_of((Hole(where),), span)
    if any(isinstance(part, Repeated) for part in rest):
        return text_of(long if _is_list(rest) else (*short, Hole(where)), span)
    optional = Repeated(SqlText(rest), "", AtMost(1, where), f"branch {where}")
    return text_of((*short, optional), span)


def _is_list(parts: tuple[Part, ...]) -> bool:
    """A clause that one path adds ends in the list of an `IN (…)`: it decides how long the text gets."""
    repeated = [position for position, part in enumerate(parts) if isinstance(part, Repeated)]
    before = parts[repeated[0] - 1] if len(repeated) == 1 and repeated[0] else None
    return isinstance(before, Text) and _IN_LIST.search(before.text) is not None


def _written(parts: tuple[Part, ...]) -> int:
    return sum(len(part.text) if isinstance(part, Text) else 1 for part in parts)


def _after(long: tuple[Part, ...], short: tuple[Part, ...]) -> tuple[Part, ...] | None:
    """What follows `short` in `long`, or None when it does not begin with it."""
    if not short:
        return long
    *front, last = short
    if long[: len(front)] != tuple(front) or len(long) < len(short):
        return None
    meeting = long[len(front)]
    if meeting == last:
        return long[len(short) :]
    if isinstance(meeting, Text) and isinstance(last, Text) and meeting.text.startswith(last.text):
        return (Text(meeting.text[len(last.text) :]), *long[len(short) :])
    return None

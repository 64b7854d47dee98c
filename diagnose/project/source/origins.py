"""Whose data a value holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.source.sql import SqlText
from diagnose.project.source.values import (
    Built,
    Converted,
    Data,
    DictValue,
    JsonText,
    ListValue,
    Many,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from diagnose.project.source.sql import Origin, Part
    from diagnose.project.source.values import Segment, Value

_DEEPEST = 8


def origins_of(value: Value, load: Callable[[Value], Value]) -> frozenset[Origin]:
    """Who gave the data that a value is made of, as far as that is known; `load` looks into the heap."""
    return frozenset(_origins(value, load, _DEEPEST))


def _origins(value: Value, load: Callable[[Value], Value], depth: int) -> Iterator[Origin]:
    content = load(value)
    if depth == 0:
        return
    match content:
        case Data(source=origin) if origin is not None:
            yield origin
        case Built(SqlText(parts)):
            yield from _in_text(parts)
        case JsonText(inner) | Converted(inner):
            yield from _origins(inner, load, depth - 1)
        case DictValue(entries):
            for _, item in entries:
                yield from _origins(item.value, load, depth - 1)
        case ListValue(segments):
            yield from _in_list(segments, load, depth - 1)
        case _:
            pass


def _in_list(segments: Sequence[Segment], load: Callable[[Value], Value], depth: int) -> Iterator[Origin]:
    for segment in segments:
        if isinstance(segment, Many):
            yield from _in_list(segment.items, load, depth)
        else:
            yield from _origins(segment.value, load, depth)


def _in_text(parts: Sequence[Part]) -> Iterator[Origin]:
    for hole in SqlText(tuple(parts)).holes():
        if hole.origin is not None:
            yield hole.origin

"""The shape of a message: which fields a producer puts into it, as far as the source says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from diagnose.project.source.values import (
    Built,
    Constant,
    Converted,
    DictValue,
    Item,
    JsonText,
    Length,
    ListValue,
    Tally,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from diagnose.project.source.values import Segment, Value

_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Anything:
    """A value that the source does not settle."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A text, or a number, truth value or null."""

    kind: Literal["text", "other"]


@dataclass(frozen=True, slots=True)
class Fields:
    """An object; `complete` when it has no other fields than these."""

    entries: tuple[tuple[str, Shape], ...]
    complete: bool = True

    def get(self, name: str) -> Shape | None:
        """The shape of a field, or None without it."""
        return dict(self.entries).get(name)


@dataclass(frozen=True, slots=True)
class Elements:
    """A list whose elements all have one shape."""

    element: Shape


@dataclass(frozen=True, slots=True)
class Encoded:
    """The JSON text of a value."""

    of: Shape


Shape: TypeAlias = "Anything | Plain | Fields | Elements | Encoded"


def shape_of(value: Value, load: Callable[[Value], Value], depth: int = _DEEPEST) -> Shape:  # noqa: PLR0911 - one return for each case
    """The shape of a value; `load` looks into the heap."""
    content = load(value)
    if depth == 0:
        return Anything()
    match content:
        case DictValue(entries, complete):
            fields = {name: shape_of(item.value, load, depth - 1) for name, item in entries}
            return Fields(tuple(fields.items()), complete)
        case ListValue(segments, kind) if kind != "dict":
            return Elements(_element(segments, load, depth - 1))
        case JsonText(inner):
            return Encoded(shape_of(inner, load, depth - 1))
        case Converted(inner):
            return shape_of(inner, load, depth - 1)
        case Constant(str()) | Built():
            return Plain("text")
        case Constant(int() | float() | None) | Length() | Tally():
            return Plain("other")
        case _:
            return Anything()


def bodies_of(messages: Value, load: Callable[[Value], Value]) -> tuple[Shape, ...]:
    """The shapes of the bodies in what `sendBatch` receives, each once."""
    content = load(messages)
    if isinstance(content, Converted):
        content = load(content.value)
    if not isinstance(content, ListValue):
        return (Anything(),)
    shapes = (_body(item.value, load) for item in _items(content.segments))
    return tuple(dict.fromkeys(shapes))


def _body(message: Value, load: Callable[[Value], Value]) -> Shape:
    content = load(message)
    if isinstance(content, Converted):
        content = load(content.value)
    item = content.get("body") if isinstance(content, DictValue) else None
    return shape_of(item.value, load) if item else Anything()


def _element(segments: Sequence[Segment], load: Callable[[Value], Value], depth: int) -> Shape:
    shapes = {shape_of(item.value, load, depth) for item in _items(segments)}
    return shapes.pop() if len(shapes) == 1 else Anything()


def _items(segments: Sequence[Segment]) -> Iterator[Item]:
    for segment in segments:
        if isinstance(segment, Item):
            yield segment
        else:
            yield from _items(segment.items)

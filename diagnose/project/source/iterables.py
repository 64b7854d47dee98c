"""What functions of Python's library over collections and numbers yield."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from diagnose.project.source import lengths
from diagnose.project.source.counts import filtered
from diagnose.project.source.joining import tally
from diagnose.project.source.methods import Methods
from diagnose.project.source.values import (
    Constant,
    Data,
    DictValue,
    External,
    FunctionValue,
    Item,
    Length,
    ListValue,
    Many,
    Range,
    Size,
    Smallest,
    parts_of,
    text_of,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diagnose.project.source import ir
    from diagnose.project.source.values import Segment, Value

_SAME_LENGTH = {
    "list",
    "tuple",
    "sorted",
    "reversed",
    "iter",
    "set",
    "frozenset",
    "deepcopy",
    "copy",
    "dict",
    "deque",
    "aiter",
}


class Iterables(Methods):
    """Evaluates `len`, `range`, `map`, `batched` and their like."""

    def _len(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        if item is None:
            return unknown(node.source)
        size = self.settled(lengths.length_of(self.frozen(item.value), item.source))
        exact = size.count.exact
        return Constant(exact) if exact is not None else Length(size, node.span)

    def _range(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        values = [one.value for one in arguments if isinstance(one, Item)]
        if len(values) == 1:
            return Range(Constant(0), values[0], Constant(1))
        if len(values) in {2, 3}:
            return Range(values[0], values[1], values[2] if len(values) > 2 else Constant(1))  # noqa: PLR2004 - start, stop, step
        return unknown(node.source)

    def _enumerate(self, arguments: Sequence[Segment], keywords: dict[str, Item], node: ir.Call) -> Value:
        start = item_at(arguments, 1) or keywords.get("start")
        return self.enumerated(arguments, start.value if start else Constant(0), node.source)

    def _zip(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        return self.zipped(arguments, node.source)

    def _min(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        values = [one.value for one in arguments if isinstance(one, Item)]
        if len(values) < 2:  # noqa: PLR2004 - of a collection, not of numbers
            return unknown(node.source)
        numbers = [
            value.value
            for value in values
            if isinstance(value, Constant) and isinstance(value.value, (int, float))
        ]
        return Constant(min(numbers)) if len(numbers) == len(values) else Smallest(tuple(values))

    def _max(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        values = [one.value for one in arguments if isinstance(one, Item)]
        numbers = [
            value.value
            for value in values
            if isinstance(value, Constant) and isinstance(value.value, (int, float))
        ]
        if len(numbers) == len(values) > 1:
            return Constant(max(numbers))
        others = [value for value in values if not isinstance(value, Constant)]
        return others[0] if len(others) == 1 and numbers in ([0], [1]) else unknown(node.source)

    def _int(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        value = arguments[0].value if arguments and isinstance(arguments[0], Item) else unknown(node.source)
        if isinstance(value, Constant) and isinstance(value.value, (int, float, str)):
            try:
                return Constant(int(value.value))
            except (ValueError, OverflowError):
                return unknown(node.source)
        return replace(value, vetted=True) if isinstance(value, Data) else value

    def _str(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        return text_of(parts_of(self.load(item.value), item.source), node.span) if item else Constant("")

    def _sum(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        if item is None:
            return unknown(node.source)
        element = lengths.iterated(self.frozen(item.value), item.source, item.source).element
        return tally(element) or unknown(node.source)

    def _same_length(self, arguments: Sequence[Segment], keywords: dict[str, Item], node: ir.Call) -> Value:  # noqa: PLR0911 - one return for each case
        item = item_at(arguments, 0)
        last = node.function.source.rpartition(".")[2]
        if item is None:
            if last == "dict":
                return self.allocate(DictValue(tuple(keywords.items())))
            return self.allocate(ListValue((), last, node.span))
        if last == "iter" and len(arguments) > 1 and isinstance(item.value, FunctionValue):
            element = self.settle(self.call_function(item.value, (), {}))
            return ListValue(
                (Many((Item(element),), Size(unknown(node.source).count, node.source)),), "generator"
            )
        value = self.frozen(self.settle(item.value))
        if isinstance(value, Data):
            if last not in {"set", "frozenset", "dict"}:
                return replace(value, expression=node.source) if last == "sorted" else value
            return Data(node.source, value.origin, filtered(value.count))
        if isinstance(value, DictValue):
            return self.allocate(value)
        segments = self.elements(value, item.source)
        if last in {"set", "frozenset", "dict"}:
            segments = tuple(_some(one) for one in segments)
        kind = last if last in {"tuple", "set", "dict"} else "list"
        return self.allocate(ListValue(segments, kind, node.span))

    def _map(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        function, item = item_at(arguments, 0), item_at(arguments, 1)
        if function is None or item is None:
            return unknown(node.source)
        inner = lengths.iterated(self.frozen(item.value), f"{item.source}[…]", item.source)
        value: Value = unknown(node.source)
        if isinstance(function.value, FunctionValue):
            value = self.settle(self.call_function(function.value, (Item(inner.element),), {}))
        elif function.value == External("str"):
            value = inner.element
        return ListValue((Many((Item(self.frozen(value)),), self.settled(inner.size)),), "generator")

    def _filter(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 1)
        if item is None:
            return unknown(node.source)
        inner = lengths.iterated(self.frozen(item.value), f"{item.source}[…]", item.source)
        size = Size(filtered(self.settled(inner.size).count), f"{inner.size.key} if …")
        return ListValue((Many((Item(inner.element),), size),), "generator")

    def _chunked(self, arguments: Sequence[Segment], keywords: dict[str, Item], node: ir.Call) -> Value:
        item, per = item_at(arguments, 0), item_at(arguments, 1) or keywords.get("n")
        if item is None or per is None:
            return unknown(node.source)
        return lengths.chunked(self.frozen(item.value), per.value, item.source)

    def _islice(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        values = [one.value for one in arguments if isinstance(one, Item)]
        if len(values) < 2:  # noqa: PLR2004 - iterable, stop
            return unknown(node.source)
        lower, upper = (None, values[1]) if len(values) == 2 else (values[1], values[2])  # noqa: PLR2004 - iterable, start, stop
        return lengths.sliced(self.frozen(values[0]), lower, upper, node.source, node.arguments[0].source)

    def _repeat(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        value, times = item_at(arguments, 0), item_at(arguments, 1)
        if value is None or times is None:
            return unknown(node.source)
        size = self.settled(lengths.number_size(times.value, times.source))
        return ListValue((Many((value,), size),), "generator")

    def _chain(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        items = [one for one in arguments if isinstance(one, Item)]
        if node.function.source.endswith("from_iterable") and items:
            outer = self.elements(items[0].value, items[0].source)
            return ListValue(tuple(self._flat(one) for one in outer), "generator")
        return ListValue(
            tuple(piece for one in items for piece in self.elements(one.value, one.source)), "generator"
        )

    def _flat(self, segment: Segment) -> Segment:
        if isinstance(segment, Many):
            inner = tuple(
                piece
                for one in segment.items
                for piece in (self.elements(one.value, one.source) if isinstance(one, Item) else (one,))
            )
            return replace(segment, items=inner)
        return segment

    def _next(self, arguments: Sequence[Segment], _: dict[str, Item], node: ir.Call) -> Value:
        item = item_at(arguments, 0)
        if item is None:
            return unknown(node.source)
        return lengths.iterated(self.frozen(item.value), node.source, item.source).element

    FUNCTIONS: ClassVar[dict[str, Callable[[Any, Sequence[Segment], dict[str, Item], ir.Call], Value]]] = {
        "len": _len,
        "range": _range,
        "enumerate": _enumerate,
        "zip": _zip,
        "min": _min,
        "max": _max,
        "int": _int,
        "math.floor": _int,
        "str": _str,
        "sum": _sum,
        "map": _map,
        "filter": _filter,
        "next": _next,
        "anext": _next,
        "batched": _chunked,
        "chunked": _chunked,
        "islice": _islice,
        "itertools.repeat": _repeat,
        "itertools.chain": _chain,
        "itertools.chain.from_iterable": _chain,
        **dict.fromkeys(_SAME_LENGTH, _same_length),
    }


def item_at(arguments: Sequence[Segment], position: int) -> Item | None:
    """The argument at a position, or None when there is none or `*` leaves it open."""
    if position >= len(arguments):
        return None
    segment = arguments[position]
    return segment if isinstance(segment, Item) else None


def _some(segment: Segment) -> Segment:
    if isinstance(segment, Many):
        return replace(segment, size=Size(filtered(segment.size.count), f"set({segment.size.key})"))
    return segment

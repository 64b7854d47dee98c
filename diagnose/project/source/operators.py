"""What operators yield: arithmetic, text, repetition."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from diagnose.project.source import forgetting, lengths, texts
from diagnose.project.source.counts import AtMost
from diagnose.project.source.joining import tally
from diagnose.project.source.values import (
    Constant,
    Data,
    DictValue,
    Index,
    Item,
    Length,
    ListValue,
    Many,
    Offset,
    Size,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.project.source import ir
    from diagnose.project.source.values import Value
from diagnose.project.source.assignments import Assignments

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "/": operator.truediv,
    "**": operator.pow,
}
_LARGEST_POWER = 64
_LARGEST_COPIES = 100_000


class Operators(Assignments):
    """Evaluates `left operator right`."""

    def answered(self, value: Value) -> Value:
        """What is meant by a value that is used like an answer; a call that nothing waits for is none."""
        if not forgetting.is_no_answer(value):
            return value
        forgetting.note(value, self.frame, self.function_name, self.records)
        return value.value

    def combined(  # noqa: PLR0911 - one return for each case
        self, sign: str, left: Value, right: Value, sources: tuple[str, str], node: ir.Node
    ) -> Value:
        """`left sign right`."""
        left, right = (self.answered(self.frozen(value)) for value in (left, right))
        source = f"{sources[0]} {sign} {sources[1]}"
        match sign, left, right:
            case _, Constant(int() | float()), Constant(int() | float()):
                return _calculated(sign, left, right, node) or unknown(source)
            case "+", ListValue(), _:
                return self.allocate(
                    replace(left, segments=(*left.segments, *self.elements(right, sources[1])))
                )
            case "*", ListValue(), _:
                return self._copies(left, right, sources)
            case "*", _, ListValue():
                return self._copies(right, left, (sources[1], sources[0]))
            case "+", _, _ if texts.is_text(left) or texts.is_text(right):
                return texts.concatenated(left, right, sources, node.span)
            case "*", _, _ if texts.is_text(left):
                return texts.times(left, self.settled(lengths.number_size(right, sources[1])), node.span)
            case "*", _, _ if texts.is_text(right):
                return texts.times(right, self.settled(lengths.number_size(left, sources[0])), node.span)
            case "%", Constant(str() as template), _:
                return self._percent(template, right, sources[1], node)
            case _:
                return _symbolic(sign, left, right) or tally(left, right) or unknown(source)

    def _copies(self, value: ListValue, number: Value, sources: tuple[str, str]) -> Value:
        size = self.settled(lengths.number_size(number, sources[1]))
        exact = size.count.exact
        if exact is not None and exact * len(value.segments) <= _LARGEST_COPIES:
            return self.allocate(replace(value, segments=value.segments * exact))
        return self.allocate(replace(value, segments=(Many(value.segments, size),)))

    def _percent(self, template: str, right: Value, source: str, node: ir.Node) -> Value:
        if isinstance(right, ListValue) and right.kind == "tuple":
            positional = [segment for segment in right.segments if isinstance(segment, Item)]
            return texts.formatted(template, positional, {}, node.span, percent=True)
        named = dict(right.entries) if isinstance(right, DictValue) else {}
        return texts.formatted(template, [Item(right, source)], named, node.span, percent=True)


def _calculated(sign: str, left: Constant, right: Constant, node: ir.Node) -> Constant | None:
    calculate = _ARITHMETIC.get(sign)
    if calculate is None or (sign == "**" and abs(float(right.value or 0)) > _LARGEST_POWER):
        return None
    try:
        return Constant(calculate(left.value, right.value), node.span)
    except (ArithmeticError, ValueError):
        return None


def _symbolic(sign: str, left: Value, right: Value) -> Value | None:  # noqa: PLR0911 - one return for each case
    match sign, left, right:
        case "+", Constant(int()), (Index() | Data() | Offset()):
            return _symbolic(sign, right, left)
        case "*", Constant(int()), Index():
            return _symbolic(sign, right, left)
        case "+", Index(name, start, step), Constant(int(number)):
            return Index(name, start + number, step)
        case "-", Index(name, start, step), Constant(int(number)):
            return Index(name, start - number, step)
        case "*", Index(name, start, step), Constant(int(number)):
            return Index(name, start * number, step * number)
        case "+", Offset(base, plus), Constant(int(number)):
            return Offset(base, plus + number)
        case "-", Offset(base, plus), Constant(int(number)):
            return Offset(base, plus - number)
        case "+", Data(), Constant(int(number)):
            return Offset(left, number)
        case "-", Data(), Constant(int(number)):
            return Offset(left, -number)
        case "-", Length(Size(AtMost(most, of), key), span), Constant(int(number)) if 0 <= number <= most:
            return Length(Size(AtMost(most - number, of), f"{key} - {number}"), span)
        case _:
            return None

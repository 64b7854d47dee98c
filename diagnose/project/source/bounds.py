"""What tests say about lengths: `if len(ids) > 100: return` bounds what follows."""

from __future__ import annotations

from diagnose.project.source import ir
from diagnose.project.source.definitions import Definitions
from diagnose.project.source.machine import Frame
from diagnose.project.source.scopes import Scope
from diagnose.project.source.values import Constant, FunctionValue, Length

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


class Bounds(Definitions):
    """Keeps the bounds that hold where reading stands."""

    def bound(self, limits: dict[str, int]) -> None:
        """From here on these lengths are bounded."""
        for key, limit in limits.items():
            self.bounds[key] = min(limit, self.bounds.get(key, limit))

    def limits(self, test: ir.Expression) -> tuple[dict[str, int], dict[str, int]]:
        """What a test says about lengths: (when it holds, when it does not), by the collection's key."""
        match test:
            case ir.Unary(operator="not"):
                return self.limits(test.operand)[::-1]
            case ir.Logical(operator=sign):
                left, right = self.limits(test.left), self.limits(test.right)
                return (left[0] | right[0], {}) if sign == "and" else ({}, left[1] | right[1])
            case ir.Comparison(operands=operands, operators=signs):
                pairs = [
                    self._related(first, sign, second)
                    for first, sign, second in zip(operands, signs, operands[1:], strict=False)
                ]
                return _all_hold(pairs)
            case ir.Call():
                return self._limits_of_call(test)
        return {}, {}

    def _limits_of_call(self, test: ir.Call) -> tuple[dict[str, int], dict[str, int]]:
        """What a function of the project says that does nothing but test its arguments: `valid(ids)`."""
        if not all(isinstance(one, ir.Name) for one in (test.function, *test.arguments)) or test.keywords:
            return {}, {}
        function = self.evaluate(test.function)
        body = function.definition.body if isinstance(function, FunctionValue) else ()
        if not isinstance(function, FunctionValue) or not isinstance(body, tuple) or len(body) != 1:
            return {}, {}
        (statement,) = body
        if not isinstance(statement, ir.Return) or statement.value is None:
            return {}, {}
        scope = Scope(function.scope.module, function.scope, function.name)
        frame = Frame(scope, function.definition, statement.span, loops=len(self.loops))
        self.bind(function, [self.item(argument) for argument in test.arguments], {}, frame)
        self.frames.append(frame)
        try:
            return self.limits(statement.value)
        finally:
            self.frames.pop()

    def _related(
        self, first: ir.Expression, sign: str, second: ir.Expression
    ) -> tuple[dict[str, int], dict[str, int]]:
        found = self._compared(first, sign, second)
        return found or self._compared(second, _MIRRORED.get(sign, sign), first) or ({}, {})

    def _compared(
        self, first: ir.Expression, sign: str, second: ir.Expression
    ) -> tuple[dict[str, int], dict[str, int]] | None:
        if not (_is_plain(first) and _is_plain(second)):
            return {}, {}
        length, number = self.evaluate(first), self.evaluate(second)
        if isinstance(length, Length) and isinstance(number, Constant) and isinstance(number.value, int):
            return _limits(length.size.key, sign, number.value)
        return None


def _is_plain(node: ir.Expression) -> bool:
    """Evaluating it a second time has no effect: names, constants, arithmetic, `len`."""
    return all(
        isinstance(one, (ir.Name, ir.Attribute, ir.Literal, ir.Binary))
        or (isinstance(one, ir.Call) and one.function.source == "len")
        for one in ir.walk(node)
        if isinstance(one, ir.Expression)
    )


def _all_hold(
    pairs: list[tuple[dict[str, int], dict[str, int]]],
) -> tuple[dict[str, int], dict[str, int]]:
    """What `0 < len(ids) <= 50` says: each of its comparisons when it holds, otherwise any of them fails."""
    true = {key: limit for holds, _ in pairs for key, limit in holds.items()}
    return true, pairs[0][1] if len(pairs) == 1 else {}


def _limits(key: str, sign: str, number: int) -> tuple[dict[str, int], dict[str, int]]:  # noqa: PLR0911 - one return for each case
    match sign:
        case ">":
            return {}, {key: number}
        case ">=":
            return {}, {key: number - 1}
        case "<=":
            return {key: number}, {}
        case "<":
            return {key: number - 1}, {}
        case "==":
            return {key: number}, {}
        case "!=":
            return {}, {key: number}
        case _:
            return {}, {}

"""What awaiting a function of the project yields, when the statement it executes answers D1's result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from diagnose.project.source import ir
from diagnose.rewriting.outline import statements

if TYPE_CHECKING:
    from diagnose.rewriting.outline import Place

Answer: TypeAlias = Literal["result", "changes", "other"]
"""D1's result, the number of rows that it counted in it, or something else."""


def answer_of(place: Place, inner: ir.Call, answer: Answer) -> Answer:
    """What the function around a call answers, or the lambda.

    Args:
        place: of the call.
        inner: the call.
        answer: what awaiting the call yields.
    """
    returned = _Returned(place, inner, answer)
    around = _lambda_around(place, inner)
    if around is not None:
        return returned.kind(around.body) or "other"
    if place.function is None or place.function.generator:
        return "other"
    returns = [one for one in statements(place.function.body) if isinstance(one, ir.Return)]
    kinds = {returned.kind(one.value) for one in returns if not _is_zero(one.value)}
    return (kinds.pop() or "other") if len(kinds) == 1 else "other"


def executing_call(place: Place, method: str) -> ir.Call | None:
    """The only call of a D1 method in the statement, or None."""
    calls = [
        node
        for node in ir.walk(place.statement)
        if isinstance(node, ir.Call)
        and isinstance(node.function, ir.Attribute)
        and node.function.name == method
    ]
    return calls[0] if len(calls) == 1 else None


def is_changes_of(node: ir.Node) -> ir.Expression | None:
    """In `x.meta.changes` and `x["meta"]["changes"]` the expression `x`; None for anything else."""
    match node:
        case ir.Attribute(name="changes", value=ir.Attribute(name="meta", value=value)):
            return value
        case ir.Subscript(
            index=ir.Literal(value="changes"),
            value=ir.Subscript(index=ir.Literal(value="meta"), value=value),
        ):
            return value
        case _:
            return None


@dataclass(frozen=True, slots=True)
class _Returned:
    """Tells what an expression of the function is, seen from one of its calls."""

    place: Place
    inner: ir.Call
    answer: Answer

    def kind(self, value: ir.Expression | None) -> Answer | None:
        if value is not None and value.span == self.inner.span:
            return self.answer
        counted = is_changes_of(value) if value is not None else None
        if counted is not None:
            return "changes" if self.kind(counted) == "result" else None
        match value:
            case ir.Await(value=awaited):
                return self.kind(awaited)
            case ir.Name(name=name):
                return self._kept(name)
            case ir.Call(function=ir.Attribute(name="run" | "all"), source=source) if "prepare(" in source:
                return "result"
            case _:
                return None

    def _kept(self, name: str) -> Answer | None:
        """The kind of what a variable holds: set once, or a sum of changes that begins with 0."""
        made = self.place.assignment(name)
        if made is None:
            return None
        added = [
            self.kind(node.value) if node.operator == "+" else None
            for node in ir.walk(*self.place.scope())
            if isinstance(node, ir.Augment) and isinstance(node.target, ir.Name) and node.target.name == name
        ]
        if not added:
            return self.kind(made.value)
        return "changes" if _is_zero(made.value) and set(added) == {"changes"} else None


def _lambda_around(place: Place, inner: ir.Call) -> ir.Lambda | None:
    found = None
    for node in ir.walk(place.statement):
        if isinstance(node, ir.Lambda) and node.span.start <= inner.span.start < node.span.end:
            found = node
    return found


def _is_zero(value: ir.Expression | None) -> bool:
    """An early `return 0`: no statement was executed, and no row changed."""
    return isinstance(value, ir.Literal) and value.value == 0

"""`await` in front of a call that nothing waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import place_of

if TYPE_CHECKING:
    from diagnose.project.source.model import UnawaitedCall
    from diagnose.rewriting.outcome import Outcome
    from diagnose.rewriting.outline import Place

_BY_HAND = "await the call in an `async def`, or return it to a caller that does"


def await_call(text: str, call: UnawaitedCall) -> Outcome:
    """The module in which the call is awaited.

    Args:
        text: of the module in which it stands.
        call: as read from that text.
    """
    try:
        place = place_of(text, call.span.path, call.span.start)
        if call.by == "uncalled":
            return finish(text, [_called(place, call)], (), f"`{call.function}` calls what it hands on")
        _require_await_allowed(place, call)
        return finish(text, _awaited(place, call), (), f"`{call.function}` waits for what it writes")
    except NotUnderstood as obstacle:
        return Refused(f"{call.function} is not rewritten: {obstacle}", _BY_HAND)


def _called(place: Place, call: UnawaitedCall) -> Edit:
    """Parentheses behind a function without parameters, or what a `lambda` answers in its place."""
    for node in ir.walk(place.statement):
        if isinstance(node, ir.Lambda) and node.span == call.span and not node.parameters:
            return Edit.of(call.span, node.body.source)
    name = call.call.rpartition(".")[2]
    functions = [
        node
        for node in ir.walk(*place.levels[0].block)
        if isinstance(node, ir.FunctionDef) and node.name == name
    ]
    wanted = [
        parameter
        for function in functions
        for parameter in function.parameters
        if parameter.default is None and parameter.name not in {"self", "cls"}
    ]
    if len(functions) != 1 or wanted:
        raise NotUnderstood(f"what `{call.call}` is to be called with is not known")
    return Edit(call.span.end, call.span.end, "()")


def _require_await_allowed(place: Place, call: UnawaitedCall) -> None:
    if place.function is None or not place.function.is_async:
        raise NotUnderstood("the call is not made in an `async def`")
    for node in ir.walk(place.statement):
        around = node.span.start <= call.span.start and call.span.end <= node.span.end
        if around and isinstance(node, ir.Lambda):
            raise NotUnderstood("the call is made in a `lambda`")
        if around and isinstance(node, ir.Comprehension) and place.source(node).startswith("("):
            raise NotUnderstood("nothing takes anything from the generator that makes the calls")


def _awaited(place: Place, call: UnawaitedCall) -> list[Edit]:
    start, end = call.span.start, call.span.end
    if place.text[end:].lstrip().startswith((".", "[", "(")):
        return [Edit(start, start, "(await "), Edit(end, end, ")")]
    return [Edit(start, start, "await ")]

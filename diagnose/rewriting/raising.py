"""A failed write, made to be noticed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.literals import shifted
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import place_of
from diagnose.rewriting.returns import behind_the_try

if TYPE_CHECKING:
    from diagnose.project.source.ir import Span
    from diagnose.project.source.model import ErrorHandling
    from diagnose.rewriting.outcome import Outcome
    from diagnose.rewriting.outline import Place

_BY_HAND = {
    "finally": "put the `return` behind the `try`, so that an error leaves the function",
    "except": "end the handler with `raise`, or answer with a status of 500",
    "suppress": "take the write out of the `suppress`",
    "fire-and-forget": "await the write where its result is known to the caller",
}
_BACKGROUND = frozenset({"create_task", "ensure_future", "waitUntil"})


def rewrite_handling(text: str, handling: ErrorHandling) -> Outcome:
    """The module in which the error that `handling` swallows is raised.

    Args:
        text: of the module in which it stands.
        handling: as read from that text.
    """
    try:
        place = place_of(text, handling.span.path, handling.span.start)
        match handling.kind:
            case "except":
                return finish(text, _raised(place, handling.span), (), "the handler raises the error again")
            case "suppress":
                return finish(
                    text, _unsuppressed(place, handling.span), (), "the error is not suppressed any more"
                )
            case "finally":
                return finish(text, behind_the_try(place), (), "the `return` stands behind the `try`")
            case "fire-and-forget":
                return finish(text, _awaited(place, handling.span), (), "the write is awaited")
    except NotUnderstood as obstacle:
        return Refused(f"{handling.function} is not rewritten: {obstacle}", _BY_HAND[handling.kind])


def _raised(place: Place, span: Span) -> list[Edit]:
    """`raise` as the last statement of the clause, in place of one that leaves it quietly."""
    clause = next(
        (
            node
            for node in ir.walk(place.statement)
            if isinstance(node, ir.ExceptClause) and node.span.start == span.start
        ),
        None,
    )
    if clause is None or not clause.body:
        raise NotUnderstood("the `except` clause was not found again")
    last = clause.body[-1]
    at = place.at(last.span.start)
    if isinstance(last, (ir.Return, ir.Continue, ir.Break)) or _is_pass(at, last):
        return [Edit.of(last.span, "raise")]
    line = "\r\n" if "\r\n" in place.text else "\n"
    if not at.indent:
        return [Edit(last.span.end, last.span.end, "; raise")]
    end = _line_end(place.text, last.span.end)
    return [Edit(end, end, f"{line}{at.indent}raise")]


def _is_pass(place: Place, statement: ir.Statement) -> bool:
    return (isinstance(statement, ir.Other) and place.source(statement) in {"pass", "..."}) or (
        isinstance(statement, ir.ExpressionStatement) and place.source(statement) == "..."
    )


def _unsuppressed(place: Place, span: Span) -> list[Edit]:
    """`with suppress(…)` taken away, or `return_exceptions=True`."""
    for node in ir.walk(place.statement):
        if isinstance(node, ir.Call) and node.span == span and not isinstance(place.statement, ir.With):
            return [_without_keyword(node, "return_exceptions")]
    return _unwrapped(place)


def _without_keyword(call: ir.Call, name: str) -> Edit:
    written = sorted([*call.arguments, *call.keywords], key=lambda each: each.span.start)
    index = next(
        index for index, each in enumerate(written) if isinstance(each, ir.Keyword) and each.name == name
    )
    if index:
        return Edit(written[index - 1].span.end, written[index].span.end, "")
    return Edit(written[0].span.start, written[1].span.start, "")


def _unwrapped(place: Place) -> list[Edit]:
    """The body of `with suppress(…):` without it."""
    statement = place.statement
    if not isinstance(statement, ir.With) or len(statement.items) != 1:
        raise NotUnderstood("the `with` does more than suppress errors")
    body = statement.body
    inner = place.at(body[0].span.start).indent
    if not inner:
        raise NotUnderstood("the `with` stands on one line")
    header_end = place.text.index("\n", statement.items[0][0].span.end)
    dedented = shifted(place.text[header_end : statement.span.end], drop=len(inner) - len(place.indent))
    return [Edit.of(statement.span, dedented.removeprefix("\n" + place.indent))]


def _awaited(place: Place, span: Span) -> list[Edit]:
    """`await` in front of a call that nothing waits for."""
    function, statement = place.function, place.statement
    if function is None or not function.is_async:
        raise NotUnderstood("the write is not started in an `async def`")
    if not isinstance(statement, (ir.ExpressionStatement, ir.Assign)):
        raise NotUnderstood("what the write returns is kept")
    match statement.value:
        case ir.Call(function=ir.Name(name=name) | ir.Attribute(name=name), arguments=(inner, *_)) if (
            name in _BACKGROUND
        ):
            return [Edit.of(statement.span, f"await {place.source(inner)}")]
        case ir.Call(span=call_span) if span.start <= call_span.start and call_span.end <= span.end:
            return [Edit(call_span.start, call_span.start, "await ")]
        case _:
            raise NotUnderstood("the write is started in a way that is not understood")


def _line_end(text: str, offset: int) -> int:
    found = re.compile(r"\r?$", re.MULTILINE).search(text, offset)
    return found.start() if found else len(text)

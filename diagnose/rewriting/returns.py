"""A `return` in a `finally`, which drops every error, moved behind the `try`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.literals import shifted
from diagnose.rewriting.outcome import NotUnderstood

if TYPE_CHECKING:
    from diagnose.rewriting.outline import Place

_HEADER = re.compile(r"^[ \t]*finally[ \t]*:[ \t]*\r?\n", re.MULTILINE)


def behind_the_try(place: Place) -> list[Edit]:
    """Edits that move the `return` at the place out of its `finally`.

    A `finally` that is empty then goes, and so does a `try` that has no other clause.

    Raises:
        NotUnderstood: the `finally` is left in another way, or the `try` returns something by itself.
    """
    statement, outer = place.statement, _try_of(place)
    inside = (*outer.body, *(one for clause in outer.clauses for one in clause.body), *outer.otherwise)
    if any(isinstance(node, ir.Return) for node in ir.walk(*inside, into_functions=False)):
        raise NotUnderstood("the `try` returns something by itself as well")
    end = statement.span.end
    indent = place.at(outer.span.start).indent
    drop = len(place.indent) - len(indent)
    if len(outer.finally_) > 1:
        start = end_of_line(place.text, outer.finally_[-2].span.end)
        return [Edit(start, end, _dedented(place.text[start:end], drop))]
    header = next(_HEADER.finditer(place.text, _last(outer).span.end, end), None)
    if header is None:
        raise NotUnderstood("the `finally` does not stand on lines of its own")
    moved = _dedented(place.text[header.end() : end], drop)
    if outer.clauses:
        return [Edit(header.start(), end, moved)]
    start = end_of_line(place.text, outer.span.start)
    if place.text[outer.span.start : start].strip() != "try:":
        raise NotUnderstood("the `try` does not stand on a line of its own")
    body = _dedented(place.text[start : header.start()], drop)
    return [Edit(outer.span.start, end, (body + moved).removeprefix(indent))]


def end_of_line(text: str, offset: int) -> int:
    """Behind the line break of the line around a character."""
    return text.find("\n", offset) + 1 or len(text)


def _try_of(place: Place) -> ir.Try:
    """The `try` whose `finally` ends with the `return` at the place."""
    outer = place.levels[-2].statement if len(place.levels) > 1 else None
    if (
        not isinstance(place.statement, ir.Return)
        or not isinstance(outer, ir.Try)
        or place.statement is not outer.finally_[-1]
        or not place.indent
    ):
        raise NotUnderstood("the `finally` does not end with the `return`")
    return outer


def _last(statement: ir.Try) -> ir.Node:
    """The statement in front of the `finally`."""
    blocks = (statement.body, *(clause.body for clause in statement.clauses), statement.otherwise)
    return [block for block in blocks if block][-1][-1]


def _dedented(lines: str, drop: int) -> str:
    """Whole lines, indented by less."""
    return shifted("\n" + lines, drop=drop)[1:]

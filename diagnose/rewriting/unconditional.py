"""An ack in a `finally`, moved to where only a message that was written gets to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.project.source.ways import way_to
from diagnose.rewriting.outcome import NotUnderstood
from diagnose.rewriting.retries import retry_of
from diagnose.rewriting.returns import end_of_line

if TYPE_CHECKING:
    from diagnose.rewriting.outline import Place

_HEADER = re.compile(r"^([ \t]*)finally([ \t]*:[ \t]*(?:#[^\n]*)?\r?\n)", re.MULTILINE)


def out_of_finally(place: Place) -> list[Edit]:
    """Edits that move the ack at the place into the `else` of its `try`, or to the end of what is tried.

    Raises:
        NotUnderstood: the `finally`, or the ack in it, does not stand on lines of its own.
    """
    outer, moved = _parts(place)
    header = _header(place, outer)
    start, end = _lines(place, moved)
    text = place.text[start:end]
    if len(outer.finally_) > 1:
        return [Edit(start, end, ""), _after_the_body(outer, header, text)]
    if outer.otherwise:
        return [Edit(header.start(), header.end(), "")]
    if outer.clauses:
        return [Edit(header.start(), header.end(), f"{header[1]}else{header[2]}")]
    handler = _retrying(place, outer, header, moved)
    return [Edit(header.start(), header.end(), f"{handler}{header[1]}else{header[2]}")]


def _parts(place: Place) -> tuple[ir.Try, ir.Statement]:
    """The `try`, and the statement of its `finally` that acknowledges."""
    function = place.function
    way = way_to(function.body, place.statement.span) if function else ()
    for above, step in zip(reversed(way[:-1]), reversed(way[1:]), strict=True):
        if step.branch == "finally" and isinstance(above.statement, ir.Try):
            return above.statement, step.statement
    raise NotUnderstood("the `finally` was not found again")


def _header(place: Place, outer: ir.Try) -> re.Match[str]:
    first = outer.finally_[0].span.start
    found = list(_HEADER.finditer(place.text, outer.span.start, first))
    if not found or not place.at(first).indent:
        raise NotUnderstood("the `finally` does not stand on lines of its own")
    return found[-1]


def _lines(place: Place, statement: ir.Statement) -> tuple[int, int]:
    if not place.at(statement.span.start).indent:
        raise NotUnderstood("several statements stand on one line")
    return place.text.rfind("\n", 0, statement.span.start) + 1, end_of_line(place.text, statement.span.end)


def _after_the_body(outer: ir.Try, header: re.Match[str], text: str) -> Edit:
    """The ack in `else`, in front of a `finally` that stays; without an `except` at the end of the body."""
    if outer.clauses and not outer.otherwise:
        text = f"{header[1]}else{header[2]}{text}"
    return Edit(header.start(), header.start(), text)


def _retrying(place: Place, outer: ir.Try, header: re.Match[str], moved: ir.Statement) -> str:
    """An `except` that says what happened and retries, in front of the `else`."""
    line = "\r\n" if "\r\n" in place.text else "\n"
    inner = place.at(outer.finally_[0].span.start).indent
    calls = (node for node in ir.walk(moved) if isinstance(node, ir.Call) and retry_of(node))
    call = next(calls, None)
    if call is None:
        raise NotUnderstood("the ack is made by another function")
    error = place.fresh("error", "failure")
    statement = place.text[slice(*_lines(place, moved))].rstrip("\r\n")
    retry = statement.replace(place.source(call), retry_of(call) or "")
    told = f'{inner}print(f"not written, and delivered again: {{{error}}}")'
    return line.join([f"{header[1]}except Exception as {error}:", told, retry, ""])

"""An `except` clause of a queue handler that retries the message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.project.source.ways import is_within
from diagnose.rewriting.outcome import NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.source.ir import Span
    from diagnose.rewriting.outline import Place

RETRY_DELAY: Final = 30
"""Seconds: an overloaded database gets time to recover, and a few retries do not pass within one moment."""

# Keyword arguments become the options object of `retry`, with and without a wrapping SDK:
# https://pyodide.org/en/stable/usage/type-conversions.html#calling-javascript-functions-from-python
_RETRIES: Final = {"ack": "retry", "ackAll": "retryAll", "ack_all": "retry_all"}
_DECISIONS: Final = frozenset({*_RETRIES, *_RETRIES.values()})


def retry_of(call: ir.Call) -> str | None:
    """`message.retry(…)` for `message.ack()`, and the same for a batch; None for any other call."""
    if not isinstance(call.function, ir.Attribute) or call.function.name not in _RETRIES:
        return None
    return f"{call.function.value.source}.{_RETRIES[call.function.name]}(delaySeconds={RETRY_DELAY})"


def retried(place: Place, span: Span) -> list[Edit] | None:
    """Edits after which every path through the clause retries; None where no message is at hand.

    Raises:
        NotUnderstood: the clause is not found again.
    """
    clause = _clause(place, span)
    calls = [node for node in ir.walk(*clause.body, into_functions=False) if isinstance(node, ir.Call)]
    edits = [Edit.of(call.span, retry) for call in calls if (retry := retry_of(call)) is not None]
    if edits and _decides(clause.body):
        return edits
    loop = _loop(place, span)
    if loop is None and edits:
        raise NotUnderstood("only some failures are acknowledged there")
    if loop is None:
        return None
    return [*edits, *_ended(place, clause, loop)]


def _clause(place: Place, span: Span) -> ir.ExceptClause:
    for node in ir.walk(place.statement):
        if isinstance(node, ir.ExceptClause) and node.span.start == span.start and node.body:
            return node
    raise NotUnderstood("the `except` clause was not found again")


def _decides(block: ir.Block) -> bool:
    """Every path through the block settles what becomes of the message."""
    return any(_is_decision(statement) for statement in block)


def _is_decision(statement: ir.Statement) -> bool:
    match statement:
        case ir.Raise():
            return True
        case ir.ExpressionStatement(value=ir.Call(function=ir.Attribute(name=name))):
            return name in _DECISIONS
        case ir.If(body=body, otherwise=otherwise):
            return _decides(body) and _decides(otherwise)
        case ir.For(body=body) | ir.With(body=body):
            return _decides(body)
        case _:
            return False


def _loop(place: Place, span: Span) -> ir.For | None:
    """The innermost loop around the clause, when it goes over messages one by one."""
    for level in reversed(place.levels):
        statement = level.statement
        if isinstance(statement, ir.FunctionDef):
            return None
        if isinstance(statement, ir.For) and is_within(span, statement.span):
            is_over_messages = re.search(r"\bmessages\b", statement.iterable.source) is not None
            return statement if is_over_messages and _message(statement) else None
    return None


def _message(loop: ir.For) -> str | None:
    """The loop's variable for the message: `message`, or the second of `enumerate`."""
    names = list(_names(loop.target))
    if len(names) == 1:
        return names[0]
    is_numbered = loop.iterable.source.startswith("enumerate(") and len(names) == 2  # noqa: PLR2004 - index and message
    return names[1] if is_numbered else None


def _names(target: ir.Expression) -> Iterator[str]:
    match target:
        case ir.Name(name=name):
            yield name
        case ir.Sequence(items=items):
            for item in items:
                yield from _names(item)
        case _:
            return


def _ended(place: Place, clause: ir.ExceptClause, loop: ir.For) -> list[Edit]:
    """A retry at the end of the clause, and the next message after it."""
    last = clause.body[-1]
    at = place.at(last.span.start)
    line = "\r\n" if "\r\n" in place.text else "\n"
    retry = f"{_message(loop)}.retry(delaySeconds={RETRY_DELAY})"
    glue = f"{line}{at.indent}" if at.indent else "; "
    if isinstance(last, ir.Continue):
        return [Edit(last.span.start, last.span.start, f"{retry}{glue}")]
    goes_on = not _is_last(place, clause, loop)
    following = f"{glue}continue" if goes_on else ""
    if isinstance(last, (ir.Return, ir.Break)) or _is_pass(at, last):
        return [Edit.of(last.span, retry + following)]
    end = _line_end(place.text, last.span.end) if at.indent else last.span.end
    return [Edit(end, end, f"{glue}{retry}{following}")]


def _is_last(place: Place, clause: ir.ExceptClause, loop: ir.For) -> bool:
    """Nothing in the loop follows the `try` of the clause."""
    for level in reversed(place.at(clause.span.start).levels):
        if level.statement is loop or level.statement.span == loop.span:
            return True
        inside = is_within(clause.span, level.statement.span)
        if inside and (level.index + 1 < len(level.block) or _has_more(level.statement, clause)):
            return False
    return True


def _has_more(statement: ir.Statement, clause: ir.ExceptClause) -> bool:
    """The `try` goes on with `finally` after the clause."""
    return isinstance(statement, ir.Try) and clause in statement.clauses and bool(statement.finally_)


def _is_pass(place: Place, statement: ir.Statement) -> bool:
    return place.source(statement) in {"pass", "..."}


def _line_end(text: str, offset: int) -> int:
    found = re.compile(r"\r?$", re.MULTILINE).search(text, offset)
    return found.start() if found else len(text)

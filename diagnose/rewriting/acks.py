"""A message of a queue, acknowledged only after what it holds has been written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.project.source.ways import way_to
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import place_of
from diagnose.rewriting.raising import rewrite_handling
from diagnose.rewriting.retries import retried
from diagnose.rewriting.unconditional import out_of_finally

if TYPE_CHECKING:
    from diagnose.project.source.model import AckedFailure, Source
    from diagnose.rewriting.outcome import Outcome
    from diagnose.rewriting.outline import Place

_REMEDY: Final = "acknowledge after the write, and retry or raise when it fails"


def rewrite_acked(text: str, failure: AckedFailure, source: Source) -> Outcome:
    """The module in which a message whose write fails is delivered again.

    Args:
        text: of the module in which the failure stands.
        failure: as read from that text.
        source: the same.
    """
    try:
        place = place_of(text, failure.span.path, failure.span.start)
        match failure.kind:
            case "except" | "never-sent":
                _require_own_ack(failure)
                edits = retried(place, failure.span)
                if edits is None:
                    return _raised(text, failure, source)
                return finish(text, edits, (), "a message whose write fails is retried")
            case "early-ack":
                return finish(text, _moved(place, failure), (), "the ack stands behind the write")
            case "ack-in-finally":
                edits = out_of_finally(place)
                return finish(text, edits, (), "only a message that was written is acknowledged")
            case "suppress" | "finally":
                return _raised(text, failure, source)
    except NotUnderstood as obstacle:
        return Refused(f"{failure.function} is not rewritten: {obstacle}", _REMEDY)


def _require_own_ack(failure: AckedFailure) -> None:
    """The first decision about a message counts: a retry after an ack elsewhere would change nothing."""
    if failure.ack is None:
        return
    path, line, span = failure.ack.path, failure.ack.line or 0, failure.span
    if path != span.path or not span.line <= line <= span.end_line:
        raise NotUnderstood("the ack is made by another function")


def _raised(text: str, failure: AckedFailure, source: Source) -> Outcome:
    """The error leaves the handler, so that the queue delivers again what is not acknowledged."""
    handling = next((one for one in source.error_handlers if one.span == failure.span), None)
    if handling is None:
        raise NotUnderstood("the clause was not found again")
    return rewrite_handling(text, handling)


def _moved(place: Place, failure: AckedFailure) -> list[Edit]:
    """The ack, or the loop that consists of it, behind the statement that writes."""
    function, written = place.function, failure.write_span
    if function is None or written is None:
        raise NotUnderstood("the ack and the write stand in different functions")
    ack, write = way_to(function.body, failure.span), way_to(function.body, written)
    shared = 0
    while (ack[shared].branch, ack[shared].index) == (write[shared].branch, write[shared].index):
        shared += 1
    behind = write[shared].statement
    if shared == len(ack) - 1:
        moved = whole_lines(place, ack[shared].statement)
        return [Edit(*moved, ""), _inserted(place, behind, place.text[slice(*moved)])]
    loop = ack[shared].statement
    if isinstance(loop, ir.For) and loop.body == (ack[-1].statement,) and not loop.otherwise:
        moved = whole_lines(place, loop)
        return [Edit(*moved, ""), _inserted(place, behind, place.text[slice(*moved)])]
    return [Edit(*_gone(place, ack[-1].statement), ""), _all_acked(place, loop, behind)]


def _gone(place: Place, statement: ir.Statement) -> tuple[int, int]:
    level = place.at(statement.span.start).levels[-1]
    if len(level.block) == 1:
        raise NotUnderstood("nothing would be left where the ack stands")
    return whole_lines(place, statement)


def _all_acked(place: Place, loop: ir.Statement, behind: ir.Statement) -> Edit:
    """`batch.ackAll()` in place of acks in a loop over its messages."""
    batch = _batch_of(loop)
    if batch is None:
        raise NotUnderstood("the loop does not go over the messages of a batch")
    indent = place.at(behind.span.start).indent
    return _inserted(place, behind, f"{indent}{batch}.ackAll()\n")


def _batch_of(loop: ir.Statement) -> str | None:
    found = (
        re.search(r"([A-Za-z_][\w.]*)\.messages\b", loop.iterable.source)
        if isinstance(loop, ir.For)
        else None
    )
    return found[1] if found else None


def _inserted(place: Place, behind: ir.Statement, lines: str) -> Edit:
    """Whole lines below a statement."""
    _, end = whole_lines(place, behind)
    broken = "" if place.text[:end].endswith("\n") else "\n"
    return Edit(end, end, broken + lines)


def whole_lines(place: Place, statement: ir.Statement) -> tuple[int, int]:
    """Where the lines of a statement begin and end, their last line break included.

    Raises:
        NotUnderstood: it shares a line with another statement.
    """
    span = statement.span
    start = place.text.rfind("\n", 0, span.start) + 1
    end = place.text.find("\n", span.end) + 1 or len(place.text)
    rest = place.text[span.end : end].strip()
    if place.text[start : span.start].strip() or (rest and not rest.startswith("#")):
        raise NotUnderstood("several statements stand on one line")
    return start, end

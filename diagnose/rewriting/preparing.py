"""`prepare(text).run()` instead of `exec(text)`, which takes each line for a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import place_of

if TYPE_CHECKING:
    from diagnose.project.source.model import StatementSite
    from diagnose.rewriting.outcome import Outcome
    from diagnose.rewriting.outline import Place

_BY_HAND = "pass each statement to `prepare(…).run()`, or write each on one line"
_OLD = "exec"


def prepare_instead(text: str, site: StatementSite) -> Outcome:
    """The module in which the text of `exec()` is prepared and run.

    Args:
        text: of the module in which it stands.
        site: as read from that text.
    """
    try:
        place = place_of(text, site.span.path, site.span.start)
        call = _call(place, site)
        _require_dropped_result(place)
        name = call.function.span.end
        edits = [Edit(name - len(_OLD), name, "prepare"), Edit(call.span.end, call.span.end, ".run()")]
        return finish(text, edits, (), f"`{site.function}` prepares the text, which may break its lines")
    except NotUnderstood as obstacle:
        return Refused(f"{site.function} is not rewritten: {obstacle}", _BY_HAND)


def _call(place: Place, site: StatementSite) -> ir.Call:
    """The only call of `exec` in the statement."""
    calls = [
        node
        for node in ir.walk(place.statement)
        if isinstance(node, ir.Call)
        and isinstance(node.function, ir.Attribute)
        and node.function.name == _OLD
        and site.span.start <= node.span.start < site.span.end
    ]
    if len(calls) != 1 or not place.text[: calls[0].function.span.end].endswith(_OLD):
        raise NotUnderstood("the call of `exec` was not found again")
    return calls[0]


def _require_dropped_result(place: Place) -> None:
    """`exec` answers with a count and a duration, `run` with other things."""
    match place.statement:
        case ir.ExpressionStatement():
            return
        case ir.Assign(targets=(ir.Name(name=name),)) if len(place.uses(name)) == 1:
            return
        case _:
            raise NotUnderstood("what `exec` answers is used")

"""Values taken out of a statement's text and bound to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.project.source.sql import placeholders
from diagnose.rewriting.leading import bind_call
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import place_of
from diagnose.rewriting.sql_edits import without_idle_prefixes
from diagnose.rewriting.text_values import taken_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.interpolation import Interpolation
    from diagnose.project.source.model import StatementSite
    from diagnose.rewriting.outcome import Outcome
    from diagnose.rewriting.outline import Place
    from diagnose.rewriting.text_values import Bound

_BY_HAND = "write `?` in place of each value and pass the values to `bind()`; bind rows as one JSON text"


def bind_interpolated(text: str, found: Interpolation, others: Sequence[StatementSite]) -> Outcome:
    """The module in which the statement binds the values that stood in its text.

    Args:
        text: of the module in which the text of the statement is made.
        found: as read from that text.
        others: the other statements of the worker.
    """
    site = found.site
    try:
        _require_own_text(site, others)
        place = place_of(text, site.sql_span.path, site.sql_span.start)
        taken, further = taken_out(place, site, found.values)
        gone = [bound.edit for bound in taken]
        edits = [*gone, *further, *without_idle_prefixes(place, gone), _binding(place, site, taken)]
        what = "the value" if len(taken) == 1 else f"{len(taken)} values"
        return finish(
            text, edits, (), f"`{site.function}` binds {what} that stood in the text of the {site.verb}"
        )
    except NotUnderstood as obstacle:
        return Refused(f"{site.function} is not rewritten: {obstacle}", _BY_HAND)


def _require_own_text(site: StatementSite, others: Sequence[StatementSite]) -> None:
    if any(other.sql_span == site.sql_span and other.span != site.span for other in others):
        raise NotUnderstood("several statements share the text")


def _binding(place: Place, site: StatementSite, taken: Sequence[Bound]) -> Edit:
    """The values among the arguments of `bind`, or in a `bind` of their own."""
    marks = placeholders(site.sql.render(hole="x"))
    if any(mark != "?" for mark in marks):
        raise NotUnderstood("its parameters are numbered or named")
    if site.bind_span is None:
        prepare = _prepare(place, site)
        _require_same_values(place, prepare, taken, site)
        if marks:
            raise NotUnderstood("its parameters are bound somewhere else")
        arguments = ", ".join(bound.argument for bound in taken)
        return Edit(prepare.span.end, prepare.span.end, f".bind({arguments})")
    if site.bind_span.path != site.sql_span.path:
        raise NotUnderstood("the text is made in another module than the statement")
    bind = bind_call(place, site.bind_span)
    _require_same_values(place, bind, taken, site)
    return Edit(bind.inside.start, bind.inside.end, f"({_merged(place, bind, taken, len(marks))})")


def _merged(place: Place, bind: ir.Call, taken: Sequence[Bound], marks: int) -> str:
    """The arguments there are, with the values in the order of the text."""
    present = [place.source(argument) for argument in bind.arguments]
    if "#" in place.source(bind):
        raise NotUnderstood("a comment stands among the arguments of `bind`")
    spread = any(isinstance(argument, ir.Star) for argument in bind.arguments)
    positions = {bound.marks for bound in taken}
    if spread or len(present) != marks:
        if not positions <= {0, marks} or not spread:
            raise NotUnderstood("the parameters that are bound already cannot be told apart")
        front = [bound.argument for bound in taken if bound.marks == 0]
        return ", ".join([*front, *present, *(bound.argument for bound in taken if bound.marks)])
    arguments: list[str] = []
    for position in range(marks + 1):
        arguments += [bound.argument for bound in taken if bound.marks == position]
        arguments += present[position : position + 1]
    return ", ".join(arguments)


def _prepare(place: Place, site: StatementSite) -> ir.Call:
    """The only call of `prepare` that takes the text."""
    named = place.statement.targets[0] if isinstance(place.statement, ir.Assign) else None
    calls = [
        node
        for node in ir.walk(*place.scope())
        if isinstance(node, ir.Call)
        and isinstance(node.function, ir.Attribute)
        and node.function.name == "prepare"
        and node.arguments
        and _takes(node.arguments[0], site, named)
    ]
    if len(calls) != 1:
        raise NotUnderstood("the call of `prepare` was not found again")
    return calls[0]


def _takes(argument: ir.Expression, site: StatementSite, named: ir.Expression | None) -> bool:
    if isinstance(argument, ir.Name):
        return isinstance(named, ir.Name) and named.name == argument.name
    return (argument.span.start, argument.span.end) == (site.sql_span.start, site.sql_span.end)


def _require_same_values(place: Place, call: ir.Call, taken: Sequence[Bound], site: StatementSite) -> None:
    """The names of the values mean the same where they are bound as in the text."""
    at = place.at(call.span.start)
    if at.function != place.function:
        raise NotUnderstood("the text is made in another function than the statement")
    if at.statement is place.statement:
        return
    names = {name for bound in taken for name in re.findall(r"[A-Za-z_]\w*", bound.argument)}
    target = place.statement.targets[0] if isinstance(place.statement, ir.Assign) else None
    texts = {target.name} if isinstance(target, ir.Name) else set()
    changing = [name for name in names | texts if len(place.binders(name)) > 1]
    if changing or not texts or any("await" in bound.argument for bound in taken):
        raise NotUnderstood(f"the values of {site.function} may change between the text and `bind`")

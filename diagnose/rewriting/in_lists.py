"""`IN (?, ?, …)` with one mark per element, rewritten to select the elements from one JSON parameter."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.project.source.sql import Repeated, SqlText, Text, placeholders
from diagnose.rewriting.dead_code import without_unused
from diagnose.rewriting.execution import refuse_shadowed_json
from diagnose.rewriting.leading import binding_helper
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.passing import carrier_of
from diagnose.rewriting.rows import growth_of, refuse_bytes
from diagnose.rewriting.selections import LIST_SELECTION
from diagnose.rewriting.sql_edits import expression_at, select_lists

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.project.source.model import Module, StatementSite
    from diagnose.rewriting.carriers import Carrier
    from diagnose.rewriting.outcome import Outcome, Rewritten
    from diagnose.rewriting.outline import Place

_HOW = "each list travels as one JSON text, bound as one parameter"


def rewrite_in_list(
    text: str, site: StatementSite, others: Sequence[StatementSite] = (), modules: Sequence[Module] = ()
) -> Outcome:
    """The module with the site's `IN (…)` lists selecting from one JSON parameter each.

    Args:
        text: of the module in which the text of the statement is made.
        site: as read from that text.
        others: the other places that send statements.
        modules: of the whole worker, where functions of other modules may be involved.
    """
    try:
        return _rewritten(text, site, carrier_of(text, site, others, modules))
    except NotUnderstood as obstacle:
        binder = binding_helper(text, site, modules)
        return Refused(f"{site.function} is not rewritten: {obstacle}", _by_hand(site.sql, binder))


def _rewritten(text: str, site: StatementSite, carrier: Carrier) -> Rewritten:
    if any(mark != "?" for mark in placeholders(site.sql.render())):
        raise NotUnderstood("its parameters are numbered or named")
    place, at_bind = carrier.place, carrier.at_call
    refuse_shadowed_json(at_bind)
    lists = len(site.sql.repeated)
    edits = select_lists(place, expression_at(place, site.sql_span), lists)
    as_json = list(_bound_as_json(at_bind, carrier))
    if len(as_json) != lists:
        raise NotUnderstood("the parameters of the list are not told apart from the others")
    edits += as_json
    edits += without_unused(place, edits)
    return finish(text, edits, ["import json"], _HOW)


def _bound_as_json(place: Place, carrier: Carrier) -> Iterator[Edit]:
    """The edits that bind each list as one text."""
    first = carrier.arguments[0] if carrier.is_list else None
    if first is None:
        for argument in carrier.arguments:
            yield from _as_json(place, argument)
        return
    for edit in _as_json(place, ir.Star(first.span, first.source, first)):
        whole = (edit.start, edit.end) == (first.span.start, first.span.end)
        yield replace(edit, replacement=f"[{edit.replacement}]") if whole else edit


def _as_json(place: Place, argument: ir.Expression) -> list[Edit]:
    """The edit that binds a starred list as one text; none for an argument of its own."""
    if not isinstance(argument, ir.Star):
        return []
    refuse_bytes(place, argument)
    value = argument.value
    if isinstance(value, ir.Name):
        return [_of_name(place, argument, value)]
    return [_mixed(place, value) or Edit.of(argument.span, _json(place, value))]


def _of_name(place: Place, argument: ir.Star, name: ir.Name) -> Edit:
    assigned, growth = place.assignment(name.name), growth_of(place, name.name)
    value = assigned.value if assigned else None
    if growth:
        edit = _grown(place, name.name, value, growth)
    else:
        edit = None if value is None else _mixed(place, value)
    if edit is None:
        return Edit.of(argument.span, _json(place, name))
    if len(place.uses(name.name)) > 2 + len(growth):  # made, grown, and bound
        raise NotUnderstood(f"`{name.name}` is used for something else as well")
    return edit


def _grown(
    place: Place, name: str, value: ir.Expression | None, growth: Sequence[ir.Statement]
) -> Edit | None:
    """The list among parameters that are put together in several steps."""
    if value is None:
        raise NotUnderstood(f"`{name}` is put together in several steps")
    in_loops = [_in_a_loop(place, statement) for statement in growth]
    if all(in_loops) and place.source(value) in {"[]", "list()"}:
        return None
    steps = [(statement, _call(statement)) for statement in growth]
    extending = [(statement, call) for statement, call in steps if call is None or call[0] == "extend"]
    if not extending and not _is_fixed(value):
        return Edit.of(value.span, f"[{_json(place, value)}]")
    if len(extending) != 1 or not _is_fixed(value):
        raise NotUnderstood(f"`{name}` is put together in several steps")
    statement, call = extending[0]
    if call is None or any(in_loops):
        raise NotUnderstood(f"`{name}` is put together in several steps")
    return Edit.of(statement.span, f"{name}.append({_json(place, call[1])})")


def _in_a_loop(place: Place, statement: ir.Statement) -> bool:
    return any(isinstance(level.statement, ir.For) for level in place.at(statement.span.start).levels)


def _call(statement: ir.Statement) -> tuple[str, ir.Expression] | None:
    match statement:
        case ir.ExpressionStatement(value=ir.Call(function=ir.Attribute(name=method), arguments=(argument,))):
            return method, argument
        case _:
            return None


def _mixed(place: Place, value: ir.Expression) -> Edit | None:
    """In `[*ids, user]` or `ids + [user]` the list among the other parameters."""
    match value:
        case ir.Sequence(items=items, kind="list" | "tuple"):
            starred = [item for item in items if isinstance(item, ir.Star)]
            return Edit.of(starred[0].span, _json(place, starred[0].value)) if len(starred) == 1 else None
        case ir.Binary(operator="+", left=left, right=right):
            fixed = [side for side in (left, right) if _is_fixed(side)]
            if len(fixed) != 1:
                return None
            grown = right if fixed[0] is left else left
            text = _json(place, grown)
            return Edit.of(grown.span, f"[{text}]" if _is_list(fixed[0]) else f"({text},)")
        case _:
            return None


def _is_fixed(side: ir.Expression) -> bool:
    return isinstance(side, ir.Sequence) and not any(isinstance(item, ir.Star) for item in side.items)


def _is_list(side: ir.Expression) -> bool:
    return isinstance(side, ir.Sequence) and side.kind == "list"


def _json(place: Place, value: ir.Expression) -> str:
    source = place.source(value)
    return f"json.dumps({source if _makes_list(place, value) else f'list({source})'})"


def _makes_list(place: Place, value: ir.Expression) -> bool:
    """Whether the value is evidently a list, not another iterable that JSON has no form for."""
    match value:
        case ir.Sequence(kind="list") | ir.Call(function=ir.Name(name="list" | "sorted")):
            return True
        case ir.Comprehension(key=None):
            return place.source(value).startswith("[")
        case ir.Name(name=name):
            assigned = place.assignment(name)
            return assigned is not None and assigned.value is not None and _makes_list(place, assigned.value)
        case _:
            return False


def _by_hand(sql: SqlText, binder: str | None) -> str:
    """The statement to use, and how to bind it."""
    parts = tuple(Text(LIST_SELECTION) if isinstance(part, Repeated) else part for part in sql.parts)
    statement = re.sub(r"\s+", " ", str(SqlText(parts))).strip()
    bind = f"let `{binder}` bind" if binder else "bind"
    return f"execute `{statement}` and {bind} `json.dumps(list(values))` in place of the values of each list"

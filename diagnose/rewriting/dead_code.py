"""Variables that nothing reads any more after an edit, and the statements that only make them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.outline import paired

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.rewriting.outline import Place

_HARMLESS_CALLS = frozenset(
    {"append", "extend", "join", "len", "list", "prepare", "range", "repeat", "str", "tuple"}
)


def without_unused(place: Place, edits: Sequence[Edit]) -> list[Edit]:
    """Edits that remove the statements whose variables were read only by what `edits` replaces."""
    removals: list[Edit] = []
    replaced = [edit for edit in edits if edit.start < edit.end]
    names = _names_in(place, replaced)
    while names:
        name = names.pop(0)
        makers = list(_makers(place, name))
        if not makers or not _is_unused(place, name, makers, [*replaced, *removals], edits):
            continue
        if not all(_can_go(place, maker) for maker in makers):
            continue
        gone = [edit for maker in makers for edit in _removals(place.text, maker, name)]
        removals += gone
        names += [other for other in _names_in(place, gone) if other != name]
    return removals


def _names_in(place: Place, edits: Sequence[Edit]) -> list[str]:
    names = (
        node.name
        for node in ir.walk(*place.scope())
        if isinstance(node, ir.Name) and any(edit.start <= node.span.start < edit.end for edit in edits)
    )
    return list(dict.fromkeys(names))


def _makers(place: Place, name: str) -> Iterator[ir.Statement]:
    """Statements that do nothing but give the variable its value."""
    for node in ir.walk(*place.scope()):
        match node:
            case ir.Assign(targets=(ir.Name(name=target),)) if target == name:
                yield node
            case ir.Assign() if paired(node, name) is not None:
                yield node
            case ir.Augment(target=ir.Name(name=target)) if target == name:
                yield node
            case ir.ExpressionStatement(
                value=ir.Call(function=ir.Attribute(value=ir.Name(name=target), name="append" | "extend"))
            ) if target == name:
                yield node
            case _:
                pass


def _is_unused(
    place: Place, name: str, makers: Sequence[ir.Statement], gone: Sequence[Edit], edits: Sequence[Edit]
) -> bool:
    scope = [(node.span.start, node.span.end) for node in place.scope()]
    local = [edit for edit in edits if any(start < edit.start < end for start, end in scope)]
    if any(re.search(rf"\b{name}\b", edit.replacement) for edit in local):
        return False
    spans = [(maker.span.start, maker.span.end) for maker in makers] + [
        (edit.start, edit.end) for edit in gone
    ]
    return all(any(start <= use.span.start < end for start, end in spans) for use in place.uses(name))


def _can_go(place: Place, maker: ir.Statement) -> bool:
    """It has no effect but its variable, stands alone on its lines, and leaves a block with statements."""
    for node in ir.walk(maker):
        if isinstance(node, (ir.Await, ir.Yield, ir.Walrus)):
            return False
        if isinstance(node, ir.Call) and not _is_harmless(node.function):
            return False
    line_end = place.text.find("\n", maker.span.end)
    behind = place.text[maker.span.end : line_end if line_end >= 0 else None]
    at = place.at(maker.span.start)
    return not behind.strip() and at.indent != "" and len(at.levels[-1].block) > 1


def _is_harmless(function: ir.Expression) -> bool:
    return isinstance(function, (ir.Name, ir.Attribute)) and function.name in _HARMLESS_CALLS


def _removals(text: str, maker: ir.Statement, name: str) -> list[Edit]:
    """What takes a maker away; of `a, b = x, y` only the one name and its value."""
    position = paired(maker, name) if isinstance(maker, ir.Assign) else None
    match maker:
        case ir.Assign(targets=(ir.Sequence(items=targets),), value=ir.Sequence(items=values)) if (
            position is not None
        ):
            return [_without_item(targets, position), _without_item(values, position)]
        case _:
            return [removal(text, maker)]


def _without_item(items: Sequence[ir.Expression], position: int) -> Edit:
    """One item of a row that is written with commas, and the comma beside it."""
    if position:
        return Edit(items[position - 1].span.end, items[position].span.end, "")
    return Edit(items[0].span.start, items[1].span.start, "")


def removal(text: str, statement: ir.Statement) -> Edit:
    """Removes the statement's lines, and the blank line behind them where one stands before them, too."""
    start = text.rfind("\n", 0, statement.span.start) + 1
    end = text.find("\n", statement.span.end) + 1 or len(text)
    before = text[:start].endswith(("\n\n", "\n\r\n"))
    blank = re.compile(r"[ \t]*\r?\n").match(text, end)
    return Edit(start, blank.end() if before and blank else end, "")

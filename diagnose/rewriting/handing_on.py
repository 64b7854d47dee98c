"""A write of many rows, rewritten to hand the rows on to a function instead of to D1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.dead_code import without_unused
from diagnose.rewriting.execution import handed_on
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import indent_of
from diagnose.rewriting.passing import carrier_of
from diagnose.rewriting.row_loops import row_loop_handed_on
from diagnose.rewriting.rows import rows_of
from diagnose.rewriting.selections import row_selection, rows_selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.model import Module, StatementSite
    from diagnose.rewriting.carriers import Carrier
    from diagnose.rewriting.outcome import Outcome
    from diagnose.rewriting.outline import Place
    from diagnose.rewriting.selections import RowSelection

_REMEDY = "make a list of rows, each a list of values, and send it in messages of less than 128,000 bytes"
_STALE = re.compile(r"insert|stor|writ|sav|statement|\bD1\b|database", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """The function that takes the rows: `await name(env, rows)`.

    Attributes:
        module: that it is imported from.
        purpose: one sentence about what becomes of the rows, for the function that calls it.
    """

    module: str
    name: str
    purpose: str


def selection_of(site: StatementSite) -> RowSelection:
    """The site's INSERT over one JSON parameter.

    Raises:
        NotUnderstood: it is another statement, or its text is not known completely.
    """
    if site.batched or site.verb not in {"INSERT", "REPLACE"}:
        raise NotUnderstood("only an INSERT that is executed by itself can be divided into messages")
    found = rows_selection(site.sql) if site.sql.repeated else row_selection(site.sql)
    if found.head is None:
        raise NotUnderstood("the statement's text is not known completely")
    if found.behind:
        raise NotUnderstood("the statement binds parameters outside its rows, too")
    return found


def hand_on(
    text: str,
    site: StatementSite,
    receiver: Receiver,
    others: Sequence[StatementSite] = (),
    modules: Sequence[Module] = (),
) -> Outcome:
    """The module in which the site's rows go to the receiver.

    Args:
        text: of the module in which the text of the statement is made.
        site: as read from that text.
        receiver: what gets them.
        others: the other places that send statements.
        modules: of the whole worker, where functions of other modules may be involved.
    """
    try:
        selection = selection_of(site)
        carrier = carrier_of(text, site, others, modules)
        _refuse_taken(carrier.place, receiver)
        edits = [
            *_handed_on(carrier, site, receiver, others, selection),
            *_described(carrier.place, receiver),
        ]
        imports = [f"from {receiver.module} import {receiver.name}"]
        edits = [_with_comment(carrier.place.text, edit) for edit in edits]
        return finish(text, edits, imports, receiver.purpose)
    except NotUnderstood as obstacle:
        return Refused(f"{site.function} is not rewritten: {obstacle}", _REMEDY)


def _refuse_taken(place: Place, receiver: Receiver) -> None:
    imported = re.search(rf"^from {receiver.module} import .*\b{receiver.name}\b", place.text, re.MULTILINE)
    if imported is None and re.search(rf"\b{receiver.name}\b", place.text):
        raise NotUnderstood(f"the module uses the name `{receiver.name}` for something else")


def _handed_on(
    carrier: Carrier,
    site: StatementSite,
    receiver: Receiver,
    others: Sequence[StatementSite],
    selection: RowSelection,
) -> list[Edit]:
    if carrier.looping:
        raise NotUnderstood(f"`{carrier.helper}` repeats the statement for each element of a list")
    env = _env_of(carrier, site.binding)

    def call(rows: str) -> str:
        return f"await {receiver.name}({env}, {rows})"

    if not site.sql.repeated:
        return row_loop_handed_on(carrier, site, others, call)
    rows = rows_of(carrier, selection.width)
    edits = handed_on(carrier, rows, call)
    return [*edits, *without_unused(carrier.place, edits)]


def _env_of(carrier: Carrier, binding: str) -> str:
    """How the code writes the environment: around `bind()`, or among the arguments of a helper."""
    if carrier.executing is None or carrier.executing is not carrier.call:
        return _env(carrier.place, carrier.call, binding)
    for argument in carrier.call.arguments:
        try:
            return _env(carrier.place, argument, binding)
        except NotUnderstood:
            continue
    return _env(carrier.place, carrier.call, binding)


def _env(place: Place, bind: ir.Expression, binding: str) -> str:
    """How the code writes the environment that it reads the database's binding from.

    Raises:
        NotUnderstood: the place knows the database only.
    """
    found: ir.Expression | None = bind
    while found is not None:
        match found:
            case ir.Attribute(name=name, value=value) if name == binding:
                return place.source(value)
            case ir.Attribute(value=value) | ir.Call(function=value) | ir.Await(value=value):
                found = value
            case ir.Name(name=name):
                assigned = place.assignment(name)
                found = assigned.value if assigned is not None else None
            case _:
                found = None
    raise NotUnderstood("it knows the database, but not the `env` that the queue's binding is read from")


def _described(place: Place, receiver: Receiver) -> list[Edit]:
    """A new docstring for the function, where the old one tells of a write."""
    match place.function:
        case ir.FunctionDef(body=(ir.ExpressionStatement(value=ir.Literal(value=str() as said) as old), *_)):
            if "\n" in said.strip() or not _STALE.search(said):
                return []
            return [Edit.of(old.span, f'"""{receiver.purpose}"""')]
        case _:
            return []


def _with_comment(text: str, edit: Edit) -> Edit:
    """A removal of whole lines takes along the comment directly above them, and one of two blank lines."""
    lines = text[: edit.start].splitlines(keepends=True)
    removed = text[edit.start : edit.end]
    if edit.replacement or not removed.endswith("\n") or (lines and not lines[-1].endswith("\n")):
        return edit
    indent = indent_of(text, edit.start + len(removed) - len(removed.lstrip()))
    start = edit.start
    while lines and lines[-1].startswith(f"{indent}#"):
        start -= len(lines.pop())
    blank = re.compile(r"[ \t]*\r?\n").match(text, edit.end)
    doubled = start < edit.start and blank is not None and lines and not lines[-1].strip()
    return Edit(start, blank.end() if doubled and blank else edit.end, "")

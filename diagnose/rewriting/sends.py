"""Sends to a queue, cut into as many calls as their bytes need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit, apply_edits
from diagnose.rewriting.execution import refuse_shadowed_json
from diagnose.rewriting.literals import shifted
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import place_of
from diagnose.rewriting.queue_helpers import MESSAGE_BATCHES, MESSAGE_PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diagnose.project.source.model import SendSite
    from diagnose.rewriting.outcome import Outcome, Rewritten
    from diagnose.rewriting.outline import Place
    from diagnose.rewriting.queue_helpers import Helper

_WRAPPERS: Final = {"dumps", "to_js", "stringify", "parse", "fromEntries"}
"""Functions that give their first argument another form."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """A list that is walked in parts.

    Attributes:
        start: where the statements begin that are executed once for each part.
        rows: the expression that gives way to one part.
    """

    start: int
    rows: ir.Expression


def rewrite_batch(text: str, site: SendSite) -> Outcome:
    """The module with the site's `sendBatch` in a loop over messages that one call takes."""
    try:
        return _batches(text, site)
    except NotUnderstood as obstacle:
        remedy = "send slices of at most 100 messages and 256,000 bytes, one `sendBatch` for each"
        return Refused(f"{site.function} is not rewritten: {obstacle}", remedy)


def rewrite_message(text: str, site: SendSite, fits: Callable[[str], bool]) -> Outcome:
    """The module with the site's message in as many parts as its bytes need.

    Args:
        text: of the module in which the site stands.
        site: as read from that text.
        fits: whether the site's message fits in a new text of the module.
    """
    try:
        return _parts(text, site, fits)
    except NotUnderstood as obstacle:
        remedy = "send the rows in several messages of less than 127,900 bytes each, cut by bytes"
        return Refused(f"{site.function} is not rewritten: {obstacle}", remedy)


def _batches(text: str, site: SendSite) -> Rewritten:
    if site.bodies is None:
        raise NotUnderstood("the messages are not made in Python code that can be read")
    place, call = _call(text, site)
    cut = _Cut(place.statement.span.start, _list(call.arguments[0]))
    edits = _in_loop(place, cut, MESSAGE_BATCHES, "batch")
    return finish(text, edits, ["import json"], "each sendBatch gets what it takes")


def _parts(text: str, site: SendSite, fits: Callable[[str], bool]) -> Rewritten:
    _require_python_rows(site)
    place, call = _call(text, site)
    for cut in _cuts(place, call.arguments[0]):
        edits = _in_loop(place, cut, MESSAGE_PARTS, "part")
        outcome = finish(text, edits, ["import json"], "the rows travel in messages that are cut by bytes")
        if fits(outcome.text):
            return outcome
    raise NotUnderstood("the message holds no list of its own that could be cut")


def _require_python_rows(site: SendSite) -> None:
    """Rows are measured by `json.dumps`, which takes no JavaScript object and says nothing about v8."""
    elements = site.body.elements if site.body else ()
    if site.payload != "text" and elements and all(each.passed_on for each in elements):
        raise NotUnderstood("the rows may be JavaScript objects, which Python cannot measure")
    if site.content_type in {"v8", "bytes"}:
        raise NotUnderstood(f"the message is sent as `{site.content_type}` and not as JSON")


def _call(text: str, site: SendSite) -> tuple[Place, ir.Call]:
    """The place of a send, and the call, which is awaited and whose result is dropped."""
    if site.payload_span is not None and site.payload_span.path != site.span.path:
        raise NotUnderstood("the message and the call stand in several files")
    place = place_of(text, site.span.path, site.span.start)
    refuse_shadowed_json(place)
    match place.statement:
        case ir.ExpressionStatement(
            value=ir.Await(value=ir.Call(function=ir.Attribute(name=name), arguments=(_, *_)) as call)
        ) if name == site.method:
            return place, call
        case _:
            raise NotUnderstood(f"the statement does more than await `{site.method}`")


def _list(argument: ir.Expression) -> ir.Expression:
    """The Python list of messages, without what converts it."""
    while (inner := _wrapped(argument)) is not None:
        argument = inner
    if isinstance(argument, ir.Star):
        raise NotUnderstood("the messages are spread into the call")
    return argument


def _wrapped(node: ir.Expression) -> ir.Expression | None:
    """What a call of `json.dumps`, `to_js` and their like converts."""
    match node:
        case ir.Call(function=function, arguments=(first, *_)):
            return first if function.source.rpartition(".")[2] in _WRAPPERS else None
        case _:
            return None


def _cuts(place: Place, argument: ir.Expression) -> Iterator[_Cut]:
    """The lists in a message, of which one grows: in the call, else in the statement directly before it."""
    start = place.statement.span.start
    for node in _inside(argument):
        yield _Cut(start, node)
    level = place.levels[-1]
    name = _list(argument)
    if not isinstance(name, ir.Name) or level.index == 0:
        return
    assigned = place.assignment(name.name)
    before = level.block[level.index - 1]
    if assigned is None or assigned.value is None or before.span != assigned.span:
        return
    if any(use.span.start >= place.statement.span.end for use in place.uses(name.name)):
        return
    for node in _inside(assigned.value):
        yield _Cut(assigned.span.start, node)


def _inside(node: ir.Expression) -> Iterator[ir.Expression]:
    """The values of a message that may be lists."""
    match node:
        case ir.Mapping(pairs=pairs):
            for _, value in pairs:
                yield from _inside(value)
        case ir.Name() | ir.Comprehension() | ir.Subscript() | ir.Attribute():
            yield node
        case ir.Call():
            inner = _wrapped(node)
            yield from (node,) if inner is None else _inside(inner)
        case _:
            return


def _in_loop(place: Place, cut: _Cut, helper: Helper, name: str) -> list[Edit]:
    """The edits that put the statements from the cut's start into a loop over parts of its list."""
    indent, unit = place.indent, place.indent_unit()
    if not indent:
        raise NotUnderstood("other code stands on the same line")
    part = place.fresh(name, f"{name}_of_rows")
    start, end = cut.start, place.statement.span.end
    moved = Edit(cut.rows.span.start - start, cut.rows.span.end - start, part)
    body = shifted(apply_edits(place.text[start:end], [moved]), add=unit)
    loop = f"for {part} in {helper.name}({place.source(cut.rows)}):\n{indent}{unit}{body}"
    return [Edit(start, end, loop), *helper.needed(place)]

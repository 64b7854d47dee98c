"""A number of sent rows that is reported as stored, replaced by the number that D1 counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.counts import OF_THE_INPUT, SAYS_STORED, stored_instead_of_sent
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import offset_of, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.project.source.model import ReportedCount, Source, StatementSite
    from diagnose.rewriting.outcome import Outcome
    from diagnose.rewriting.outline import Place

_BY_HAND = "add up `result.meta.changes` of the writes, and report that"
_HOW = "the number is the one that D1 counted"


def invented_counts(source: Source) -> Iterator[ReportedCount]:
    """Reported numbers of rows that D1 did not count.

    Left out are those that call themselves something else, such as "received", those beside which the
    same response or log gives the number that D1 counted, and those that do not claim to be stored in a
    worker whose queue handler alone writes: what its other handlers count, they have queued. Of logs,
    there is one for each line, and none when a response gives a number: one place says it all.
    """
    counted = {_line(count) for count in source.reported_counts if count.from_changes}
    answered = any(count.medium == "response" for count in source.reported_counts)
    logged: set[tuple[str, int | None]] = set()
    queued = bool(source.sends) and queue_alone_writes(source)
    for count in source.reported_counts:
        if count.medium == "log" and (answered or _line(count) in logged):
            continue
        name = count.name or ""
        honest = OF_THE_INPUT.search(name) or (queued and not SAYS_STORED.search(name))
        beside = count.beside_changes or _line(count) in counted
        if not count.from_changes and not honest and not beside:
            logged.add(_line(count))
            yield count


def queue_alone_writes(source: Source) -> bool:
    """Whether nothing but the queue handler writes to D1."""
    return all(site.handlers <= {"queue"} for site in source.sites if site.writes)


def _line(count: ReportedCount) -> tuple[str, int | None]:
    return count.location.path, count.location.line


def rewrite_count(text: str, count: ReportedCount, sites: Sequence[StatementSite]) -> Outcome:
    """The module that reports what D1 counted.

    Args:
        text: of the module in which the number is made.
        count: as read from that text.
        sites: the places that send statements.
    """
    try:
        place = place_of(text, count.origin.path, offset_of(text, count.origin))
        return finish(text, _counted(place, sites), (), _HOW)
    except NotUnderstood as obstacle:
        return Refused(f"the reported number is not rewritten: {obstacle}", _BY_HAND)


def _counted(place: Place, sites: Sequence[StatementSite]) -> list[Edit]:
    length = _length(place)
    site = _only_write(place, sites)
    write = place.at(site.span.start)
    match write.statement:
        case ir.ExpressionStatement(value=ir.Await() as value) if len(write.levels) == _depth(place, write):
            result = place.fresh("result", "outcome")
            opening = Edit(value.span.start, value.span.start, f"{result} = ")
            return [opening, *_everywhere(place, write, length, result)]
        case ir.Assign(targets=(ir.Name(name=name),), value=ir.Await()):
            return _everywhere(place, write, length, name)
        case _:
            raise NotUnderstood("the write does not stand where its result is certainly known")


def _everywhere(place: Place, write: Place, length: ir.Call, result: str) -> list[Edit]:
    """The number at the place, and wherever the function reports the same one after the write."""
    counted = f"{result}.meta.changes"
    same = frozenset({place.source(length.arguments[0])}) if length.arguments else frozenset[str]()
    return [Edit.of(length.span, counted), *stored_instead_of_sent(write, same, counted)]


def _length(place: Place) -> ir.Call:
    """The only `len(…)` of the statement."""
    found = [
        node
        for node in ir.walk(place.statement)
        if isinstance(node, ir.Call) and isinstance(node.function, ir.Name) and node.function.name == "len"
    ]
    if len(found) != 1:
        raise NotUnderstood("the number is put together in a way that is not understood")
    return found[0]


def _only_write(place: Place, sites: Sequence[StatementSite]) -> StatementSite:
    """The one write of the same function, which is executed once."""
    function = place.function
    if function is None:
        raise NotUnderstood("the number is not made in a function")
    here = [
        site
        for site in sites
        if site.writes
        and site.span.path == function.span.path
        and function.span.start <= site.span.start < place.statement.span.start
    ]
    if len(here) != 1 or here[0].batched or place.at(here[0].span.start).function is not function:
        raise NotUnderstood("there is not exactly one write in front of it in the same function")
    return here[0]


def _depth(place: Place, write: Place) -> int:
    """The depth at which a write is certainly executed before the place is reached: that of a neighbour."""
    shared = [
        ours for ours, theirs in zip(place.levels, write.levels, strict=False) if ours.block is theirs.block
    ]
    return len(shared)

"""A number of sent rows that is reported as stored, replaced by the number that D1 counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.counting import Write, counted_by
from diagnose.rewriting.counts import OF_THE_INPUT, SAYS_STORED, stored_instead_of_sent
from diagnose.rewriting.leading import answer_at
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import offset_of, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.project.source.model import Module, ReportedCount, Source, StatementSite
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


def rewrite_count(
    text: str, count: ReportedCount, sites: Sequence[StatementSite], modules: Sequence[Module] = ()
) -> Outcome:
    """The module that reports what D1 counted.

    Args:
        text: of the module in which the number is made.
        count: as read from that text.
        sites: the places that send statements.
        modules: of the whole worker, where functions of other modules may be involved.
    """
    texts = {module.path: module.text for module in modules} | {count.origin.path: text}
    try:
        place = place_of(text, count.origin.path, offset_of(text, count.origin))
        return finish(text, _counted(place, _writes(place, sites, texts)), (), _HOW)
    except NotUnderstood as obstacle:
        return Refused(f"the reported number is not rewritten: {obstacle}", _BY_HAND)


def _counted(place: Place, writes: Sequence[Write]) -> list[Edit]:
    """The number at the place, and wherever the function reports the same one after the write."""
    length, counted = _length(place), counted_by(place, writes)
    same = frozenset({place.source(length.arguments[0])}) if length.arguments else frozenset[str]()
    reports = stored_instead_of_sent(counted.known, same, counted.source)
    return [*counted.edits, Edit.of(length.span, counted.source), *reports]


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


def _writes(place: Place, sites: Sequence[StatementSite], texts: Mapping[str, str]) -> list[Write]:
    """The statements in front of the place, in the same function, that write or call what does."""
    if place.function is None:
        raise NotUnderstood("the number is not made in a function")
    found: dict[ir.Span, Write] = {}
    for site in sites:
        write = _write_in(place, site, texts) if site.writes else None
        if write is None:
            continue
        known = found.setdefault(write.place.statement.span, write)
        if site.batched or known.answer != write.answer:
            found[write.place.statement.span] = replace(write, answer="other")
    if not found:
        raise NotUnderstood("no write stands in front of it in the same function")
    return [found[span] for span in sorted(found)]


def _write_in(place: Place, site: StatementSite, texts: Mapping[str, str]) -> Write | None:
    """The statement of the function in front of the place that leads to the site, or None."""
    function = place.function
    for level, span in enumerate((site.span, *site.calls)):
        if (
            function is not None
            and span.path == function.span.path
            and (function.span.start <= span.start < place.statement.span.start)
        ):
            at = place.at(span.start)
            if at.function is not function:
                raise NotUnderstood("the write stands in a function of its own")
            return Write(at, *answer_at(site, texts, level))
    return None

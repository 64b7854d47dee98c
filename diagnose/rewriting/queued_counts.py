"""Numbers of rows that were reported as stored, and are now the numbers of queued ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit, apply_edits
from diagnose.rewriting.counts import SAYS_STORED
from diagnose.rewriting.outline import offset_of, place_of
from diagnose.rewriting.reporting import queue_alone_writes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.project.source.model import ReportedCount, Source
    from diagnose.rewriting.outline import Place


@dataclass(frozen=True, slots=True)
class QueuedCounts:
    """What the code says after the edits.

    Attributes:
        texts: of the modules that changed, by path.
        renamed: keys of responses, old name to new name.
    """

    texts: Mapping[str, str]
    renamed: Mapping[str, str] = field(default_factory=dict)


def queued_counts(source: Source, origin: str, keep: frozenset[str] = frozenset()) -> QueuedCounts:
    """The modules in which numbers that come from the module `origin` are called queued.

    Args:
        source: as it is after the rewrite.
        origin: path of the module whose function answers the number of queued rows.
        keep: keys of responses that keep their names.
    """
    edits: dict[str, set[Edit]] = {}
    renamed: dict[str, str] = {}
    for count in _counts_of_queued(source, origin):
        place = _place(source, count)
        for edit, old, new in _renames(place, count):
            if old in keep:
                continue
            edits.setdefault(count.location.path, set()).add(edit)
            renamed |= {old: new} if old else {}
    texts = {path: apply_edits(source.text(path), changes) for path, changes in edits.items()}
    return QueuedCounts(texts, renamed)


def _counts_of_queued(source: Source, origin: str) -> Iterator[ReportedCount]:
    """Numbers from the sending function; where only the consumer writes, every one that D1 did not count."""
    queue_alone = queue_alone_writes(source)
    for count in source.reported_counts:
        ours = count.origin.path == origin or (queue_alone and not count.from_changes)
        if ours and count.location.path != origin:
            yield count


def as_queued(words: str) -> str:
    """A text or a name that says queued where it said inserted, stored or the like."""
    return SAYS_STORED.sub(lambda found: "Queued" if found[0][0].isupper() else "queued", words)


def _place(source: Source, count: ReportedCount) -> Place:
    text = source.text(count.location.path)
    return place_of(text, count.location.path, offset_of(text, count.location))


def _renames(place: Place, count: ReportedCount) -> Iterator[tuple[Edit, str | None, str]]:
    """The key that the number is given under, and the words around it in a text."""
    offset = offset_of(place.text, count.location)
    for node in ir.walk(place.statement):
        if not node.span.start <= offset < node.span.end:
            continue
        match node:
            case ir.Mapping(pairs=pairs):
                for key, value in pairs:
                    if isinstance(key, ir.Literal) and value.span.start <= offset < value.span.end:
                        yield from _renamed(place, key, key.value)
            case ir.Template(parts=parts):
                yield from ((edit, None, "") for edit in _words(place, node, parts))
            case ir.Call(arguments=arguments) if count.medium == "log":
                for word in arguments:
                    if isinstance(word, ir.Literal):
                        yield from ((edit, None, "") for edit, _, _ in _renamed(place, word, word.value))
            case _:
                pass


def _renamed(place: Place, literal: ir.Literal, value: object) -> Iterator[tuple[Edit, str | None, str]]:
    if isinstance(value, str) and as_queued(value) != value:
        written = place.source(literal)
        yield Edit.of(literal.span, as_queued(written)), value, as_queued(value)


def _words(place: Place, template: ir.Node, parts: Sequence[object]) -> Iterator[Edit]:
    """The text of a template, the expressions in it left alone."""
    inside = [part.span for part in parts if isinstance(part, ir.Node)]
    starts = [template.span.start, *(span.end for span in inside)]
    ends = [*(span.start for span in inside), template.span.end]
    for start, end in zip(starts, ends, strict=True):
        words = place.text[start:end]
        if as_queued(words) != words:
            yield Edit(start, end, as_queued(words))

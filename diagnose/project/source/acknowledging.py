"""Finds where a failed write in a `queue` handler ends in an acknowledged message.

A handler that returns acknowledges what it has not decided about, and the first decision about a message
counts (https://developers.cloudflare.com/queues/configuration/batching-retries/). So a failure reaches
the queue by an error that leaves the handler, or by a retry; a message is also safe when it was kept
elsewhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.project.source import ir, swallowing
from diagnose.project.source.model import AckedFailure, SendSite
from diagnose.project.source.never_sent import NeverSent
from diagnose.project.source.ways import Ways, is_within, passes, way_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.project.source.records import Guarding, QueueEvent, Records, Write
    from diagnose.project.source.scopes import Scope


def acked_failures(records: Records, scopes: Mapping[str, Scope]) -> tuple[AckedFailure, ...]:
    """Every such place, in the order of the files."""
    finder = _Finder(records, scopes)
    unique: dict[tuple[ir.Span, str], AckedFailure] = {}
    for found in (*finder.clauses(), *finder.early_acks(), *finder.acks_in_finally()):
        unique.setdefault((found.span, found.kind), found)
    return tuple(sorted(unique.values(), key=lambda failure: failure.span))


class _Finder:
    """Looks at each clause around a write, and at each ack."""

    def __init__(self, records: Records, scopes: Mapping[str, Scope]) -> None:
        self.records = records
        self.scopes = scopes
        self.ways = Ways()
        self.acks = [event for event in records.events if event.kind == "ack"]
        self.savings = [event for event in records.events if event.kind != "ack"]
        self.changes = [write for write in records.writes if _changes(write)]

    def clauses(self) -> Iterator[AckedFailure]:
        """Clauses that keep an error from the platform."""
        for guarding in self.records.guardings.values():
            writes = [write for number in guarding.writes if _in_queue(write := self.records.writes[number])]
            if not writes or guarding.kind == "fire-and-forget":
                continue
            if guarding.clause is not None:
                yield from self._clause(guarding, guarding.clause, writes)
            elif swallowing.swallows(guarding) and not self._saved_later(guarding, writes[0], silent=False):
                yield _failure(guarding.kind, guarding.span, guarding.function_name, writes)

    def _clause(
        self, guarding: Guarding, clause: ir.ExceptClause, writes: list[Write]
    ) -> Iterator[AckedFailure]:
        inside = [event for event in self.records.events if passes(event.trail, clause.span)]
        acks = [event for event in inside if event.kind == "ack"]
        if self._kept_in(clause, inside):
            return
        acked = min((event.order for event in acks if _always_in(event, clause)), default=None)
        saving = [
            event
            for event in inside
            if event.kind in {"retry", "raise"} and (acked is None or event.order < acked)
        ]
        if saving:
            never = NeverSent(clause, self.scopes.get(clause.span.path))
            texts = [never.before(_span_in(event, clause)) for event in saving]
            if all(texts):
                found = tuple(dict.fromkeys(text for each in texts for text in each))
                yield _failure(
                    "never-sent", clause.span, guarding.function_name, writes, acks=acks, texts=found
                )
            return
        silent = guarding.dropped and swallowing.is_silent(guarding)
        if acked is not None or not self._saved_later(guarding, writes[0], silent=silent):
            yield _failure("except", clause.span, guarding.function_name, writes, acks=acks)

    def _kept_in(self, clause: ir.ExceptClause, inside: list[QueueEvent]) -> bool:
        """The clause stores the message, or a note of it, elsewhere."""
        return any(event.kind == "kept" for event in inside) or any(
            passes(write.trail, clause.span) for write in self.changes
        )

    def _saved_later(self, guarding: Guarding, write: Write, *, silent: bool) -> bool:
        """Code behind the clause, here or in a caller, may retry or raise because of the failure."""
        for level, (definition, span) in enumerate(write.trail):
            own = definition is guarding.function and is_within(span, _whole(definition, guarding.span))
            if definition is None or (silent and not own):
                continue
            position = guarding.span if own else span
            for event in self.savings:
                is_meant = event.handler == write.handler and not (silent and event.kind == "kept")
                if is_meant and self._follows(event, write, level, position, own=own):
                    return True
            if own:
                return self._sent_later(guarding, write)
        return False

    def _follows(self, event: QueueEvent, write: Write, level: int, position: ir.Span, *, own: bool) -> bool:
        """The event stands behind a position in the same call of the same function, on no other error path.

        In the clause's `own` function that is behind the clause, in a caller anywhere behind the call: it
        may be the test of an `if` that the event stands in.
        """
        if len(event.trail) <= level or event.trail[level][0] is not write.trail[level][0]:
            return False
        definition, span = event.trail[level]
        behind = position.end if own else position.start + 1
        if span.start < behind or event.trail[:level] != write.trail[:level]:
            return False
        return not any(
            is_within(span, clause) and not is_within(position, clause)
            for clause in self.ways.clauses(definition)
        )

    def _sent_later(self, guarding: Guarding, write: Write) -> bool:
        """What the clause has collected is stored or sent in one go afterwards."""
        if swallowing.is_silent(guarding):
            return False
        return any(
            isinstance(other.site, SendSite) and other.handler == write.handler and other.order > write.order
            for other in self.records.writes
            if other is not write and not passes(other.trail, guarding.span)
        )

    def early_acks(self) -> Iterator[AckedFailure]:
        """Acks that come before every write."""
        for ack in self.acks:
            writes = [write for write in self.changes if write.handler == ack.handler]
            earlier = (write for write in writes if write.order < ack.order)
            if any(not self.ways.excludes(write.trail, ack.trail) for write in earlier):
                continue
            later = [write for write in writes if write.order > ack.order and self._is_next(ack, write)]
            if later:
                yield replace(_acked("early-ack", ack, later), write_span=_reached(ack, later[-1]))

    def _is_next(self, ack: QueueEvent, write: Write) -> bool:
        """The write always comes after the ack, when nothing fails."""
        return self.ways.always_before(ack.trail, write.trail) and not self.ways.is_on_an_error_path(
            write.trail, ack.trail
        )

    def acks_in_finally(self) -> Iterator[AckedFailure]:
        """Acks in the `finally` of a `try` around a write."""
        for ack in self.acks:
            for definition, span in ack.trail:
                statement = _try_of_finally(definition, span)
                if statement is None:
                    continue
                block = [one.span for one in statement.body]
                writes = [
                    write
                    for write in self.changes
                    if write.handler == ack.handler and any(passes(write.trail, one) for one in block)
                ]
                if writes and not self._decided_before(statement):
                    yield _acked("ack-in-finally", ack, writes)

    def _decided_before(self, statement: ir.Try) -> bool:
        """An `except` of the `try` retries or keeps the message first."""
        clauses = [clause for clause in statement.clauses if swallowing.is_broad(clause)]
        return any(
            self._kept_in(
                clause, [event for event in self.records.events if passes(event.trail, clause.span)]
            )
            or any(
                event.kind == "retry" and passes(event.trail, clause.span) for event in self.records.events
            )
            for clause in clauses
        )


def _in_queue(write: Write) -> bool:
    return "queue" in write.site.handlers


def _changes(write: Write) -> bool:
    return isinstance(write.site, SendSite) or write.site.writes


def _failure(
    kind: str,
    span: ir.Span,
    function: str,
    writes: list[Write],
    *,
    acks: Sequence[QueueEvent] = (),
    texts: tuple[str, ...] = (),
) -> AckedFailure:
    return AckedFailure(
        kind=kind,  # type: ignore[arg-type]  # the kinds of a guarding around writes are kinds of this
        location=span.location,
        span=span,
        function=function,
        writes=tuple(sorted({write.site.location for write in writes})),
        ack=acks[0].span.location if acks else None,
        texts=texts,
    )


def _acked(kind: str, ack: QueueEvent, writes: list[Write]) -> AckedFailure:
    return _failure(kind, ack.trail[-1][1], ack.function_name, writes, acks=[ack])


def _reached(ack: QueueEvent, write: Write) -> ir.Span | None:
    """The statement in the function of the ack that leads to the write."""
    level = len(ack.trail) - 1
    is_same = write.trail[:level] == ack.trail[:level]
    return write.trail[level][1] if is_same and len(write.trail) > level else None


def _span_in(event: QueueEvent, clause: ir.ExceptClause) -> ir.Span:
    """The statement of the clause that leads to the event."""
    return next(span for _, span in event.trail if is_within(span, clause.span))


def _always_in(event: QueueEvent, clause: ir.ExceptClause) -> bool:
    """Nothing in the clause decides whether it happens."""
    way = way_to(clause.body, _span_in(event, clause))
    return all(step.branch in {"", "body"} and not isinstance(step.statement, ir.If) for step in way)


def _whole(definition: ir.FunctionDef | ir.Lambda | None, fallback: ir.Span) -> ir.Span:
    return definition.span if definition is not None else fallback


def _try_of_finally(definition: ir.FunctionDef | ir.Lambda | None, span: ir.Span) -> ir.Try | None:
    """The `try` in whose `finally` a statement stands without a condition."""
    way = way_to(definition.body, span) if isinstance(definition, ir.FunctionDef) else ()
    for above, step in zip(reversed(way[:-1]), reversed(way[1:]), strict=True):
        if step.branch == "finally" and isinstance(above.statement, ir.Try):
            return above.statement
        if step.branch != "body" or not isinstance(above.statement, (ir.For, ir.With)):
            return None
    return None

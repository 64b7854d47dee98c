"""What is written down while a worker is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from diagnose.project.source import ir
    from diagnose.project.source.model import (
        BindingUse,
        HandlerKind,
        OutboundFetch,
        ReportedCount,
        SendSite,
        StatementSite,
    )


Trail: TypeAlias = "tuple[tuple[ir.FunctionDef | ir.Lambda | None, ir.Span], ...]"
"""The functions that are being read, outermost first, each with its statement that is being read."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response that a handler makes; `status` is None when the source does not settle it."""

    order: int
    handler: int
    location: ir.Span
    status: int | None


@dataclass(slots=True)
class Write:
    """A D1 or queue operation, in the order of reading."""

    site: StatementSite | SendSite
    order: int
    handler: int
    awaited: bool = True
    trail: Trail = ()


@dataclass(frozen=True, slots=True)
class QueueEvent:
    """What decides about a message, in the order of reading.

    Attributes:
        kind: `kept` when the message, or a note of it, is handed to something else; `raise` retries
            every message that is not acknowledged.
        whole: it concerns the whole batch.
    """

    kind: Literal["ack", "retry", "kept", "raise"]
    whole: bool
    order: int
    handler: int
    span: ir.Span
    trail: Trail
    function_name: str = ""


@dataclass(frozen=True, slots=True)
class MessageRead:
    """A read of a part of a message's body.

    Attributes:
        optional: the code provides for its absence.
        dispatched: it happens for some kinds of messages only.
        mixed: the body may have been text or not.
    """

    path: tuple[str, ...]
    optional: bool
    dispatched: bool
    mixed: bool
    span: ir.Span
    function_name: str


@dataclass(eq=False, slots=True)
class Guarding:
    """A clause that decides what becomes of an error, and the writes inside.

    Attributes:
        clause: the `except`; None for the other kinds.
        function: the function it stands in; None at module level.
        dropped: every caller drops the function's result.
        untested: no caller tests it.
        entry: the platform calls the function itself.
        keeps: an error does not get past the clause.
    """

    kind: Literal["except", "finally", "fire-and-forget", "suppress"]
    span: ir.Span
    function_name: str
    clause: ir.ExceptClause | None = None
    function: ir.FunctionDef | None = None
    dropped: bool = True
    untested: bool = True
    entry: bool = False
    keeps: bool = True
    writes: list[int] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Unawaited:
    """A call that nothing waits for, the statement it stands in, and the writes that depend on it."""

    call: ir.Span
    source: str
    by: Literal["binding", "function", "group", "uncalled"]
    statement: ir.Span
    function_name: str
    writes: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Records:
    """Everything seen so far.

    Attributes:
        handler: number of the handler run that is being read; 0 for code that no handler reaches.
        kind: of that handler.
        order: counts events.
        kept_alive: numbers of the writes that happen in `waitUntil`.
        events: what decides about messages in `queue` handlers.
        reads: parts of message bodies that `queue` handlers read.
        tested: paths into a body whose type a test asks about.
        dispatching: how many tests of the kind of a message hold where the code is being read.
        conditions: paths of the fields that decide whether the code being read is executed.
        assigned: paths that a handler itself gives a value.
    """

    writes: list[Write] = field(default_factory=list)
    fetches: list[OutboundFetch] = field(default_factory=list)
    uses: dict[tuple[ir.Span, str, str | None], BindingUse] = field(default_factory=dict)
    responses: list[Response] = field(default_factory=list)
    counts: dict[tuple[ir.Span, str], ReportedCount] = field(default_factory=dict)
    guardings: dict[tuple[ir.Span, str], Guarding] = field(default_factory=dict)
    unawaited: dict[ir.Span, Unawaited] = field(default_factory=dict)
    queue_names: dict[str, None] = field(default_factory=dict)
    kept_alive: set[int] = field(default_factory=set)
    routes: list[tuple[str | None, str, ir.Span]] = field(default_factory=list)
    events: list[QueueEvent] = field(default_factory=list)
    reads: list[MessageRead] = field(default_factory=list)
    tested: set[tuple[str, ...]] = field(default_factory=set)
    dispatching: int = 0
    conditions: list[tuple[str, ...]] = field(default_factory=list)
    assigned: set[tuple[str, ...]] = field(default_factory=set)
    handler: int = 0
    kind: HandlerKind | None = None
    order: int = 0
    complete: bool = True

    def tick(self) -> int:
        """The number of the next event."""
        self.order += 1
        return self.order

    def guarding(self, guarding: Guarding) -> Guarding:
        """The record of that clause, made at its first reading."""
        known = self.guardings.setdefault((guarding.span, guarding.kind), guarding)
        known.dropped = known.dropped and guarding.dropped
        known.untested = known.untested and guarding.untested
        known.entry = known.entry or guarding.entry
        return known

    def has_written(self) -> bool:
        """The handler that is being read has reached a write before."""
        return any(
            write.handler == self.handler and write.site.method not in {"all", "first", "raw"}
            for write in self.writes
        )

"""What is written down while a worker is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

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


@dataclass(eq=False, slots=True)
class Guarding:
    """A clause that decides what becomes of an error, and the writes inside.

    Attributes:
        clause: the `except`; None for the other kinds.
        function: the function it stands in; None at module level.
        dropped: every caller drops the function's result.
        entry: the platform calls the function itself.
        keeps: an error does not get past the clause.
    """

    kind: Literal["except", "finally", "fire-and-forget", "suppress"]
    span: ir.Span
    function_name: str
    clause: ir.ExceptClause | None = None
    function: ir.FunctionDef | None = None
    dropped: bool = True
    entry: bool = False
    keeps: bool = True
    writes: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Records:
    """Everything seen so far.

    Attributes:
        handler: number of the handler run that is being read; 0 for code that no handler reaches.
        kind: of that handler.
        order: counts events.
        kept_alive: numbers of the writes that happen in `waitUntil`.
    """

    writes: list[Write] = field(default_factory=list)
    fetches: list[OutboundFetch] = field(default_factory=list)
    uses: dict[tuple[ir.Span, str, str | None], BindingUse] = field(default_factory=dict)
    responses: list[Response] = field(default_factory=list)
    counts: dict[tuple[ir.Span, str], ReportedCount] = field(default_factory=dict)
    guardings: dict[tuple[ir.Span, str], Guarding] = field(default_factory=dict)
    queue_names: dict[str, None] = field(default_factory=dict)
    kept_alive: set[int] = field(default_factory=set)
    routes: list[tuple[str | None, str, ir.Span]] = field(default_factory=list)
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
        known.entry = known.entry or guarding.entry
        return known

    def has_written(self) -> bool:
        """The handler that is being read has reached a write before."""
        return any(
            write.handler == self.handler and write.site.method not in {"all", "first", "raw"}
            for write in self.writes
        )

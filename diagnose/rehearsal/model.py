"""The result of a rehearsal."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.embedded.invocation import ExecutedStatement, Invocation, Trigger
    from diagnose.embedded.queues import Delivery
    from diagnose.importing import Rows
    from diagnose.model import Json, Location
    from diagnose.rehearsal.outcomes import QueueOutcome


CLIENT_ERROR = 400
_FIRST_AND_LAST = 500
_REFUSAL = re.compile(r"\bD1_\w*ERROR\b|: SQLITE_[A-Z]+\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedTable:
    """One table that the worker writes, before and after.

    Attributes:
        exists: it stands in the database behind the binding.
        bound: the rows that accepted statements bound, evaluated by SQLite without types or checks;
            None when that cannot be told (no statement was accepted, or it reads other tables).
        landed: rows in the table afterwards, without those of before.
        before: rows in the table before; a rehearsal empties it first.
        changes: what D1 counted for the statements that name the table (`meta.changes`).
        rows: those rows, in the columns of `bound` (or all columns).
        attempts: statements that would have written to it, those that D1 refused included.
        equal: how many bound rows landed with equal values.
        examples: up to three differences, each as {"bound": …, "landed": …}.
        passed_over: the constraint for which INSERT OR IGNORE left rows out, or None.
        written_at: where the source issues the first statement that names the table.
    """

    binding: str
    database_id: str
    table: str
    exists: bool
    bound: Rows | None = None
    landed: int = 0
    before: int = 0
    changes: int = 0
    attempts: int = 0
    rows: Rows | None = None
    equal: int = 0
    examples: tuple[Mapping[str, Json], ...] = ()
    passed_over: str | None = None
    written_at: Location | None = None

    @property
    def outcome(self) -> str:
        """How many rows landed, in a few words."""
        if not self.exists:
            return f"there is no table {self.table} ({self.binding})"
        return f"{self.landed:,} rows in {self.table} ({self.binding})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One invocation of a rehearsal: by the trigger, or with a batch of messages.

    Attributes:
        script: the worker.
        databases: ids by binding of that worker.
        at_ms: when it began, on a clock that leaps over what only waits.
        delivery: of the batch, or None.
        recovered: every message that it left to be repeated was acknowledged later.
    """

    script: str
    invocation: Invocation
    databases: Mapping[str, str]
    at_ms: float = 0.0
    delivery: Delivery | None = None
    recovered: bool = False

    def statements_on(self, database_id: str) -> Iterator[ExecutedStatement]:
        """The statements that went to a database, in order."""
        for statement in self.invocation.statements:
            if self.databases.get(statement.binding) == database_id:
                yield statement


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedLine:
    """One line that a deployed worker wrote, or (with level `exception`) what escaped from it."""

    script: str
    level: str
    text: str

    @property
    def is_refusal(self) -> bool:
        """Whether it quotes D1's refusal of a statement."""
        return _REFUSAL.search(self.text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRun:
    """What is known of a trigger that ran for real, beside what a rehearsal would know, too.

    Attributes:
        where: what was sent where.
        watched: workers whose tails were watched meanwhile.
        unwatched: why not, by worker.
        gaps: why something may have been missed in the tails.
        lines: that the workers wrote, and what escaped from them.
    """

    where: str
    watched: tuple[str, ...] = ()
    unwatched: Mapping[str, str] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
    lines: tuple[LoggedLine, ...] = ()

    @property
    def refusal(self) -> str | None:
        """The first line that quotes D1's refusal of a statement, or None."""
        return next((line.text for line in self.lines if line.is_refusal), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One trigger, from the event to the rows; messages that it sends are delivered before anybody looks.

    It is rehearsed in a throw-away account, or (with `live`) ran for real: then statements, bound and fetched
    rows stay unseen.

    Attributes:
        refused: why nothing (or nothing useful) could be executed, or None.
        deploy_error: why the account would refuse the worker's deployment, or None.
        guessed: the trigger is not from the settings.
        invocation: what the runtime observed when the event was delivered, or None when nothing was executed.
        acts: that invocation, and one for each batch of messages.
        queues: what became of the messages, by queue.
        cut: more batches would have been delivered.
        tables: what the worker writes to, the watched one first.
        fetched: the fetched rows under the `[rows]` mapping, in the table's column names; None without one.
        fetched_equal: how many fetched rows landed with equal values, or None without a mapping.
        fetched_examples: up to three fetched rows that did not, as in `WatchedTable.examples`.
        reported: the number of rows that the worker's answer claims, or None.
        live: what else is known of a trigger that ran for real; None when it was rehearsed.
    """

    refused: str | None = None
    deploy_error: str | None = None
    trigger: Trigger | None = None
    guessed: bool = False
    invocation: Invocation | None = None
    acts: tuple[Act, ...] = ()
    queues: tuple[QueueOutcome, ...] = ()
    cut: bool = False
    tables: tuple[WatchedTable, ...] = ()
    fetched: Rows | None = None
    fetched_equal: int | None = None
    fetched_examples: tuple[Mapping[str, Json], ...] = ()
    reported: int | None = None
    live: LiveRun | None = None

    @property
    def is_beside_the_point(self) -> bool:
        """A guessed request that wrote and sent nothing, and failed: the guess was wrong, not the worker."""
        if not self.guessed or self.invocation is None or self.invocation.statements or self.queues:
            return False
        return self.is_failed

    @property
    def is_failed(self) -> bool:
        """The worker raised, or answered with an error; also when nothing was executed."""
        if self.invocation is None:
            return True
        answer = self.invocation.answer
        return self.invocation.outcome != "ok" or (answer is not None and answer.status >= CLIENT_ERROR)

    @property
    def is_idle(self) -> bool:
        """The worker ended well, and fetched, sent and tried to write nothing: there was nothing to do."""
        ended = self.invocation
        if ended is None or ended.outcome != "ok" or ended.fetches or self.queues:
            return False
        return self.reported is None and not any(table.attempts for table in self.tables)

    @property
    def waiting(self) -> tuple[QueueOutcome, ...]:
        """Queues with messages that nobody was given."""
        return tuple(queue for queue in self.queues if queue.left)

    @property
    def given_up(self) -> int:
        """Messages whose retries were used up."""
        return sum(queue.failed for queue in self.queues)

    @property
    def trigger_text(self) -> str:
        """The trigger in a few words: `POST /import`, or the cron expression."""
        if self.trigger is None:
            return "none"
        if self.trigger.queue is not None:
            return f"a message from {self.trigger.queue}"
        return self.trigger.cron or f"{self.trigger.method} {self.trigger.path}"

    @property
    def watched(self) -> WatchedTable | None:
        """The table whose rows are counted."""
        return self.tables[0] if self.tables else None

    @property
    def equal(self) -> int:
        """Rows of the watched table that are equal to what was fetched, or (without a mapping) bound."""
        if self.fetched_equal is not None:
            return self.fetched_equal
        return self.watched.equal if self.watched else 0

    @property
    def failed_statements(self) -> tuple[ExecutedStatement, ...]:
        """Statements that D1 refused, in order; not those whose messages arrived with a later delivery."""
        return tuple(
            statement
            for act in self.acts
            if not act.recovered
            for statement in act.invocation.statements
            if statement.error
        )

    @property
    def statements(self) -> int:
        """How many statements reached D1."""
        return sum(len(act.invocation.statements) for act in self.acts)

    def statements_on(self, database_id: str) -> tuple[ExecutedStatement, ...]:
        """The statements of all workers that went to a database, in order."""
        return tuple(statement for act in self.acts for statement in act.statements_on(database_id))

    @property
    def timeline(self) -> list[Json]:
        """Every event as evidence, from the trigger over all deliveries to the rows."""
        lines: list[Json] = []
        end = 0.0
        for act in self.acts:
            end = act.at_ms + act.invocation.duration_ms
            lines += [
                _line(act.at_ms + event.at_ms, event.kind, event.text, event.location)
                for event in act.invocation.events
            ]
            if act.delivery is not None:
                lines.append(_line(end, "queue", _decided(act.delivery), None))
        lines += [
            _line(end, "queue", f"{q.queue}: {q.left:,} left, {q.why_left}", None) for q in self.waiting
        ]
        lines += [_line(end, "rows", table.outcome, None) for table in self.tables]
        return _cut(lines)


def _cut(lines: list[Json]) -> list[Json]:
    """The first and the last lines, where there are more than anybody reads."""
    more = len(lines) - 2 * _FIRST_AND_LAST
    if more <= 0:
        return lines
    between = _line(0.0, "cut", f"{more:,} more events", None) | {"at_ms": None}
    return [*lines[:_FIRST_AND_LAST], between, *lines[-_FIRST_AND_LAST:]]


def _line(at_ms: float, kind: str, text: str, location: Location | None) -> dict[str, Json]:
    return {
        "at_ms": round(at_ms, 1),
        "kind": kind,
        "text": text,
        "path": location.path if location else None,
        "line": location.line if location else None,
    }


def _decided(delivery: Delivery) -> str:
    """What became of a batch: `prices: 9 acknowledged, 1 to be repeated`."""
    counts = (
        (delivery.acked, "acknowledged"),
        (delivery.retried, "to be repeated"),
        (delivery.dead_lettered, f"given up, moved to {delivery.dead_letter_queue}"),
        (delivery.dropped, "given up and lost"),
    )
    return f"{delivery.queue}: " + ", ".join(f"{len(ids):,} {what}" for ids, what in counts if ids)

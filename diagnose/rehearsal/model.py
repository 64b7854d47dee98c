"""The result of a rehearsal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.embedded.invocation import ExecutedStatement, Invocation, Trigger
    from diagnose.importing import Rows
    from diagnose.model import Json, Location


CLIENT_ERROR = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedTable:
    """One table that the worker writes, before and after.

    Attributes:
        exists: it stands in the database behind the binding.
        bound: the rows that accepted statements bound, evaluated by SQLite without types or checks;
            None when that cannot be told (no statement was accepted, or it reads other tables).
        landed: rows in the table afterwards; it was empty before.
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
class Rehearsal:
    """One trigger, from the event to the rows.

    Attributes:
        refused: why nothing (or nothing useful) could be executed, or None.
        deploy_error: why the account would refuse the worker's deployment, or None.
        guessed: the trigger is not from the settings.
        invocation: what the runtime observed, or None when nothing was executed.
        tables: what the worker writes to, the watched one first.
        fetched: the fetched rows under the `[rows]` mapping, in the table's column names; None without one.
        fetched_equal: how many fetched rows landed with equal values, or None without a mapping.
        fetched_examples: up to three fetched rows that did not, as in `WatchedTable.examples`.
        reported: the number of rows that the worker's answer claims, or None.
    """

    refused: str | None = None
    deploy_error: str | None = None
    trigger: Trigger | None = None
    guessed: bool = False
    invocation: Invocation | None = None
    tables: tuple[WatchedTable, ...] = ()
    fetched: Rows | None = None
    fetched_equal: int | None = None
    fetched_examples: tuple[Mapping[str, Json], ...] = ()
    reported: int | None = None

    @property
    def is_beside_the_point(self) -> bool:
        """A guessed request that wrote nothing, and failed: the guess was wrong, not the worker."""
        if not self.guessed or self.invocation is None or self.invocation.statements:
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
        """The worker ended well, fetched nothing and tried to write nothing: there was nothing to do."""
        ended = self.invocation
        if ended is None or ended.outcome != "ok" or ended.fetches:
            return False
        return self.reported is None and not any(table.attempts for table in self.tables)

    @property
    def is_handed_on(self) -> bool:
        """The worker ended well, and a queue took messages from it."""
        ended = self.invocation
        if ended is None or ended.outcome != "ok":
            return False
        return any(message.error is None for message in ended.messages)

    @property
    def trigger_text(self) -> str:
        """The trigger in a few words: `POST /import`, or the cron expression."""
        if self.trigger is None:
            return "none"
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
        """Statements that D1 refused, in order."""
        statements = self.invocation.statements if self.invocation else ()
        return tuple(statement for statement in statements if statement.error)

    @property
    def timeline(self) -> list[Json]:
        """Every event as evidence: triggered, fetched, executed, logged, answered; then the rows."""
        if self.invocation is None:
            return []
        lines: list[Json] = [
            {
                "at_ms": round(event.at_ms, 1),
                "kind": event.kind,
                "text": event.text,
                "path": event.location.path if event.location else None,
                "line": event.location.line if event.location else None,
            }
            for event in self.invocation.events
        ]
        lines += [
            {
                "at_ms": round(self.invocation.duration_ms, 1),
                "kind": "rows",
                "text": table.outcome,
                "path": None,
                "line": None,
            }
            for table in self.tables
        ]
        return lines

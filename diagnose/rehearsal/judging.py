"""What the rows of the account say after a trigger that ran for real."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.model import Severity

if TYPE_CHECKING:
    from diagnose.rehearsal.model import LiveRun, Rehearsal, WatchedTable


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said; without a severity all is well. `is_unsettled`: it cannot be told."""

    message: str
    severity: Severity | None = None
    is_unsettled: bool = False


def judge_live(rehearsal: Rehearsal, run: LiveRun, table: WatchedTable) -> Verdict:
    """The rows of the watched table, beside what the worker reports and what was logged."""
    agrees = rehearsal.reported in {None, table.landed}
    if run.refusal is not None:
        lost = table.landed <= 0 or not agrees
        severity = Severity.ERROR if lost else Severity.WARNING
        return Verdict(f"the worker's log says that D1 refused a statement: {run.refusal}", severity)
    if not table.exists:
        return Verdict(f"the account has no table {table.table} (TBL001)", Severity.ERROR)
    if table.landed > 0 and agrees:
        return Verdict(f"{table.landed:,} rows landed in {table.table}")
    if rehearsal.waiting and not rehearsal.given_up:
        queue = rehearsal.waiting[0]
        return _unsettled(
            f"{table.landed:,} rows landed in {table.table}; messages left in {queue.queue}:"
            f" {queue.left:,}, {queue.why_left} (E2E003)"
        )
    if not agrees:
        return _disagrees(rehearsal, table)
    return _nothing(rehearsal, table)


def _unsettled(message: str) -> Verdict:
    return Verdict(message, Severity.ADVICE, is_unsettled=True)


def _disagrees(rehearsal: Rehearsal, table: WatchedTable) -> Verdict:
    said = f"the worker reports {rehearsal.reported:,} rows, and {table.landed:,} landed in {table.table}"
    if not table.before:
        return Verdict(said, Severity.ERROR)
    return Verdict(f"{said}, where {table.before:,} stood before", Severity.WARNING)


def _nothing(rehearsal: Rehearsal, table: WatchedTable) -> Verdict:
    if rehearsal.is_failed and rehearsal.invocation is not None:
        return _unsettled("the worker failed before it wrote anything (E2E001)")
    if rehearsal.given_up:
        return Verdict(
            f"nothing was written to {table.table}; messages given up: {rehearsal.given_up:,}", Severity.ERROR
        )
    stood = f": {table.before:,} rows stood there before" if table.before else ""
    return Verdict(f"no row was added to {table.table}{stood}", Severity.ADVICE)

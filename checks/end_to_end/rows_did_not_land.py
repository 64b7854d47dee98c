"""E2E002: the worker ran, and the rows are not in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.rehearsal.judging import judge_live
from diagnose.rehearsal.quoting import live_evidence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.embedded.invocation import ExecutedStatement
    from diagnose.model import Json
    from diagnose.plugin import Context, Finding
    from diagnose.project.source import Source
    from diagnose.rehearsal import Rehearsal, WatchedTable
    from diagnose.rehearsal.model import LiveRun


class RowsDidNotLand(Check):
    """What the worker wrote, and what it says it wrote, stands in the table afterwards.

    ## What it checks

    The watched table (`[watch]` in `diagnose.toml`, else each table that the source writes) is emptied in
    a throw-away copy of the account, the worker is triggered once, the messages that it sends are delivered
    to their consumers until none waits any more, and the rows are counted. The check fails when D1 refused
    a statement (unless its messages arrived with a later delivery), or when the worker reports a number of
    rows (`[trigger] reported`) that is neither what the table holds nor what D1 counted (`meta.changes`,
    which includes updated rows and rows written by triggers): with a queue in between, a producer that
    reports the rows it queued is held to those that landed. When nothing was written at all and nothing was
    reported, that is advice; a warning when messages were acknowledged, and an error when rows were fetched
    (`[rows]`), messages were given up, or `INSERT OR IGNORE` passed over every row: it names the constraint.

    With `--target cloudflare --live` the deployed worker is triggered for real, and the rows of the account's
    tables are counted before and after. D1's errors are then those that the worker's log or an exception
    quotes. Where rows stood there before, a number that is not the difference is a warning: rows that were
    replaced, and those of other writers, cannot be told from outside.

    ## Why it matters

    A worker that swallows an error answers 200 and a count, and the table stays empty for months.

    ## Example

    ```python
    try:
        await insert(env, candles)                    # D1_ERROR: too many SQL variables …
    except Exception as error:
        print(error)                                  # nobody reads it
    return Response.json({"inserted": len(candles)})  # 2000, and 0 rows in the table
    ```

    The error reaches the caller, and the count is D1's own:

    ```python
    inserted = await insert(env, candles)             # the sum of meta.changes
    return Response.json({"inserted": inserted})
    ```

    ## Remedy

    Repair what explains it first (LIM001, TBL001, SRC001 …); then the rows are imported.

    ## Fix safety

    data: writes the rows that the repaired worker binds into the table of the account, through
    `json_each` statements with one parameter each, and compares every one of them in the database. Rows
    that are already there are left as they are. Undo removes the rows of that run, and no others.

    ## Evidence

    `fetched`: rows in the fetched answer (with a `[rows]` mapping), else null. `reported`: what the answer
    claims, else null. `landed`: rows in the table. `equal`: rows that landed with equal values.
    `statements`: how many were executed. `error`: of the first refused statement. `timeline`: events with
    `at_ms`, `kind`, `text`, `path`, `line`, deliveries included. `live`, `logs`: with `--live`, what was
    triggered and watched, and the lines that the workers wrote; `before`: rows in the table before. `equal`
    and `statements` are null then.

    ## Permissions

    None: the rehearsal happens on this machine. `--live` needs D1 Read, and Workers Tail Read for the log.
    The fix needs D1 Edit.
    """

    code: ClassVar[str] = "E2E002"
    name: ClassVar[str] = "rows-did-not-land"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE, Need.RUNTIME})
    live_scopes: ClassVar[tuple[str, ...]] = ("D1 Read", "Workers Tail Read")
    mode: ClassVar[Mode] = Mode.OFFLINE
    timeout: ClassVar[float] = 300.0

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        rehearsal = await ctx.rehearsal()
        if rehearsal.live is not None:
            yield self._judge_live(rehearsal, rehearsal.live, ctx.source)
            return
        if rehearsal.invocation is None or rehearsal.is_beside_the_point:
            yield self.skipped("the import was not started (E2E001)")
            return
        if rehearsal.is_idle and ctx.project.settings.watch is None:
            yield self.skipped(
                "the worker had nothing to write: it fetched nothing, and its tables are empty"
            )
            return
        yield self._judge(rehearsal, rehearsal.watched, ctx.source)

    def _judge(self, rehearsal: Rehearsal, table: WatchedTable | None, source: Source) -> Finding:
        evidence = _evidence(rehearsal, table)
        resource = f"d1/{table.database_id}/{table.table}" if table else None
        failed = [one for one in rehearsal.failed_statements if not _is_expected(one, table)]
        if failed:
            return self.problem(
                f"D1 refused {len(failed)} of the worker's statements: {failed[0].error}",
                confidence=Confidence.HIGH,
                location=failed[0].location,
                resource=resource,
                evidence=evidence,
                explains=("E2E003", "E2E004"),
            )
        if table is None:
            return self.skipped(_no_table(source))
        agrees = rehearsal.reported in {None, table.landed, table.changes}
        if agrees and table.landed:
            return self.passed(
                f"{table.landed:,} rows landed in {table.table}", resource=resource, evidence=evidence
            )
        if rehearsal.waiting and not rehearsal.given_up:
            return self.skipped(_undelivered(rehearsal, table))
        if not agrees:
            return self.problem(
                f"the worker reports {rehearsal.reported:,} rows,"
                f" and {table.landed:,} landed in {table.table}",
                confidence=Confidence.HIGH,
                resource=resource,
                evidence=evidence,
                explains=("E2E004",),
            )
        return self._nothing_landed(rehearsal, table, evidence)

    def _judge_live(self, rehearsal: Rehearsal, run: LiveRun, source: Source) -> Finding:
        """The same for a trigger that ran for real, by the rows and what the workers wrote."""
        table = rehearsal.watched
        if table is None:
            return self.skipped(_no_table(source))
        verdict = judge_live(rehearsal, run, table)
        evidence = _evidence(rehearsal, table) | {"before": table.before}
        if run.refusal is not None:
            evidence["error"] = run.refusal
        resource = f"d1/{table.database_id}/{table.table}"
        if verdict.severity is None:
            return self.passed(verdict.message, resource=resource, evidence=evidence)
        if verdict.is_unsettled:
            return self.skipped(verdict.message)
        return self.problem(
            verdict.message,
            severity=verdict.severity,
            confidence=Confidence.HIGH if verdict.severity is Severity.ERROR else Confidence.MEDIUM,
            resource=resource,
            evidence=evidence,
            explains=("E2E003", "E2E004") if verdict.severity is Severity.ERROR else (),
        )

    def _nothing_landed(
        self, rehearsal: Rehearsal, table: WatchedTable, evidence: dict[str, Json]
    ) -> Finding:
        if rehearsal.is_failed and not table.attempts:
            return self.skipped("the worker failed before it wrote anything (E2E001)")
        acked = sum(queue.acked for queue in rehearsal.queues)
        if table.passed_over is not None:
            message = f"INSERT OR IGNORE passed over every row for {table.table}: {table.passed_over}"
        elif rehearsal.given_up:
            message = f"nothing was written to {table.table}; messages given up: {rehearsal.given_up:,}"
        elif acked:
            message = f"nothing was written to {table.table}; messages acknowledged: {acked:,}"
        else:
            message = f"no statement failed, but nothing was written to {table.table}"
        lost = rehearsal.given_up or (rehearsal.fetched and not rehearsal.is_failed)
        severity = Severity.WARNING if acked else Severity.ADVICE
        if lost or table.passed_over is not None:
            severity = Severity.ERROR
        return self.problem(
            message,
            severity=severity,
            confidence=Confidence.HIGH if severity is Severity.ERROR else Confidence.MEDIUM,
            location=table.written_at,
            resource=f"d1/{table.database_id}/{table.table}",
            evidence=evidence,
            explains=("E2E004",) if severity is Severity.ERROR else (),
        )


def _no_table(source: Source) -> str:
    if any(site.table and site.reachable and site.writes for site in source.sites):
        return "no D1 database of the config stands behind the table that the worker writes (CFG003)"
    return "no table is known to be written: name it in [watch] of diagnose.toml"


def _undelivered(rehearsal: Rehearsal, table: WatchedTable) -> str:
    """Why the table says nothing yet: messages wait that nobody was given."""
    queue = rehearsal.waiting[0]
    return (
        f"{table.landed:,} rows landed in {table.table}; messages left in {queue.queue}: {queue.left:,},"
        f" {queue.why_left} (E2E003)"
    )


def _is_expected(failed: ExecutedStatement, table: WatchedTable | None) -> bool:
    """A worker that runs on lives with it: the column or table is there already, or the row is."""
    error = failed.error or ""
    if "duplicate column name" in error or "already exists" in error:
        return True
    is_single = failed.batch is None and table is not None and table.landed > 0
    return is_single and "UNIQUE constraint failed" in error


def _evidence(rehearsal: Rehearsal, table: WatchedTable | None) -> dict[str, Json]:
    failed = rehearsal.failed_statements
    evidence: dict[str, Json] = {
        "fetched": len(rehearsal.fetched) if rehearsal.fetched is not None else None,
        "reported": rehearsal.reported,
        "landed": table.landed if table else 0,
        "equal": rehearsal.equal if rehearsal.live is None else None,
        "statements": rehearsal.statements if rehearsal.live is None else None,
        "timeline": rehearsal.timeline,
    }
    if failed:
        evidence["error"] = failed[0].error
    return evidence | live_evidence(rehearsal)

"""E2E002: the worker ran, and the rows are not in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Mode, Need, Severity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.model import Json
    from diagnose.plugin import Context, Finding
    from diagnose.rehearsal import Rehearsal, WatchedTable


class RowsDidNotLand(Check):
    """What the worker wrote, and what it says it wrote, stands in the table afterwards.

    ## What it checks

    The watched table (`[watch]` in `diagnose.toml`, else each table that the source writes) is emptied in
    a throw-away copy of the account, the worker is triggered once, and the rows are counted. The check
    fails when D1 refused a statement, or when the worker reports a number of rows (`[trigger] reported`)
    that is neither what the table holds nor what D1 counted (`meta.changes`, which includes updated rows
    and rows written by triggers). When nothing was written at all and nothing was reported, that is advice.

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
    `statements`: how many were executed. `error`: of the first refused statement. `timeline`.

    ## Permissions

    None: the rehearsal happens on this machine. The fix needs D1 Edit.
    """

    code: ClassVar[str] = "E2E002"
    name: ClassVar[str] = "rows-did-not-land"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE, Need.RUNTIME})
    mode: ClassVar[Mode] = Mode.OFFLINE

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        rehearsal = await ctx.rehearsal()
        if rehearsal.invocation is None or rehearsal.is_beside_the_point:
            yield self.skipped("the import was not started (E2E001)")
            return
        if rehearsal.is_idle and ctx.project.settings.watch is None:
            yield self.skipped(
                "the worker had nothing to write: it fetched nothing, and its tables are empty"
            )
            return
        yield self._judge(rehearsal, rehearsal.watched)

    def _judge(self, rehearsal: Rehearsal, table: WatchedTable | None) -> Finding:
        evidence = _evidence(rehearsal, table)
        resource = f"d1/{table.database_id}/{table.table}" if table else None
        failed = rehearsal.failed_statements
        if failed:
            return self.problem(
                f"D1 refused {len(failed)} of the worker's statements: {failed[0].error}",
                confidence=Confidence.HIGH,
                location=failed[0].location,
                resource=resource,
                evidence=evidence,
                explains=("E2E004",),
            )
        if table is None:
            return self.skipped("no table is known to be written: name it in [watch] of diagnose.toml")
        if rehearsal.reported not in {None, table.landed, table.changes}:
            return self.problem(
                f"the worker reports {rehearsal.reported:,} rows,"
                f" and {table.landed:,} landed in {table.table}",
                confidence=Confidence.HIGH,
                resource=resource,
                evidence=evidence,
                explains=("E2E004",),
            )
        if not table.landed:
            return self._nothing_landed(table, resource, evidence)
        return self.passed(
            f"{table.landed:,} rows landed in {table.table}", resource=resource, evidence=evidence
        )

    def _nothing_landed(
        self, table: WatchedTable, resource: str | None, evidence: dict[str, Json]
    ) -> Finding:
        return self.problem(
            f"no statement failed, but nothing was written to {table.table}",
            severity=Severity.ADVICE,
            confidence=Confidence.MEDIUM,
            resource=resource,
            evidence=evidence,
        )


def _evidence(rehearsal: Rehearsal, table: WatchedTable | None) -> dict[str, Json]:
    failed = rehearsal.failed_statements
    evidence: dict[str, Json] = {
        "fetched": len(rehearsal.fetched) if rehearsal.fetched is not None else None,
        "reported": rehearsal.reported,
        "landed": table.landed if table else 0,
        "equal": rehearsal.equal,
        "statements": len(rehearsal.invocation.statements) if rehearsal.invocation else 0,
        "timeline": rehearsal.timeline,
    }
    if failed:
        evidence["error"] = failed[0].error
    return evidence

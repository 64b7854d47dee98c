"""E2E004: rows landed, with other values than those bound or fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.rehearsal.explaining import difference

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.model import Json
    from diagnose.plugin import Context, Finding
    from diagnose.rehearsal import Rehearsal, WatchedTable


class RowsDiffer(Check):
    """Every row that was bound landed with its values, and so did every row that was fetched.

    ## What it checks

    After the trigger of the rehearsal, and the delivery of every message that followed from it, each table
    that a worker wrote is compared with the rows that its statements bound: SQLite itself evaluates the
    statements once more in a table without text types and checks, so that any form (VALUES, `json_each`,
    SELECT) is understood. With a `[rows]` mapping in `diagnose.toml` the watched table is also compared
    with what was fetched, field by field.

    What a deployed worker fetches and binds cannot be seen from outside: with `--live` this is a skip.

    ## Why it matters

    `INSERT OR IGNORE` drops rows that violate NOT NULL or CHECK without a word
    (https://www.sqlite.org/lang_conflict.html), a number in a text column becomes `'1.0'` because D1
    binds every number as a double, and a field that is mapped to the wrong column looks like success.

    ## Example

    ```sql
    CREATE TABLE prices (symbol TEXT, day TEXT NOT NULL, close REAL CHECK (close > 0));
    INSERT OR IGNORE INTO prices VALUES (?, ?, ?)   -- a close of 0 is ignored, success: true, changes: 0
    ```

    Only duplicates are ignored, anything else is an error:

    ```sql
    CREATE UNIQUE INDEX prices_key ON prices (symbol, day);
    INSERT INTO prices VALUES (?, ?, ?) ON CONFLICT (symbol, day) DO NOTHING
    ```

    ## Remedy

    Look at the examples in the evidence; use `ON CONFLICT (key) DO NOTHING`, which ignores duplicates
    only, bind text for text columns, and correct the mapping.

    ## Fix safety

    There is no fix of its own: which value is right is for a person to say. Findings that explain it
    have theirs.

    ## Evidence

    `fetched`, `landed`, `equal`: rows, as in E2E002. `bound`: rows that accepted statements bound.
    `examples`: up to three differences, each with `bound` (or fetched) and `landed` values; `landed` is
    null when the row is missing.

    ## Permissions

    None: the rehearsal happens on this machine.
    """

    code: ClassVar[str] = "E2E004"
    name: ClassVar[str] = "rows-differ"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE, Need.RUNTIME})
    mode: ClassVar[Mode] = Mode.OFFLINE
    timeout: ClassVar[float] = 300.0

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        rehearsal = await ctx.rehearsal()
        if rehearsal.live is not None:
            yield self.skipped(
                "what a deployed worker fetched and bound cannot be seen from outside:"
                " values are compared in a rehearsal, without --live"
            )
            return
        compared = False
        for table in rehearsal.tables:
            if _is_lossy(table):
                compared = True
                yield self._bound_differ(table, rehearsal)
        fetched = rehearsal.fetched
        if fetched is not None and rehearsal.fetched_equal != len(fetched):
            if rehearsal.waiting and not rehearsal.given_up:
                queue = rehearsal.waiting[0]
                yield self.skipped(
                    f"messages left in {queue.queue}: {queue.left:,}, {queue.why_left} (E2E003)"
                )
            elif rehearsal.watched is None or not _is_lossy(rehearsal.watched):
                yield self._fetched_differ(rehearsal, len(fetched))
        elif not compared:
            yield self._all_equal(rehearsal)

    def _bound_differ(self, table: WatchedTable, rehearsal: Rehearsal) -> Finding:
        bound = len(table.bound or ())
        why = difference(table.examples, "bound")
        if table.passed_over is not None:
            why = f"INSERT OR IGNORE passed over them, {table.passed_over}"
        return self.problem(
            f"{bound - table.equal:,} of {bound:,} rows bound for {table.table} did not land"
            f" as they were bound{': ' if why else ''}{why or ''}",
            confidence=Confidence.HIGH,
            location=table.written_at,
            resource=f"d1/{table.database_id}/{table.table}",
            evidence={
                "fetched": _evidence(rehearsal)["fetched"] if table is rehearsal.watched else None,
                "bound": bound,
                "landed": table.landed,
                "equal": table.equal,
                "examples": list(table.examples),
            },
        )

    def _fetched_differ(self, rehearsal: Rehearsal, fetched: int) -> Finding:
        equal = rehearsal.fetched_equal or 0
        table = rehearsal.watched
        why = difference(rehearsal.fetched_examples, "fetched")
        return self.problem(
            f"{fetched:,} rows were fetched, and {equal:,} of them are in the table with equal values"
            f"{': ' if why else ''}{why or ''}",
            confidence=Confidence.HIGH,
            location=table.written_at if table else None,
            resource=f"d1/{table.database_id}/{table.table}" if table else None,
            evidence=_evidence(rehearsal) | {"examples": list(rehearsal.fetched_examples)},
        )

    def _all_equal(self, rehearsal: Rehearsal) -> Finding:
        evidence = _evidence(rehearsal)
        if rehearsal.fetched is not None:
            return self.passed(f"all {len(rehearsal.fetched):,} fetched rows landed equal", evidence=evidence)
        bound = sum(len(table.bound) for table in rehearsal.tables if table.bound is not None)
        if not bound:
            return self.skipped("no row was bound by an accepted statement, so there is nothing to compare")
        return self.passed(f"all {bound:,} bound rows landed equal", evidence=evidence)


def _is_lossy(table: WatchedTable) -> bool:
    return table.bound is not None and table.equal != len(table.bound)


def _evidence(rehearsal: Rehearsal) -> dict[str, Json]:
    table = rehearsal.watched
    return {
        "fetched": len(rehearsal.fetched) if rehearsal.fetched is not None else None,
        "bound": len(table.bound) if table and table.bound is not None else None,
        "landed": table.landed if table else 0,
        "equal": rehearsal.equal,
    }

"""DAT001: the watched table has neither gaps nor rows that are there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.schemas import resource
from diagnose.schemas.series import duplicates
from diagnose.tables import watched_series

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from diagnose.d1 import Table
    from diagnose.plugin import Context, Finding
    from diagnose.project import D1Binding
    from diagnose.schemas.series import Gap

_MOST_SHOWN: Final = 20


class GapsAndDuplicates(Check):
    """The rows of the watched table follow each other without a gap, and none is there twice.

    ## What it checks

    The keys of the newest 20,000 rows of the table that `[watch]` names, under its `key` or else the table's
    own. One column of the key has to hold a time: seconds or milliseconds since the epoch, or ISO 8601. For
    each value of the other columns, such as a symbol, rows that follow each other at one distance nine times
    out of ten make an even series; a distance of several steps is a gap. Rows count as missing only if their
    series has a row at the same hour of another week, so that nights and weekends are none. Series of fewer
    than 21 rows and keys with BLOBs are not judged, and neither is how new the newest row is.

    ## Why it matters

    An import that failed for an hour and went on afterwards looks well: the newest rows are there. Averages
    and joins over the gap are wrong. Rows that are there twice come from a table without a unique key and
    an import that was repeated.

    ## Example

    One hour is missing, and one is there twice:

    ```
    2026-03-01T10:00:00Z
    2026-03-01T12:00:00Z
    2026-03-01T12:00:00Z
    ```

    Right:

    ```
    2026-03-01T10:00:00Z
    2026-03-01T11:00:00Z
    2026-03-01T12:00:00Z
    ```

    ## Remedy

    Import the missing ranges again: `diagnose fix` does it with what the worker's own trigger brings, and a
    trigger that asks for another range brings others. `INSERT OR IGNORE` under a unique key leaves the rows
    alone that are there. A unique index keeps rows from being there twice (TBL003).

    ## Fix safety

    data: writes those rows of a rehearsal (what the worker binds, else what the recorded answers hold
    under `[rows]`) whose key is one of the missing, and no others, with `INSERT OR IGNORE` and one
    parameter a statement; every one is compared in the database. Undo removes the rows of that run, and
    no others. A range that the answers do not hold is named and stays, and so does a row that they hold
    with different values. Refused are a table without a unique key over `key`, rows without one of its
    columns, a worker whose import fails while there is no `[rows]`, and rows that are there twice: which
    of them is right only their owner can say.

    ## Evidence

    - `table`, `key`: what was looked at.
    - `rows`: how many keys were read; the newest, if there are more.
    - `missing`: rows that are missing in all ranges together.
    - `ranges`: the first 20, each with `series` (the other columns of the key), `after` and `before` (the
      rows around it, as stored), `seconds` (between two rows otherwise) and `missing`.
    - `duplicates`: keys that are there more than once.
    - `examples`: the first 20 of them, with how often.

    ## Permissions

    D1 Read. Every row of the table is read once, which D1 counts. The fix needs D1 Edit.
    """

    code: ClassVar[str] = "DAT001"
    name: ClassVar[str] = "gaps-and-duplicates"
    severity: ClassVar[Severity] = Severity.WARNING
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.ACCOUNT})
    scopes: ClassVar[tuple[str, ...]] = ("D1 Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for gaps, one for duplicates."""
        series = await watched_series(ctx)
        if isinstance(series, str):
            yield self.skipped(series)
            return
        table = series.table
        looked_at: dict[str, Any] = {"table": table.name, "key": list(series.key), "rows": len(series.rows)}
        missing, twice = series.gaps, duplicates(series.rows)
        if missing:
            yield self._gaps_found(series.binding, table, missing, looked_at)
        if twice:
            yield self._duplicates_found(series.binding, table, twice, looked_at)
        if not missing and not twice:
            yield self.passed(f"{table.name} has no gaps and no duplicates", evidence=looked_at)

    def _gaps_found(
        self, binding: D1Binding, table: Table, found: list[Gap], looked_at: dict[str, Any]
    ) -> Finding:
        first, missing = found[0], sum(gap.missing for gap in found)
        of = f" of {', '.join(map(str, first.series))}" if first.series else ""
        return self.problem(
            f"{missing:,} rows are missing in {table.name}, which is even otherwise: the first{of} "
            f"between {first.after} and {first.before}",
            confidence=Confidence.MEDIUM,
            location=binding.location,
            resource=resource(binding, table.name),
            evidence={
                **looked_at,
                "missing": missing,
                "ranges": [_range(gap) for gap in found[:_MOST_SHOWN]],
            },
        )

    def _duplicates_found(
        self, binding: D1Binding, table: Table, found: dict[tuple[Any, ...], int], looked_at: dict[str, Any]
    ) -> Finding:
        key, times = next(iter(found.items()))
        examples: list[Any] = [
            {"key": list(one), "times": often} for one, often in list(found.items())[:_MOST_SHOWN]
        ]
        return self.problem(
            f"{len(found):,} keys of {table.name} are there more than once; "
            f"{', '.join(map(str, key))} is there {times} times",
            confidence=Confidence.HIGH,
            location=binding.location,
            resource=resource(binding, table.name),
            evidence={**looked_at, "duplicates": len(found), "examples": examples},
        )


def _range(gap: Gap) -> dict[str, Any]:
    return {
        "series": list(gap.series),
        "after": gap.after,
        "before": gap.before,
        "seconds": gap.seconds,
        "missing": gap.missing,
    }

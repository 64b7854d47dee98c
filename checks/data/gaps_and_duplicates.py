"""DAT001: the watched table has neither gaps nor rows that are there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.d1.identifiers import quoted
from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.schemas import resource, why_unknown
from diagnose.schemas.series import duplicates, gaps, time_column

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from typing import Any

    from diagnose.d1 import Table
    from diagnose.plugin import Context, Finding
    from diagnose.project import D1Binding
    from diagnose.schemas.series import Gap

_MOST_ROWS: Final = 20_000
_MOST_SHOWN: Final = 20


class GapsAndDuplicates(Check):
    """The rows of the watched table follow each other without a gap, and none is there twice.

    ## What it checks

    The keys of the newest 20,000 rows of the table that `[watch]` names, under its `key` or else the table's
    own. One column of the key has to hold a time: seconds or milliseconds since the epoch, or ISO 8601. For
    each value of the other columns, such as a symbol, rows that follow each other at one distance nine times
    out of ten make an even series; a distance of several steps is a gap. Rows count as missing only if their
    series has a row at the same hour of another week, so that nights and weekends are none. Series of fewer
    than 21 rows are not judged, and neither is how new the newest row is.

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

    Import the missing ranges again, with `diagnose import` or the worker's own trigger; `INSERT OR IGNORE`
    under a unique key leaves the rows alone that are there. A unique index keeps rows from being there twice
    (TBL003).

    ## Fix safety

    No fix: which request brings a range cannot be told from the table, the source may have no rows for it,
    and of two rows with one key nobody knows the right one. The evidence names the ranges.

    ## Evidence

    - `table`, `key`: what was looked at.
    - `rows`: how many keys were read; the newest, if there are more.
    - `missing`: rows that are missing in all ranges together.
    - `ranges`: the first 20, each with `series` (the other columns of the key), `after` and `before` (the
      rows around it, as stored), `seconds` (between two rows otherwise) and `missing`.
    - `duplicates`: keys that are there more than once.
    - `examples`: the first 20 of them, with how often.

    ## Permissions

    D1 Read. Every row of the table is read once, which D1 counts.
    """

    code: ClassVar[str] = "DAT001"
    name: ClassVar[str] = "gaps-and-duplicates"
    severity: ClassVar[Severity] = Severity.WARNING
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.ACCOUNT})
    scopes: ClassVar[tuple[str, ...]] = ("D1 Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for gaps, one for duplicates."""
        watch = ctx.project.settings.watch
        if watch is None:
            yield self.skipped("no table is watched: name it under [watch], as `diagnose init` does")
            return
        binding = _binding(ctx, watch.database)
        if binding is None:
            yield self.skipped("[watch] names no database of the config")
            return
        table = await _table(ctx, binding, watch.table)
        if ctx.account is None or binding.database_id is None or table is None:
            yield self.skipped(
                f"{watch.table} is not in the database"
                if table is None
                else why_unknown(ctx.account, binding)
            )
            return
        key = watch.key or _own_key(table)
        if not key or any(table.column(column) is None for column in key):
            yield self.skipped(f"{table.name} has no key to tell its rows apart: name it under [watch]")
            return
        for finding in await self._judged(ctx, binding, table, key):
            yield finding

    async def _judged(
        self, ctx: Context, binding: D1Binding, table: Table, key: Sequence[str]
    ) -> list[Finding]:
        first = await _keys(ctx, binding, table, key, "LIMIT 20")
        if not first:
            return [self.skipped(f"{table.name} is empty")]
        place = time_column(first)
        if place is None:
            return [self.skipped(f"no column of the key of {table.name} holds a time")]
        newest = f"ORDER BY {quoted(key[place])} DESC LIMIT {_MOST_ROWS}"
        rows = await _keys(ctx, binding, table, key, newest)
        looked_at: dict[str, Any] = {"table": table.name, "key": list(key), "rows": len(rows)}
        missing, twice = gaps(rows, place), duplicates(rows)
        found = []
        if missing:
            found.append(self._gaps_found(binding, table, missing, looked_at))
        if twice:
            found.append(self._duplicates_found(binding, table, twice, looked_at))
        return found or [self.passed(f"{table.name} has no gaps and no duplicates", evidence=looked_at)]

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


def _binding(ctx: Context, database: str | None) -> D1Binding | None:
    names = ((one, {None, one.binding, one.database_name, one.database_id}) for one in ctx.config.d1)
    return next((one for one, known in names if database in known), None)


async def _table(ctx: Context, binding: D1Binding, name: str) -> Table | None:
    if ctx.account is None or binding.database_id is None:
        return None
    if await ctx.account.database(binding.database_id) is None:
        return None
    return (await ctx.account.schema(binding.database_id)).table(name)


def _own_key(table: Table) -> tuple[str, ...]:
    """The key that tells rows apart and means something: a row's number alone does not."""
    keys = [key.columns for key in table.unique_keys if not key.partial and all(key.columns)]
    return max(keys, key=len, default=())


async def _keys(
    ctx: Context, binding: D1Binding, table: Table, key: Sequence[str], rest: str
) -> tuple[tuple[Any, ...], ...]:
    assert ctx.account is not None  # noqa: S101 - looked at before
    assert binding.database_id is not None  # noqa: S101 - idem
    columns = ", ".join(map(quoted, key))
    present = " AND ".join(f"{quoted(column)} IS NOT NULL" for column in key)
    sql = f"SELECT {columns} FROM {quoted(table.name)} WHERE {present} {rest}"  # noqa: S608 - names are quoted
    (result,) = await ctx.account.query(binding.database_id, sql, reads_only=True)
    return result.rows


def _range(gap: Gap) -> dict[str, Any]:
    return {
        "series": list(gap.series),
        "after": gap.after,
        "before": gap.before,
        "seconds": gap.seconds,
        "missing": gap.missing,
    }

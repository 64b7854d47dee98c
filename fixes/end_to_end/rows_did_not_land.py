"""The fix of E2E002: performs the import, and compares every row in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.importing import compare_rows
from diagnose.plugin import Fix, Safety, Turn
from diagnose.rehearsal.assuming import database_id
from diagnose.steps import ImportRows

if TYPE_CHECKING:
    from diagnose.d1.schema import Table
    from diagnose.importing import Rows
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project import D1Binding
    from diagnose.rehearsal import Rehearsal, WatchedTable

WHY = "the rows that the repaired worker binds are written, and every one is compared in the database"


class RowsDidNotLand(Fix):
    """Writes the rows that the worker binds in a rehearsal into the table of the account."""

    code: ClassVar[str] = "E2E002"
    safety: ClassVar[Safety] = Safety.DATA
    scopes: ClassVar[tuple[str, ...]] = ("D1 Edit",)
    turn: ClassVar[Turn] = Turn.IMPORT

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        rehearsal = await ctx.rehearsal()
        table = rehearsal.watched
        cause = _what_is_left(rehearsal, table)
        if cause is not None or table is None or table.bound is None:
            return self.refuse(cause or "nothing is bound", _remedy(rehearsal))
        binding = next((b for b in ctx.config.d1 if database_id(b) == table.database_id), None)
        if binding is None:
            return self.refuse(
                f"{table.table} is in a database of another worker", "run fix with its config: -c CONFIG"
            )
        schema = await ctx.schema(binding)
        found = schema.table(table.table) if schema else None
        if found is None:
            return self.refuse(f"the account has no table {table.table}", "create it first (TBL001)")
        key = _key(ctx, found, table.bound)
        if not key:
            return self.refuse(
                f"{table.table} has no unique key within the written columns",
                "add one first (TBL003), so that repeating the import cannot double rows",
            )
        if await self._is_there(ctx, table, table.bound, key):
            return self.nothing(f"all {len(table.bound):,} rows are in {table.table} already")
        return self.steps(WHY, self._step(binding, table, table.bound, key))

    async def _is_there(self, ctx: Context, table: WatchedTable, rows: Rows, key: tuple[str, ...]) -> bool:
        if ctx.account is None:
            return False
        comparison = await compare_rows(ctx.account, table.database_id, table.table, rows, key=key)
        return comparison.is_complete

    def _step(self, binding: D1Binding, table: WatchedTable, rows: Rows, key: tuple[str, ...]) -> ImportRows:
        return ImportRows(
            database_id=table.database_id,
            database_name=binding.database_name or binding.binding,
            table=table.table,
            rows=rows,
            key=key,
        )


def _what_is_left(rehearsal: Rehearsal, table: WatchedTable | None) -> str | None:
    """Why there are no rows to import yet."""
    if rehearsal.refused or rehearsal.deploy_error:
        return rehearsal.refused or rehearsal.deploy_error
    failed = rehearsal.failed_statements
    if failed:
        return f"the worker's import still fails: {failed[0].error}"
    if rehearsal.given_up:
        return f"messages are still given up by their consumer (E2E003): {rehearsal.given_up:,}"
    if rehearsal.waiting:
        queue = rehearsal.waiting[0]
        return f"messages are left in {queue.queue}: {queue.left:,}, {queue.why_left}"
    if table is None or table.bound is None or not len(table.bound):
        return "the worker binds no rows that could be imported"
    return None


def _remedy(rehearsal: Rehearsal) -> str:
    """Where nothing is wrong but that the consumer runs elsewhere, only that place can tell."""
    waiting = rehearsal.waiting
    if waiting and not rehearsal.failed_statements and not any(queue.is_unwanted for queue in waiting):
        return "deploy it, start the import there, and look with: diagnose run --target cloudflare"
    return "repair what explains it first, then run fix again"


def _key(ctx: Context, table: Table, rows: Rows) -> tuple[str, ...]:
    """The key from the settings if the table enforces it, else the table's own, within the bound columns."""
    watch = ctx.project.settings.watch
    written = {column.lower() for column in rows.columns}
    keys = [
        key.columns
        for key in table.unique_keys
        if not key.partial and set(map(str.lower, key.columns)) <= written
    ]
    wanted = {column.lower() for column in watch.key} if watch else set()
    for key in keys:
        if {column.lower() for column in key} == wanted:
            return tuple(key)
    return tuple(keys[0]) if keys else ()

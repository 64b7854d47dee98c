"""TBL002: statements name columns that their table has not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.schemas import database_name, missing_columns, read_definitions, resource, sites_of, why_unknown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project import D1Binding
    from diagnose.schemas import MissingColumns


class ColumnMismatch(Check):
    """Every column that the worker's statements name exists in its table.

    ## What it checks

    Each statement that a handler leads to is compiled by D1's engine against the tables as they are: those
    of the account, else those that the migrations make, with columns that the worker itself adds. An INSERT
    that names no columns must give a value for each. Text that is put together at run time is only judged
    as far as it is fixed.

    ## Why it matters

    A table that was created from another version of the schema refuses every statement: `CREATE TABLE IF
    NOT EXISTS` leaves an existing table as it is, whatever columns it has
    (https://sqlite.org/lang_createtable.html).

    ## Example

    ```sql
    CREATE TABLE price_data (symbol TEXT, volume REAL);                      -- the database
    INSERT INTO price_data (symbol, volume_from, volume_to) VALUES (?, ?, ?) -- the worker
    -- D1_ERROR: table price_data has no column named volume_from: SQLITE_ERROR
    ```

    Repaired, when the columns are merely missing:

    ```sql
    ALTER TABLE price_data ADD COLUMN volume_from REAL;
    ALTER TABLE price_data ADD COLUMN volume_to REAL;
    ```

    ## Remedy

    Add the columns by a migration; or correct their names in the statement; or bind the right database.

    ## Fix safety

    review: a migration adds the columns that INSERTs and UPDATEs write. It is refused, and both shapes are
    shown, when a missing column is probably another name of one that is there, when the table needs a
    value that the statement does not give, when the column is only read, and when an INSERT names no
    columns. Undo drops a column again as long as it is empty in every row.

    ## Evidence

    - `binding`, `database`, `table`: the table.
    - `missing`: columns that it has not; empty where an INSERT names none and gives too few or too many.
    - `columns`: columns that it has.
    - `written`: columns that the statements write.
    - `statements`: places that name a missing column, or give too few or too many, as `path:line`.
    - `error`: what D1 answers to the first of them.

    ## Permissions

    D1 Read, with an account. The fix needs D1 Edit.
    """

    code: ClassVar[str] = "TBL002"
    name: ClassVar[str] = "column-mismatch"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE, Need.SCHEMA})
    scopes: ClassVar[tuple[str, ...]] = ("D1 Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each table that lacks columns."""
        unsettled = 0
        for binding in ctx.config.d1:
            if not sites_of(ctx.source, binding):
                continue
            definitions = await _definitions(ctx, binding)
            if definitions is None:
                unsettled += 1
                yield self.skipped(why_unknown(ctx.account, binding), location=binding.location)
                continue
            for missing in missing_columns(definitions, ctx.source, binding):
                unsettled += 1
                yield await self._problem(ctx, binding, missing)
        if not unsettled:
            yield self.passed("the tables have the columns that the worker names")

    async def _problem(self, ctx: Context, binding: D1Binding, missing: MissingColumns) -> Finding:
        database = await database_name(ctx.account, binding)
        return self.problem(
            f"table {missing.table.name} of {database} ({binding.binding}) {_lacks(missing)}",
            confidence=Confidence.HIGH if ctx.account else Confidence.MEDIUM,
            location=missing.sites[0].location,
            resource=resource(binding, missing.table.name),
            evidence={
                "binding": binding.binding,
                "database": database,
                "table": missing.table.name,
                "missing": list(missing.names),
                "columns": [column.name for column in missing.table.columns],
                "written": list(missing.written),
                "statements": [f"{site.location.path}:{site.location.line}" for site in missing.sites],
                "error": missing.error,
            },
            explains=("E2E001", "E2E002", "E2E004"),
        )


def _lacks(missing: MissingColumns) -> str:
    if missing.names:
        return f"has no column {', '.join(missing.names)}"
    columns, function = len(missing.table.columns), missing.sites[0].function
    return (
        f"has {columns} columns, and the INSERT in {function} names none and gives another number of values"
    )


async def _definitions(ctx: Context, binding: D1Binding) -> tuple[str, ...] | None:
    read = partial(read_definitions, ctx.project, ctx.account, binding)
    return await ctx.fact(f"definitions {binding.binding}", read)

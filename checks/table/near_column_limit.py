"""TBL005: a table has nearly as many columns as D1 allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.d1.limits import LIMITS
from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.schemas import database_name, resource, sites_of, why_unknown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.d1.schema import Table
    from diagnose.plugin import Context, Finding
    from diagnose.project import D1Binding
    from diagnose.project.source.model import StatementSite

NEAR: Final = LIMITS.d1.columns * 9 // 10
"""Columns from which on it is said: a tenth of the limit is left for all columns to come."""


class NearColumnLimit(Check):
    """The tables that the worker writes are well below 100 columns.

    ## What it checks

    The number of columns of each table that the worker writes, in the account or after the migrations, from
    90 columns upwards; where the worker's source is not readable, of every table. And statements that name
    more columns than a statement can bind values. Generated columns count towards the limit of the table,
    but no value is bound for them.

    ## Why it matters

    D1 allows 100 columns per table and 100 bound parameters per statement
    (https://developers.cloudflare.com/d1/platform/limits/). The migration that adds one column too many
    fails with `too many columns`. Long before that the second limit bites: one row of more than 50 columns
    cannot be bound twice, as an upsert with `VALUES (…) … DO UPDATE SET a = ?` does.

    ## Example

    Near the limit:

    ```sql
    CREATE TABLE readings (day TEXT PRIMARY KEY, sensor_001 REAL, sensor_002 REAL /* … sensor_098 REAL */);
    ```

    Far from it, however many sensors there are:

    ```sql
    CREATE TABLE readings (day TEXT, sensor TEXT, value REAL, PRIMARY KEY (day, sensor));
    ```

    ## Remedy

    Keep what is only read as a whole in one JSON column, or make rows of repeated columns. Bind a row as one
    JSON text and read it with `json_each(?1)`, which takes one parameter whatever the number of columns.

    ## Fix safety

    No fix: which columns belong together is a decision about the data, and every reader has to follow it.

    ## Evidence

    - `binding`, `database`, `table`: the table.
    - `columns`: how many it has, or how many the statement names.
    - `bindable`: those among them that take a value: all but the generated ones.
    - `limit`: columns that D1 allows.

    ## Permissions

    D1 Read, with an account.
    """

    code: ClassVar[str] = "TBL005"
    name: ClassVar[str] = "near-column-limit"
    severity: ClassVar[Severity] = Severity.ADVICE
    requires: ClassVar[frozenset[Need]] = frozenset({Need.SCHEMA})
    scopes: ClassVar[tuple[str, ...]] = ("D1 Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each table near the limit, and for each statement beyond it."""
        unsettled = 0
        for binding in ctx.config.d1:
            schema = await ctx.schema(binding)
            if schema is None:
                unsettled += 1
                yield self.skipped(why_unknown(ctx.account, binding), location=binding.location)
                continue
            for table in schema.tables:
                if len(table.columns) >= NEAR and _is_written(ctx, binding, table.name):
                    unsettled += 1
                    yield await self._near(ctx, binding, table)
            for site in _too_wide(ctx, binding):
                unsettled += 1
                yield await self._beyond(ctx, binding, site)
        if not unsettled:
            yield self.passed(f"no table that is written has {NEAR} columns or more")

    async def _near(self, ctx: Context, binding: D1Binding, table: Table) -> Finding:
        columns, database = len(table.columns), await database_name(ctx.account, binding)
        site = next(iter(_writes(ctx, binding, table.name)), None)
        return self.problem(
            f"table {table.name} of {database} ({binding.binding}) has {columns} of the "
            f"{LIMITS.d1.columns} columns that D1 allows",
            confidence=Confidence.HIGH,
            location=site.location if site else binding.location,
            resource=resource(binding, table.name),
            evidence={
                "binding": binding.binding,
                "database": database,
                "table": table.name,
                "columns": columns,
                "bindable": sum(not column.generated for column in table.columns),
                "limit": int(LIMITS.d1.columns),
            },
        )

    async def _beyond(self, ctx: Context, binding: D1Binding, site: StatementSite) -> Finding:
        table, columns = site.table or "?", len(site.columns)
        return self.problem(
            f"`{site.function}` writes {columns} columns of {table}: no table of D1 has more than "
            f"{LIMITS.d1.columns}, and no statement binds more than {LIMITS.d1.bound_parameters} values",
            confidence=Confidence.HIGH,
            location=site.location,
            resource=resource(binding, table),
            evidence={
                "binding": binding.binding,
                "database": await database_name(ctx.account, binding),
                "table": table,
                "columns": columns,
                "bindable": columns,
                "limit": int(LIMITS.d1.columns),
            },
            explains=("LIM001", "TBL001", "TBL002"),
        )


def _writes(ctx: Context, binding: D1Binding, table: str) -> tuple[StatementSite, ...]:
    source = ctx.project.source
    return tuple(site for site in sites_of(source, binding, table) if site.writes) if source else ()


def _is_written(ctx: Context, binding: D1Binding, table: str) -> bool:
    """Whether the worker writes the table; a worker that cannot be read may write any."""
    return ctx.project.source is None or bool(_writes(ctx, binding, table))


def _too_wide(ctx: Context, binding: D1Binding) -> tuple[StatementSite, ...]:
    """Statements that name more columns than there are in any table."""
    source = ctx.project.source
    sites = sites_of(source, binding) if source else ()
    return tuple(site for site in sites if site.writes and len(site.columns) > LIMITS.d1.columns)

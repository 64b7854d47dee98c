"""TBL001: statements name a table that the database has not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.schemas import (
    applied_names,
    created_in,
    database_name,
    missing_tables,
    pending_until,
    read_definitions,
    resource,
    sites_of,
    tables_elsewhere,
    why_unknown,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from diagnose.plugin import Context, Finding, Json
    from diagnose.project import D1Binding
    from diagnose.schemas import Elsewhere, MissingTable


class TableMissing(Check):
    """Every table that the worker's statements name exists in the database behind the binding.

    ## What it checks

    Each statement that a handler leads to is compiled by D1's engine against the tables as they are: those
    of the account, else those that the migrations make. Tables that the worker itself creates count as
    there; names from `WITH`, views and virtual tables are told apart by the engine. Text that is
    put together at run time is only judged as far as it is fixed.

    ## Why it matters

    `no such table` fails every statement. `wrangler d1 migrations apply` and `wrangler d1 execute` work on
    a local database unless `--remote` is given
    (https://developers.cloudflare.com/d1/wrangler-commands/), so that a table which is there on one's own
    machine is often missing in production, or was created in another database.

    ## Example

    ```python
    await env.DB.prepare("INSERT INTO price_data (symbol, close) VALUES (?, ?)").bind("BTC", 1.0).run()
    # D1_ERROR: no such table: price_data: SQLITE_ERROR
    ```

    Repaired by `migrations/0001_create_price_data.sql`:

    ```sql
    CREATE TABLE price_data (
      symbol TEXT NOT NULL,
      close REAL,
      PRIMARY KEY (symbol)
    );
    ```

    ## Remedy

    Apply the migration that creates the table, with `--remote`; or bind the database in which it is.

    ## Fix safety

    review: a migration of the project that creates the table is applied, with those before it. Without one
    a new migration is written and applied: the columns that the statements write, with types from recorded
    answers, bound values and constants, and the key that `[watch] key`, an ON CONFLICT or a table of the
    same name elsewhere gives; otherwise `--option key=COLUMN,COLUMN` is asked for. Undo drops the new
    table if it is empty. What an existing migration changed is not undone.

    ## Evidence

    - `binding`, `database`, `table`: where the table is missing.
    - `statements`: places that name it, as `path:line`.
    - `columns`: the columns that the statements write, if they say so.
    - `error`: what D1 answers.
    - `found_in`: other databases of the account (of up to 25) with a table of that name: `database`,
      `columns`, `empty`, and `missing`, the written columns that it has not.
    - `migration`: the project's migration that creates it and is not applied, or null.
    - `sql_file`: another SQL file of the project that creates it, or null; then this is advice.
    - `tables`: of a pass, the tables that the worker names.

    ## Permissions

    D1 Read, with an account. The fix needs D1 Edit.
    """

    code: ClassVar[str] = "TBL001"
    name: ClassVar[str] = "table-missing"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE, Need.SCHEMA})
    scopes: ClassVar[tuple[str, ...]] = ("D1 Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each missing table."""
        tables: set[str] = set()
        unsettled = 0
        for binding in ctx.config.d1:
            sites = sites_of(ctx.source, binding)
            definitions = await _definitions(ctx, binding) if sites else ()
            if definitions is None:
                unsettled += 1
                yield self.skipped(why_unknown(ctx.account, binding), location=binding.location)
                continue
            tables |= {site.table for site in sites if site.table is not None}
            for missing in missing_tables(definitions, ctx.source, binding):
                unsettled += 1
                yield await self._problem(ctx, binding, missing)
        if not unsettled:
            what = "the tables that the worker names are there" if tables else "the worker names no table"
            yield self.passed(what, evidence={"tables": sorted(tables)})

    async def _problem(self, ctx: Context, binding: D1Binding, missing: MissingTable) -> Finding:
        table, written = missing.name, missing.columns
        elsewhere = await tables_elsewhere(ctx.account, table, apart_from=binding.database_id)
        migration = await _pending(ctx, binding, table)
        sql_file = None if ctx.account else created_in(ctx.project.root, table)
        database = await database_name(ctx.account, binding)
        hint = _hint(elsewhere, written, migration, sql_file)
        return self.problem(
            f"table {table} is not in {database} ({binding.binding}){hint}",
            confidence=_confidence(ctx, sql_file),
            location=missing.first.location,
            resource=resource(binding, table),
            evidence={
                "binding": binding.binding,
                "database": database,
                "table": table,
                "statements": [f"{site.location.path}:{site.location.line}" for site in missing.sites],
                "columns": list(written),
                "error": missing.error,
                "found_in": [_shown(each, written) for each in elsewhere],
                "migration": migration,
                "sql_file": sql_file,
            },
            explains=("E2E001", "E2E002", "E2E004"),
        )


async def _definitions(ctx: Context, binding: D1Binding) -> tuple[str, ...] | None:
    read = partial(read_definitions, ctx.project, ctx.account, binding)
    return await ctx.fact(f"definitions {binding.binding}", read)


async def _pending(ctx: Context, binding: D1Binding, table: str) -> str | None:
    if ctx.account is None:
        return None
    pending = pending_until(ctx.project, binding, await applied_names(ctx.account, binding), table)
    return pending[-1].path if pending else None


def _confidence(ctx: Context, sql_file: str | None) -> Confidence:
    if ctx.account is not None:
        return Confidence.HIGH
    return Confidence.LOW if sql_file else Confidence.MEDIUM


def _shown(other: Elsewhere, written: Sequence[str]) -> dict[str, Json]:
    return {
        "database": other.database.name,
        "columns": [column.name for column in other.table.columns],
        "empty": other.empty,
        "missing": list(_lacking(other, written)),
    }


def _lacking(other: Elsewhere, written: Sequence[str]) -> tuple[str, ...]:
    return tuple(column for column in written if other.table.column(column) is None)


def _hint(
    elsewhere: Sequence[Elsewhere], written: Sequence[str], migration: str | None, sql_file: str | None
) -> str:
    if migration is not None:
        return f"; {migration} creates it and is not applied"
    if sql_file is not None:
        return f" as the migrations make it; {sql_file} creates it"
    if not elsewhere:
        return ""
    other = elsewhere[0]
    lacking = _lacking(other, written)
    state = "empty" if other.empty else "with rows"
    shape = f"with other columns (without {', '.join(lacking)})" if lacking else "with the columns written"
    return f"; {other.database.name} has a table of that name, {state}, {shape}"

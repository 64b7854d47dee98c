"""The plan that makes a table which statements of the worker name and the database has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.identifiers import quoted
from diagnose.d1.schema import Column, Table
from diagnose.rehearsal.assuming import database_id
from diagnose.rehearsal.definitions import unique_index
from diagnose.rehearsal.watching import bound_rows
from diagnose.schemas import (
    applied_names,
    column_type,
    create_table_sql,
    database_name,
    missing_tables,
    new_migration,
    pending_until,
    read_definitions,
    recorded_samples,
    still_refused,
    tables_elsewhere,
)
from diagnose.steps import Reversal
from diagnose.steps.new_migration import apply_step, migration_steps
from diagnose.tables.keying import KeyQuestion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.plugin import Context, Fix, Plan
    from diagnose.project import D1Binding
    from diagnose.schemas import Elsewhere, MissingTable

NO_KEY = "none"


async def table_plan(fix: Fix, ctx: Context, binding: D1Binding, table: str) -> Plan:
    """The fix's plan for a table: a pending migration, else a new one; a question where no key is known."""
    definitions = await read_definitions(ctx.project, ctx.account, binding)
    if definitions is None:
        return fix.refuse(f"the database of {table} is not known", "correct the binding first (CFG006)")
    found = missing_tables(definitions, ctx.source, binding)
    missing = next((each for each in found if each.name == table), None)
    if missing is None:
        return fix.nothing(f"table {table} is there")
    applied = await applied_names(ctx.account, binding) if ctx.account else frozenset[str]()
    pending = pending_until(ctx.project, binding, applied, table) if ctx.account else ()
    if pending:
        database = await database_name(ctx.account, binding)
        return fix.steps(
            f"{pending[-1].path} creates {table}; it is applied, with what comes before it",
            *(apply_step(binding, database, each.name, each.sql) for each in pending),
        )
    return await _creation(fix, ctx, binding, missing, definitions, applied)


async def _creation(  # noqa: PLR0917 - one private caller
    fix: Fix,
    ctx: Context,
    binding: D1Binding,
    missing: MissingTable,
    definitions: tuple[str, ...],
    applied: frozenset[str],
) -> Plan:
    table = missing.name
    if not missing.columns:
        return fix.refuse(
            f"the source does not tell which columns {table} has",
            "write a migration that creates it: `wrangler d1 migrations create`",
        )
    elsewhere = await tables_elsewhere(ctx.account, table, apart_from=binding.database_id)
    question = KeyQuestion(table=table, columns=missing.columns, sites=missing.sites)
    wants_none = ctx.options.get("key") == NO_KEY
    key = () if wants_none else await question.answer(ctx, binding, elsewhere)
    if key is None:
        choice = question.choice(**{NO_KEY: "no key: each import adds its rows again"})
        return fix.ask(f"nothing says which columns of {table} tell its rows apart", choice)
    sql = create_table_sql(table, await _types(ctx, binding, missing, elsewhere, key), key)
    problem = still_refused(definitions, ctx.source, binding, missing, sql)
    if problem is not None:
        return fix.refuse(f"a table made of the written columns is not enough: {problem}", sql)
    migration = new_migration(ctx.project, binding, f"create_{table}", sql, applied)
    if migration is None:
        return fix.refuse("the project's migrations are made by another tool", f"let it make this one: {sql}")
    database = await database_name(ctx.account, binding)
    return fix.steps(
        f"a new migration creates {table} with the columns that the worker writes",
        *migration_steps(binding, database, migration, _reversal(table, database)),
    )


async def _types(
    ctx: Context,
    binding: D1Binding,
    missing: MissingTable,
    elsewhere: Sequence[Elsewhere],
    key: tuple[str, ...],
) -> Mapping[str, str]:
    """The declared type of each column: from values, else as a table of that name elsewhere has it."""
    samples = recorded_samples(ctx.project.settings, missing.sites)
    if any(column.lower() not in samples for column in missing.columns):
        for name, values in (await _bound(ctx, binding, missing, key)).items():
            samples.setdefault(name, []).extend(values)
    types = {column: column_type(samples.get(column.lower(), ())) for column in missing.columns}
    for other in elsewhere:
        declared = {column.name.lower(): column.type for column in other.table.columns}
        types = {column: kind or declared.get(column.lower(), "") for column, kind in types.items()}
    return types


async def _bound(
    ctx: Context, binding: D1Binding, missing: MissingTable, key: tuple[str, ...]
) -> dict[str, list[str | int | float | bytes | None]]:
    """Values that the worker binds in a rehearsal, by column in lower case."""
    rehearsal = await ctx.rehearsal()
    statements = rehearsal.statements_on(database_id(binding))
    table = Table(name=missing.name, columns=tuple(Column(name=name) for name in missing.columns))
    rows = bound_rows(table, statements, keys=(unique_index(missing.name, key),) if key else ())
    if rows is None:
        return {}
    return {
        name.lower(): [row[position] for row in rows.values] for position, name in enumerate(rows.columns)
    }


def _reversal(table: str, database: str) -> Reversal:
    return Reversal(
        guard=f"SELECT count(*) FROM {quoted(table)}",  # noqa: S608 - a quoted name
        sql=f"DROP TABLE {quoted(table)}",
        kept=f"table {table} of {database} holds rows; it stays, and its migration stays applied",
    )

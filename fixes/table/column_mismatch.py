"""The fix of TBL002: adds missing columns by a migration."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, ClassVar

from diagnose.d1.identifiers import quoted
from diagnose.plugin import Fix, Safety, Turn
from diagnose.schemas import (
    applied_names,
    column_type,
    database_name,
    find_binding,
    missing_columns,
    new_migration,
    read_definitions,
    recorded_samples,
)
from diagnose.steps import Reversal
from diagnose.steps.new_migration import migration_steps

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project import D1Binding
    from diagnose.schemas import MissingColumns

LIKENESS = 0.6
"""From this similarity of two names on, one is taken for another spelling of the other."""


class ColumnMismatch(Fix):
    """Adds the columns that INSERTs and UPDATEs write, when they are merely missing."""

    code: ClassVar[str] = "TBL002"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("D1 Edit",)
    turn: ClassVar[Turn] = Turn.SCHEMA

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        if ctx.project.config is None or ctx.project.source is None:
            return self.refuse("the worker cannot be read", "make the config and `main` readable first")
        table = str(finding.evidence.get("table"))
        binding = find_binding(ctx.config.d1, finding.evidence.get("binding"))
        definitions = await read_definitions(ctx.project, ctx.account, binding) if binding else None
        if binding is None or definitions is None:
            return self.refuse(f"the database of {table} is not known", "correct the binding first (CFG006)")
        found = [
            each for each in missing_columns(definitions, ctx.source, binding) if each.table.name == table
        ]
        if not found:
            return self.nothing(f"table {table} has the columns that the worker names")
        obstacle = _obstacle(found[0])
        if obstacle is not None:
            return self.refuse(obstacle, _shapes(found[0]))
        return await self._add(ctx, binding, found[0])

    async def _add(self, ctx: Context, binding: D1Binding, missing: MissingColumns) -> Plan:
        table = missing.table.name
        samples = recorded_samples(ctx.project.settings, missing.sites)
        sql = "".join(
            f"ALTER TABLE {quoted(table)} ADD COLUMN "
            + f"{quoted(name)} {column_type(samples.get(name.lower(), ()))}".rstrip()
            + ";\n"
            for name in missing.names
        )
        applied = await applied_names(ctx.account, binding) if ctx.account else frozenset[str]()
        migration = new_migration(ctx.project, binding, f"add_columns_to_{table}", sql, applied)
        if migration is None:
            return self.refuse(
                "the project's migrations are made by another tool", f"let it make this one: {sql}"
            )
        database = await database_name(ctx.account, binding)
        return self.steps(
            f"a new migration adds {', '.join(missing.names)} to {table}",
            *migration_steps(
                binding, database, migration, *(_reversal(table, name, database) for name in missing.names)
            ),
        )


def _obstacle(missing: MissingColumns) -> str | None:
    """Why adding the columns would not help, or would hide the real mistake; None when it is safe."""
    if not missing.names:
        return "an INSERT names no columns, so that nobody can tell which of them its values are for"
    written = {name.lower() for name in missing.written}
    read = [name for name in missing.names if name.lower() not in written]
    if read:
        return f"{', '.join(read)} is only read, and a new column would be empty"
    spare = [column for column in missing.table.columns if column.name.lower() not in written]
    needed = [
        column.name
        for column in spare
        if column.not_null and column.default is None and not column.primary_key_position
    ]
    if needed:
        return f"{missing.table.name} also needs a value for {', '.join(needed)}, which no statement gives"
    names = [column.name.lower() for column in spare]
    for name in missing.names:
        alike = difflib.get_close_matches(name.lower(), names, n=1, cutoff=LIKENESS)
        if alike:
            return f"{name} is probably what the table calls {alike[0]}"
    if missing.table.strict:
        return f"{missing.table.name} is STRICT, and the type of a new column must be chosen"
    return None


def _shapes(missing: MissingColumns) -> str:
    has = ", ".join(column.name for column in missing.table.columns)
    return (
        f"decide which shape is right: {missing.table.name} has ({has}),"
        f" the worker writes ({', '.join(missing.written)})"
    )


def _reversal(table: str, column: str, database: str) -> Reversal:
    return Reversal(
        guard=f"SELECT count(*) FROM {quoted(table)} WHERE {quoted(column)} IS NOT NULL",  # noqa: S608 - quoted
        sql=f"ALTER TABLE {quoted(table)} DROP COLUMN {quoted(column)}",
        kept=f"column {column} of {table} in {database} holds values; the migration stays applied",
    )

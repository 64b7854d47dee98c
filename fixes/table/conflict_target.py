"""The fix of TBL003: a unique index over the columns that tell rows apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.d1.identifiers import quoted
from diagnose.plugin import Fix, Safety, Turn
from diagnose.schemas import find_binding, read_definitions, unkeyed_inserts
from diagnose.steps.unique_index import (
    count_duplicates,
    duplicates_sql,
    unique_index_sql,
    unique_index_steps,
)
from diagnose.tables import KeyQuestion

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project import D1Binding


class ConflictTarget(Fix):
    """Creates the unique index by a migration, unless the table holds rows that violate it."""

    code: ClassVar[str] = "TBL003"
    safety: ClassVar[Safety] = Safety.DATA
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
        meant = (table, finding.evidence.get("clause"))
        found = unkeyed_inserts(definitions, ctx.source, binding)
        insert = next((each for each in found if (each.table.name, each.clause.text) == meant), None)
        if insert is None:
            return self.nothing(f"{table} has a key for every conflict clause")
        question = KeyQuestion(table=table, columns=insert.columns, sites=[insert.site])
        key = insert.clause.target or await question.answer(ctx, binding)
        if key is None:
            return self.ask(f"nothing says which columns of {table} tell its rows apart", question.choice())
        duplicates = await count_duplicates(ctx.account, binding, table, key)
        if duplicates:
            return self.refuse(
                f"{table} holds {duplicates:,} keys more than once, and a unique index refuses them",
                f"decide which rows to keep; this shows them: {duplicates_sql(table, key)}",
            )
        return await self._create(ctx, binding, table, key)

    async def _create(self, ctx: Context, binding: D1Binding, table: str, key: tuple[str, ...]) -> Plan:
        steps = await unique_index_steps(ctx.project, ctx.account, binding, table, key)
        if steps is None:
            return self.refuse(
                "the project's migrations are made by another tool",
                f"let it make this one: {unique_index_sql(table, key)}",
            )
        columns = ", ".join(map(quoted, key))
        why = f"no key of {table} is held by two rows; a unique index over ({columns}) keeps it so"
        return self.steps(why, *steps)

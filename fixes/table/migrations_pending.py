"""The fix of TBL004: applies the pending migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.d1.identifiers import quoted
from diagnose.plugin import Fix, Safety, Turn
from diagnose.schemas import (
    applied_names,
    database_name,
    find_binding,
    pending_migrations,
    read_definitions,
)
from diagnose.steps.new_migration import apply_step

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project import D1Binding
    from diagnose.schemas import PendingMigrations


class MigrationsPending(Fix):
    """Applies them in their order, each in one query with its entry, as wrangler does."""

    code: ClassVar[str] = "TBL004"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("D1 Edit",)
    turn: ClassVar[Turn] = Turn.SCHEMA

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """What is pending now; an earlier repair may have applied some of it."""
        wanted = finding.evidence.get("binding")
        binding = find_binding(ctx.config.d1, wanted) if ctx.project.config else None
        if binding is None:
            return self.nothing("the config does not name this database any more")
        definitions = await read_definitions(ctx.project, ctx.account, binding)
        if ctx.account is None or definitions is None:
            return self.refuse(
                f"the database behind {binding.binding} is not known", "correct the binding first (CFG006)"
            )
        found = pending_migrations(
            ctx.project, binding, await applied_names(ctx.account, binding), definitions
        )
        refused = self._refused(binding, found)
        if refused is not None:
            return refused
        if not found.pending:
            return self.nothing(f"every migration of {binding.binding} is applied")
        database = await database_name(ctx.account, binding)
        steps = [apply_step(binding, database, each.name, each.sql) for each in found.pending]
        return self.steps(f"{database} is given the migrations that it lacks", *steps)

    def _refused(self, binding: D1Binding, found: PendingMigrations) -> Plan | None:
        if found.pending and found.is_foreign:
            return self.refuse(
                "the names that are entered in the database are no files of this project",
                "find out whose migrations they are, and give each project a `migrations_table` of its own",
            )
        if found.there:
            return self._made_otherwise(binding, found.there)
        if found.refused:
            name, error = found.refused[0]
            return self.refuse(f"{name} would fail: {error}", "correct the migration, or what it builds on")
        return None

    def _made_otherwise(self, binding: D1Binding, names: tuple[str, ...]) -> Plan:
        table = quoted(binding.migrations_table)
        values = ", ".join(f"('{name}')" for name in (each.replace("'", "''") for each in names))
        return self.refuse(
            f"what {', '.join(names)} makes is in the database already, so that it cannot be applied again",
            f"if it was run in another way, enter it: INSERT INTO {table} (name) VALUES {values}",  # noqa: S608 - a quoted name
        )

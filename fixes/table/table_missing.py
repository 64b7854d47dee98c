"""The fix of TBL001: creates the table by a migration."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Fix, Safety, Turn
from diagnose.schemas import find_binding
from diagnose.tables import table_plan

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan


class TableMissing(Fix):
    """Applies the migration that creates the table, or writes and applies a new one."""

    code: ClassVar[str] = "TBL001"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("D1 Edit",)
    turn: ClassVar[Turn] = Turn.SCHEMA

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        if ctx.project.config is None or ctx.project.source is None:
            return self.refuse("the worker cannot be read", "make the config and `main` readable first")
        table = str(finding.evidence.get("table"))
        binding = find_binding(ctx.config.d1, finding.evidence.get("binding"))
        if binding is None:
            return self.refuse(f"the database of {table} is not known", "correct the binding first (CFG006)")
        return await table_plan(self, ctx, binding, table)

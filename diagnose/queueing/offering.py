"""The plan of a fix that answers `--option option=queue`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.queueing.planning import plan_queue
from diagnose.rewriting import Refused
from diagnose.schemas import find_binding
from diagnose.tables import table_plan

if TYPE_CHECKING:
    from diagnose.plugin import Context, Fix, Plan
    from diagnose.project.source import StatementSite


async def queued(fix: Fix, ctx: Context, site: StatementSite) -> Plan:
    """The fix's plan to send the site's rows through a queue; `--option consumer=…` says who writes them.

    A consumer of its own takes the statement out of this worker, and nothing would miss its table any more:
    then the plan makes the table as well.
    """
    consumer = ctx.options.get("consumer", "python")
    binding = find_binding(ctx.config.d1, site.binding)
    schema = await ctx.schema(binding) if binding is not None else None
    table = await _table(fix, ctx, site) if consumer == "typescript" and schema is not None else None
    if table is not None and (table.choice is not None or table.refusal is not None):
        return table
    planned = await plan_queue(
        ctx.project,
        site,
        consumer=consumer,
        schema=schema,
        account=ctx.account,
        table=table.steps if table is not None else (),
    )
    if isinstance(planned, Refused):
        return fix.refuse(planned.why, planned.remedy)
    return fix.steps(planned.why, *planned.steps, provable=planned.provable)


async def _table(fix: Fix, ctx: Context, site: StatementSite) -> Plan | None:
    binding = find_binding(ctx.config.d1, site.binding)
    return await table_plan(fix, ctx, binding, site.table) if binding is not None and site.table else None

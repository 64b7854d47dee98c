"""The plan of a fix that answers `--option option=queue`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.queueing.planning import plan_queue
from diagnose.rewriting import Refused
from diagnose.schemas import find_binding

if TYPE_CHECKING:
    from diagnose.plugin import Context, Fix, Plan
    from diagnose.project.source import StatementSite


async def queued(fix: Fix, ctx: Context, site: StatementSite) -> Plan:
    """The fix's plan to send the site's rows through a queue; `--option consumer=…` says who writes them."""
    binding = find_binding(ctx.config.d1, site.binding)
    planned = await plan_queue(
        ctx.project,
        site,
        consumer=ctx.options.get("consumer", "python"),
        schema=await ctx.schema(binding) if binding is not None else None,
        account=ctx.account,
    )
    if isinstance(planned, Refused):
        return fix.refuse(planned.why, planned.remedy)
    return fix.steps(planned.why, *planned.steps, provable=planned.provable)

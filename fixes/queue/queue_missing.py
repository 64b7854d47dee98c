"""The repair of QUE002: creates the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Fix, Safety, Turn
from diagnose.project.queue_roles import named_queues
from diagnose.steps import CreateQueue

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan


class QueueMissing(Fix):
    """Creates the queue with the platform's settings."""

    code: ClassVar[str] = "QUE002"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("Queues Edit",)
    turn: ClassVar[Turn] = Turn.SCHEMA

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """One step, unless the queue is there by now or the config names another."""
        name = str(finding.evidence.get("queue"))
        if ctx.project.config is None or name not in {queue.name for queue in named_queues(ctx.config)}:
            return self.nothing("the config does not name this queue any more")
        if ctx.account is not None and await ctx.account.queue(name) is not None:
            return self.nothing(f"queue {name} is there")
        return self.steps(f"queue {name} is created", CreateQueue(name=name))

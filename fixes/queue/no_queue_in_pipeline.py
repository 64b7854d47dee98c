"""The repair of QUE001: puts a queue in front of the table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Fix, Safety, Turn
from diagnose.queueing import CHOICE, direct_write, queued

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan


class NoQueueInPipeline(Fix):
    """Sends the rows in messages that fit; a consumer writes them and acknowledges after the write."""

    code: ClassVar[str] = "QUE001"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("Queues Edit", "Workers Scripts Edit")
    turn: ClassVar[Turn] = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Ask whether there shall be a queue, and put it in front of the first write that does not fit."""
        if ctx.project.config is None or ctx.project.source is None:
            return self.nothing("the place is not there any more")
        write = await direct_write(ctx.config, ctx.source, ctx.known_schema, ctx.plan)
        if write is None:
            return self.nothing("the direct write fits, or a queue divides it")
        option = ctx.options.get("option")
        if option == "direct":
            return self.refuse("the write shall stay direct", "repair it with LIM001 or LIM003 first")
        if option != "queue":
            wrong = "" if option is None else f"{option!r} is none of the answers. "
            choice = replace(CHOICE, question=wrong + CHOICE.question)
            return self.ask("a queue changes what the worker answers: it is written later", choice)
        return await queued(self, ctx, write.site)

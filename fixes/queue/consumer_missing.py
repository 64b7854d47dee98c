"""The repair of QUE003: attaches the consumer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Fix, Safety, Target, Turn
from diagnose.project import EditError, QueueConsumer, append_table
from diagnose.project.queue_roles import declared_consumers
from diagnose.steps import AttachConsumer, EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan

_BY_HAND = (
    "write a `queue` handler that stores the messages (`diagnose fix --option option=queue` writes one for "
    "rows that are written directly), and declare it under `queues.consumers`"
)


class ConsumerMissing(Fix):
    """Attaches the worker that has the handler; adds the entry to its config where it declares none."""

    code: ClassVar[str] = "QUE003"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("Queues Edit", "Workers Scripts Read")
    turn: ClassVar[Turn] = Turn.DEPLOY

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """What the queue still lacks."""
        queue = str(finding.evidence.get("queue"))
        if ctx.project.config is None:
            return self.nothing("the place is not there any more")
        if finding.evidence.get("problem") == "twice":
            return self.refuse(
                f"which worker or environment shall have {queue} is yours to decide",
                "give each of them a queue of its own, such as one per environment",
            )
        attached = await _attached(ctx, queue)
        if attached:
            return self._beside(ctx, queue, attached)
        declared = [one for one in declared_consumers(ctx.project) if one.entry.queue == queue]
        own = next((one for one in ctx.config.consumers if one.queue == queue), None)
        if own is not None:
            return await self._attach(ctx, own, ctx.config.name)
        if declared:
            return await self._attach(ctx, declared[0].entry, declared[0].worker)
        return await self._declare(ctx, queue)

    def _beside(self, ctx: Context, queue: str, attached: tuple[str, ...]) -> Plan:
        if ctx.config.name in attached:
            return self.nothing(f"{ctx.config.name} consumes {queue}")
        other = " and ".join(attached)
        return self.refuse(
            f"{other} consumes {queue}, and another worker's consumer is never replaced",
            f"detach it (`npx wrangler queues consumer remove {queue} WORKER`), or consume another queue",
        )

    async def _attach(self, ctx: Context, entry: QueueConsumer, worker: str | None) -> Plan:
        if ctx.account is None:
            return self.nothing("the config declares the consumer; a deploy attaches it")
        if worker is None or not await ctx.account.deployments(worker):
            return self.refuse(
                f"{worker or 'the worker'} is not deployed, so that it cannot be attached",
                "deploy it (DEP001); the deploy attaches its consumers",
            )
        return self.steps(
            f"{worker} is attached to {entry.queue}, as the config says", AttachConsumer.of(entry, worker)
        )

    async def _declare(self, ctx: Context, queue: str) -> Plan:
        source, document = ctx.project.source, ctx.config.document
        if source is None or source.handler("queue") is None:
            return self.refuse(f"no worker of the project is known to take messages of {queue}", _BY_HAND)
        if source.queue_names and queue not in source.queue_names:
            names = ", ".join(source.queue_names)
            return self.refuse(f"the queue handler tells {names} apart, and not {queue}", _BY_HAND)
        try:
            text = append_table(document, (*ctx.config.section, "queues", "consumers"), {"queue": queue})
        except EditError as error:
            return self.refuse(error.message, f"add `queue = {queue!r}` under `queues.consumers`")
        edit = EditFile.text(document.path, document.text, text)
        why = f"{ctx.config.name or 'the worker'} consumes {queue}: its handler is there"
        if ctx.target is Target.OFFLINE or (ctx.account and not await _is_deployed(ctx)):
            return self.steps(why, edit, provable=ctx.account is None)
        return self.steps(why, edit, AttachConsumer.of(QueueConsumer(queue=queue), ctx.config.name or ""))


async def _attached(ctx: Context, queue: str) -> tuple[str, ...]:
    info = None if ctx.account is None else await ctx.account.queue(queue)
    consumers = () if info is None else info.consumers
    return tuple(one.spec.script or "whoever pulls over HTTP" for one in consumers)


async def _is_deployed(ctx: Context) -> bool:
    if ctx.account is None or ctx.config.name is None:
        return False
    return bool(await ctx.account.deployments(ctx.config.name))

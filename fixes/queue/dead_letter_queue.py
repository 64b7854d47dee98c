"""The repair of QUE004: names a dead-letter queue, and creates it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Fix, Safety, Target, Turn
from diagnose.project import EditError, set_value
from diagnose.project.queue_roles import named_queues
from diagnose.steps import CreateQueue, EditFile

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan, Step
    from diagnose.project import QueueConsumer

# https://developers.cloudflare.com/queues/configuration/configure-queues/
_LONGEST_NAME = 63


class DeadLetterQueue(Fix):
    """Adds `dead_letter_queue` to the consumer's entry of the config, and creates that queue."""

    code: ClassVar[str] = "QUE004"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("Queues Edit",)
    turn: ClassVar[Turn] = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Edit the entry that the finding is about, as far as it still needs it."""
        if ctx.project.config is None or ctx.project.document is None:
            return self.nothing("the place is not there any more")
        queue = str(finding.evidence.get("queue"))
        consumer = next((each for each in ctx.config.consumers if each.queue == queue), None)
        if consumer is None:
            return self.nothing(f"the config does not consume {queue} any more")
        target = consumer.dead_letter_queue
        if target is not None and target != queue:
            steps = await _creation(ctx, target)
            if not steps:
                return self.nothing(f"{queue} has a dead-letter queue")
            return self.steps(f"{target}, the dead-letter queue of {queue}, is created", *steps)
        return await self._name(ctx, consumer, queue)

    async def _name(self, ctx: Context, consumer: QueueConsumer, queue: str) -> Plan:
        document = ctx.config.document
        target = f"{queue}-dead-letters"
        taken = {named.name for named in named_queues(ctx.config) if named.role != "dead-letter queue"}
        if len(target) > _LONGEST_NAME or target in taken:
            return self.refuse(
                f"{target} cannot be the name of its dead-letter queue",
                "create a queue and name it as `dead_letter_queue` in the consumer's entry",
            )
        try:
            text = set_value(document, (*consumer.keys, "dead_letter_queue"), target)
        except EditError as error:
            return self.refuse(
                error.message, f'add `dead_letter_queue = "{target}"` to the consumer of {queue}'
            )
        edit = EditFile.text(document.path, document.text, text)
        return self.steps(
            f"what the consumer of {queue} gives up goes to {target}", edit, *await _creation(ctx, target)
        )


async def _creation(ctx: Context, name: str) -> tuple[Step, ...]:
    """The step that creates a queue, where there is an account (or one to rehearse for) without it."""
    if ctx.target is Target.OFFLINE or (
        ctx.account is not None and await ctx.account.queue(name) is not None
    ):
        return ()
    return (CreateQueue(name=name),)

"""The fix of CFG008: pulls what is deployed into the config, or deploys the config."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.account import MissingPermissionError
from diagnose.errors import ProjectError, SourceError
from diagnose.plugin import Choice, Fix, Safety
from diagnose.project import build_upload
from diagnose.project.drift import drift
from diagnose.project.pulling import pulled, with_consumer, with_consumer_settings
from diagnose.steps import AttachConsumer, DeployWorker, EditFile
from diagnose.steps.drifted_consumers import drifted_consumers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.account import Account
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project.drift import Difference
    from diagnose.steps.drifted_consumers import DriftedConsumer

PULL, DEPLOY = "pull", "deploy"
_ANSWERS: Final = {
    PULL: "the account is right: what is deployed is written into the config",
    DEPLOY: "the config is right: the project is deployed as it is",
}


class BindingDrift(Fix):
    """Asks which side is right; never chooses."""

    code: ClassVar[str] = "CFG008"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("Workers Scripts Edit", "Queues Edit")

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """What the answer means for this finding."""
        if ctx.project.config is None or ctx.account is None or ctx.config.name is None:
            return self.refuse("the account and the config cannot be compared", "repair CFG001 first")
        answer = ctx.options.get("drift")
        if answer not in _ANSWERS:
            wrong = "" if answer is None else f"{answer!r} is none of the answers. "
            return self.ask(
                finding.message,
                Choice(option="drift", question=f"{wrong}Which side is right?", answers=_ANSWERS),
            )
        queue = finding.evidence.get("queue")
        if queue is not None:
            return await self._consumer(ctx, ctx.account, str(queue), answer)
        if answer == DEPLOY:
            return await self._deploy(ctx, ctx.account)
        if finding.evidence.get("undeployed"):
            return self.refuse(
                "what only the config has cannot be pulled", "deploy it (--option drift=deploy), or remove it"
            )
        return await self._pull(ctx, ctx.account)

    async def _pull(self, ctx: Context, account: Account) -> Plan:
        worker, document = ctx.config.name or "", ctx.config.document
        settings = await account.active_settings(worker)
        if settings is None:
            return self.nothing(f"worker {worker} is not deployed any more")
        found = await drift(account, ctx.config, worker, settings)
        try:
            text = pulled(ctx.config, found, await _names(account, found))
        except ProjectError as error:
            return self.refuse(f"the config cannot take it over: {error.message}", "edit the config by hand")
        if text == document.text:
            return self.nothing("a deploy would take nothing away")
        why = f"the next deploy keeps what worker {worker} has"
        return self.steps(why, EditFile.text(document.path, document.text, text))

    async def _deploy(self, ctx: Context, account: Account) -> Plan:
        try:
            upload = build_upload(ctx.project)
        except SourceError as error:
            return self.refuse(f"there is nothing to deploy: {error}", "correct `main` in the config")
        settings = await account.active_settings(upload.script_name)
        if settings is not None and not await drift(account, ctx.config, upload.script_name, settings):
            return self.nothing(f"worker {upload.script_name} is deployed as the config says")
        if not upload.main_module.endswith(".py"):
            return self.refuse(f"{upload.main_module} must be bundled first", "run `npx wrangler deploy`")
        why = f"worker {upload.script_name} is deployed as it stands in the project"
        return self.steps(why, DeployWorker(script_name=upload.script_name, upload=upload))

    async def _consumer(self, ctx: Context, account: Account, queue: str, answer: str) -> Plan:
        worker = ctx.config.name or ""
        drifted = drifted_consumers(ctx.config, worker, await account.queues())
        consumer = next((each for each in drifted if each.queue == queue), None)
        if consumer is None:
            return self.nothing(f"queue {queue} is consumed as the config says")
        if answer == PULL:
            return self._pull_consumer(ctx, consumer)
        entry = next((each for each in ctx.config.consumers if each.queue == queue), None)
        if entry is None:
            return self.refuse(
                f"a deploy leaves the consumer of {queue} attached",
                f"detach it: `npx wrangler queues consumer remove {queue} {worker}`",
            )
        return self.steps(f"{worker} consumes {queue} as the config says", AttachConsumer.of(entry, worker))

    def _pull_consumer(self, ctx: Context, consumer: DriftedConsumer) -> Plan:
        document = ctx.config.document
        edit = with_consumer_settings if consumer.declared else with_consumer
        try:
            text = edit(ctx.config, consumer.queue, consumer.settings)
        except ProjectError as error:
            return self.refuse(f"the config cannot take it over: {error.message}", "edit the config by hand")
        why = f"the config says how {ctx.config.name} consumes {consumer.queue}"
        return self.steps(why, EditFile.text(document.path, document.text, text))


async def _names(account: Account, found: Sequence[Difference]) -> dict[str, str]:
    """The names of the databases, where there is one to write and the token may read them."""
    if not any(each.kind == "binding" and each.is_lost_by_deploy for each in found):
        return {}
    try:
        return {database.uuid: database.name for database in await account.databases()}
    except MissingPermissionError:
        return {}

"""The fix of DEP004: gives the import a cron trigger or a route, as the user chooses."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import SourceError
from diagnose.plugin import Choice, Fix, Safety, Turn
from diagnose.project import EditError, build_upload, set_value
from diagnose.project.crons import is_cron
from diagnose.project.drift import taken_by_deploy
from diagnose.project.triggers import reach_of
from diagnose.rehearsal import choose_trigger
from diagnose.rewriting.outcome import Refused
from diagnose.rewriting.scheduling import with_scheduled_handler
from diagnose.steps import DeployWorker, EditFile

if TYPE_CHECKING:
    from diagnose.model import Json, Step
    from diagnose.plugin import Context, Finding, Plan
    from diagnose.project import ConfigDocument, Keys

CRON, ROUTE = "cron:", "route:"
REMEDY = "add `[triggers] crons` and a `scheduled` handler by hand"


class NeverTriggered(Fix):
    """Adds a cron with a `scheduled` handler, or a route."""

    code: ClassVar[str] = "DEP004"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("Workers Scripts Edit", "Queues Edit")
    turn: ClassVar[Turn] = Turn.REPAIR

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        if ctx.project.config is None or ctx.project.source is None:
            return self.refuse("the worker cannot be read", "make the config and `main` readable first")
        reach = reach_of(ctx.project, ctx.config, ctx.source)
        if reach.starting - {"fetch"}:
            return self.nothing(f"the import is started by {', '.join(sorted(reach.starting))}")
        answer = ctx.options.get("trigger", "")
        may_have_route = "fetch" in reach.importing and not reach.starting
        try:
            if answer.startswith(CRON) and is_cron(answer.removeprefix(CRON)):
                return await self._with_cron(ctx, answer.removeprefix(CRON).strip())
            if answer.startswith(ROUTE) and answer != ROUTE and may_have_route:
                return self._with_route(ctx, answer.removeprefix(ROUTE).strip())
        except EditError as error:
            return self.refuse(str(error), REMEDY)
        return self.ask("only a person can say when the import shall run", _choice(answer, may_have_route))

    async def _with_cron(self, ctx: Context, cron: str) -> Plan:
        steps: list[Step] = [_config_edit(ctx.config.document, _keys(ctx, "triggers", "crons"), [cron])]
        if ctx.source.handler("scheduled") is None:
            edit = _handler_edit(ctx)
            if isinstance(edit, Refused):
                return self.refuse(f"no `scheduled` handler can be added: {edit.why}", edit.remedy)
            steps.append(edit)
        steps += await _redeployment(ctx, cron, steps[1:])
        return self.steps(f"the cron trigger {cron} (UTC) starts the import", *steps)

    def _with_route(self, ctx: Context, route: str) -> Plan:
        step = _config_edit(ctx.config.document, _keys(ctx, "routes"), [*ctx.config.routes, route])
        return self.steps(f"requests to {route} reach the worker after the next `wrangler deploy`", step)


def _choice(answer: str, may_have_route: bool) -> Choice:  # noqa: FBT001 - one private caller
    answers = {"cron:0 3 * * *": "every day at 03:00 UTC; any cron expression with five fields"}
    if may_have_route:
        answers["route:example.com/*"] = "requests to that route of a zone in the account"
    wrong = f"{answer!r} is none of the answers. " if answer else ""
    return Choice(option="trigger", question=f"{wrong}What shall start the import?", answers=answers)


def _keys(ctx: Context, *keys: str) -> Keys:
    """Where to set a key that environments inherit: in the environment that has its own, else on top."""
    environment = ctx.config.environment
    if environment is not None and ctx.config.document.get("env", environment, keys[0]) is not None:
        return ("env", environment, *keys)
    return keys


def _config_edit(document: ConfigDocument, keys: Keys, value: Json) -> EditFile:
    return EditFile.text(document.path, document.text, set_value(document, keys, value))


def _handler_edit(ctx: Context) -> EditFile | Refused:
    """The entry class with a `scheduled` handler that sends the request which starts the import."""
    fetch = ctx.source.handler("fetch")
    if fetch is None:
        return Refused("there is no fetch handler whose request it could send", REMEDY)
    chosen = choose_trigger(ctx.project, ctx.source)
    if chosen.trigger is None or chosen.trigger.kind != "fetch":
        return Refused(chosen.refused or "no request is known that starts the import", REMEDY)
    if chosen.trigger.headers or chosen.trigger.body is not None:
        return Refused("the request that starts the import needs headers or a body", REMEDY)
    path = fetch.location.path
    text = ctx.source.text(path)
    written = with_scheduled_handler(text, fetch, chosen.trigger.method, chosen.trigger.path)
    return written if isinstance(written, Refused) else EditFile.text(path, text, written.text)


async def _redeployment(ctx: Context, cron: str, edits: list[Step]) -> list[Step]:
    """A worker that is deployed needs the new version; one that is not is deployed by DEP001's fix."""
    try:
        upload = build_upload(ctx.project)
    except SourceError:
        return []
    if ctx.account is None or not await ctx.account.deployments(upload.script_name):
        return []
    if await taken_by_deploy(ctx.account, ctx.config):
        return []  # which side is right is asked first (CFG008); DEP002 deploys then
    folder = posixpath.dirname(ctx.source.main)
    edited = {
        posixpath.relpath(edit.path, folder or "."): edit.after
        for edit in edits
        if isinstance(edit, EditFile) and edit.after is not None
    }
    upload = replace(upload, modules={**upload.modules, **edited}, crons=(cron,))
    return [DeployWorker(script_name=upload.script_name, upload=upload)]

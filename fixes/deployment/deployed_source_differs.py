"""The fix of DEP002: deploys the worker as it is in the project after all other repairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import SourceError
from diagnose.plugin import Fix, Safety, Turn
from diagnose.project import build_upload
from diagnose.project.deployed_source import compare_source
from diagnose.project.drift import taken_by_deploy
from diagnose.steps import DeployWorker

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan


class DeployedSourceDiffers(Fix):
    """Uploads a Python worker again, unless that would take away what only the account has."""

    code: ClassVar[str] = "DEP002"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("Workers Scripts Edit", "Queues Edit")
    turn: ClassVar[Turn] = Turn.DEPLOY

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        """Compare again: an earlier repair may have deployed the worker."""
        if ctx.project.config is None or ctx.account is None:
            return self.refuse("the account and the project cannot be compared", "repair CFG001 first")
        try:
            upload = build_upload(ctx.project)
        except SourceError as error:
            return self.refuse(f"there is nothing to deploy: {error}", "correct `main` in the config")
        content = await ctx.account.content(upload.script_name)
        found = None if content is None else compare_source(ctx.project, content)
        if found is not None and not isinstance(found, str) and not found.matters:
            return self.nothing(f"worker {upload.script_name} runs the code of the project")
        if not upload.main_module.endswith(".py"):
            return self.refuse(f"{upload.main_module} must be bundled first", "run `npx wrangler deploy`")
        taken = await taken_by_deploy(ctx.account, ctx.config)
        if taken and ctx.options.get("drift") != "deploy":
            return self.refuse(
                f"a deploy would take away what the config has not: {taken[0].told()}",
                "decide CFG008 first (--option drift=pull or drift=deploy)",
            )
        return self.steps(
            f"worker {upload.script_name} is deployed as it stands in the project",
            DeployWorker(script_name=upload.script_name, upload=upload),
        )

"""The fix of DEP001: deploys the worker as it is in the project now."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.errors import SourceError
from diagnose.plugin import Fix, Safety, Turn
from diagnose.project import build_upload
from diagnose.steps import DeployWorker

if TYPE_CHECKING:
    from diagnose.plugin import Context, Finding, Plan


class NotDeployed(Fix):
    """Uploads the worker with its modules, bindings and crons, after everything else is repaired."""

    code: ClassVar[str] = "DEP001"
    safety: ClassVar[Safety] = Safety.REVIEW
    scopes: ClassVar[tuple[str, ...]] = ("Workers Scripts Edit", "Queues Edit")
    turn: ClassVar[Turn] = Turn.DEPLOY

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        try:
            upload = build_upload(ctx.project)
        except SourceError as error:
            return self.refuse(f"there is nothing to deploy: {error}", "correct `main` in the config")
        if not upload.main_module.endswith(".py"):
            return self.refuse(f"{upload.main_module} must be bundled first", "run `wrangler deploy`")
        if ctx.account is not None and await ctx.account.deployments(upload.script_name):
            return self.nothing(f"worker {upload.script_name} is deployed")
        return self.steps(
            f"worker {upload.script_name} is deployed as it stands in the project",
            DeployWorker(script_name=upload.script_name, upload=upload),
        )

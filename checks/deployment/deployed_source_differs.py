"""DEP002: the code that runs is not the code that is read here."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.plugin import Check, Confidence, Location, Mode, Need, Severity, listed
from diagnose.project.deployed_source import compare_source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from diagnose.plugin import Context, Finding, NamedWorker
    from diagnose.project.deployed_source import SourceComparison

_MOST_SHOWN: Final = 5


class DeployedSourceDiffers(Check):
    """The code that is deployed is the code of the project.

    ## What it checks

    The modules of the deployed worker against those that `wrangler deploy` would upload. Python modules are
    uploaded as they are and compared byte for byte, apart from the ends of lines; vendored packages are not
    compared, and a module that nothing imports does not count. TypeScript and JavaScript are bundled by
    wrangler: only what was uploaded without a bundler (`no_bundle`) can be compared.

    ## Why it matters

    Every other check reads the code that is here. A repair that was never deployed changes nothing in
    production, and a deploy from another branch or folder goes unnoticed: the worker keeps its name
    (https://developers.cloudflare.com/workers/configuration/versions-and-deployments/).

    ## Example

    The deployed `worker.py`:

    ```python
    await env.DB.prepare("INSERT INTO rates (day) VALUES (?)").bind(day).run()
    ```

    The one of the project, which was never deployed:

    ```python
    await env.DB.prepare("INSERT OR IGNORE INTO rates (day) VALUES (?)").bind(day).run()
    ```

    ## Remedy

    Deploy the project, or get the code that is deployed from where it was deployed.

    ## Fix safety

    review: deploys the project as it is after all other repairs. Where a deploy would take away what the
    worker has and the config has not (CFG008), that is decided first. Undo lets the version before answer
    again. A worker that must be bundled is deployed by wrangler.

    ## Evidence

    - `worker`: its name.
    - `changed`: modules whose text differs.
    - `undeployed`: modules that only the project has.
    - `removed`: modules that only the deployed worker has.
    - `idle`: those of them that nothing imports.
    - `deployed_on`: when what is deployed was deployed.
    - `compared`: of a pass, how many modules are the same.

    ## Permissions

    Workers Scripts Read. The fix needs Workers Scripts Edit, and Queues Edit for consumers.
    """

    code: ClassVar[str] = "DEP002"
    name: ClassVar[str] = "deployed-source-differs"
    severity: ClassVar[Severity] = Severity.WARNING
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.ACCOUNT})
    scopes: ClassVar[tuple[str, ...]] = ("Workers Scripts Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for the worker."""
        worker = ctx.worker()
        if isinstance(worker, str):
            yield self.skipped(worker)
            return
        deployments = await worker.account.deployments(worker.name)
        content = await worker.account.content(worker.name) if deployments else None
        if not deployments or content is None:
            yield self.skipped(worker.undeployed)
            return
        found = compare_source(ctx.project, content)
        if isinstance(found, str):
            yield self.skipped(found, location=_entry(ctx))
        elif found.matters:
            yield self._differs(ctx, worker, found, deployments[0].created_on)
        else:
            yield self.passed(
                f"worker {worker.name} runs the code of the project",
                resource=worker.resource,
                evidence={"worker": worker.name, "compared": found.modules, "idle": sorted(found.idle)},
            )

    def _differs(
        self, ctx: Context, worker: NamedWorker, found: SourceComparison, deployed_on: str | None
    ) -> Finding:
        idle = set(found.idle)
        said = [
            _said(found.changed, idle, "is deployed with another text", "are deployed with other texts"),
            _said(found.undeployed, idle, "is not deployed", "are not deployed"),
            _said(found.removed, idle, "is deployed and not here", "are deployed and not here"),
        ]
        return self.problem(
            f"worker {worker.name} does not run the code of the project: {'; '.join(filter(None, said))}",
            confidence=Confidence.HIGH,
            location=_entry(ctx),
            resource=worker.resource,
            evidence={
                "worker": worker.name,
                "changed": list(found.changed),
                "undeployed": list(found.undeployed),
                "removed": list(found.removed),
                "idle": sorted(found.idle),
                "deployed_on": deployed_on,
            },
            # A rehearsal executes the code that is here; what waits was left by the code that is deployed.
            explains=("E2E003",) if ctx.live is None else ("E2E001", "E2E002", "E2E003", "E2E004"),
        )


def _entry(ctx: Context) -> Location | None:
    main = ctx.config.main
    return None if main is None else Location(posixpath.normpath(posixpath.join(ctx.project.base, main)))


def _said(names: Sequence[str], idle: set[str], one: str, several: str) -> str:
    names = [name for name in names if name not in idle]
    return f"{listed(names, _MOST_SHOWN)} {one if len(names) == 1 else several}" if names else ""

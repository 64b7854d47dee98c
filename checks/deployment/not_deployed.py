"""DEP001: the account lists no deployment of the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Mode, Need, Severity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding

MOST_SHOWN = 20


class NotDeployed(Check):
    """The worker is deployed to the account under the name that the config gives it.

    ## What it checks

    The deployments of the worker that the config (with `--env`: of that environment) names.

    ## Why it matters

    What is not deployed receives no request, no cron event and no message. A worker that was deployed
    with another `name`, or with `--env`, which appends the environment's name, is another worker
    (https://developers.cloudflare.com/workers/wrangler/environments/).

    ## Example

    ```
    $ wrangler deployments list --name price-history-import
    This Worker does not exist on your account. [code: 10007]
    ```

    Repaired:

    ```
    $ wrangler deploy --config pyswarm/wrangler_historical_import.toml
    ```

    ## Remedy

    Deploy it, after what is wrong in config and source has been repaired.

    ## Fix safety

    review: uploads a Python worker with its modules and bindings, makes that version answer, and sets the
    crons of the config. Undo deletes the worker again. Rows that it writes until then stay. A worker in
    another language must be bundled by wrangler: there is no automated deployment for it.

    ## Evidence

    - `worker`: the name that was looked for.
    - `deployments`: how many deployments the account lists, or null when it knows no such worker.
    - `others`: names of workers that the account has, up to 20.

    ## Permissions

    Workers Scripts Read. The fix needs Workers Scripts Edit, and Queues Edit for consumers.
    """

    code: ClassVar[str] = "DEP001"
    name: ClassVar[str] = "not-deployed"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.ACCOUNT})
    scopes: ClassVar[tuple[str, ...]] = ("Workers Scripts Read",)
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Look the worker up in the account."""
        worker = ctx.worker()
        if isinstance(worker, str):
            yield self.skipped(worker)
            return
        deployments = await worker.account.deployments(worker.name)
        if deployments:
            yield self.passed(
                f"worker {worker.name} is deployed",
                resource=worker.resource,
                evidence={"worker": worker.name, "deployments": len(deployments)},
            )
            return
        others = sorted(script.name for script in await worker.account.scripts())
        why = "is not in the account" if deployments is None else "has versions, but none of them is deployed"
        yield self.problem(
            f"worker {worker.name} {why}",
            confidence=Confidence.HIGH,
            location=ctx.config.locate("name"),
            resource=worker.resource,
            evidence={
                "worker": worker.name,
                "deployments": None if deployments is None else 0,
                "others": others[:MOST_SHOWN],
            },
            # The deploy attaches what the config declares.
            explains=("QUE003",) if any(one.queue for one in ctx.config.consumers) else (),
        )

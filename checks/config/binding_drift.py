"""CFG008: what is deployed, and what the config would deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from diagnose.account import MissingPermissionError
from diagnose.plugin import Check, Confidence, Location, Mode, Need, Severity
from diagnose.project.drift import drift
from diagnose.steps.drifted_consumers import drifted_consumers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from diagnose.plugin import Context, Finding, NamedWorker
    from diagnose.project.drift import Difference
    from diagnose.steps.drifted_consumers import DriftedConsumer

_MOST_SHOWN: Final = 5


class BindingDrift(Check):
    """The deployed worker has the bindings, variables, crons and consumers that the config says.

    ## What it checks

    The version that answers (of several, the one that most requests reach) against what a deploy of the
    config would make: D1, queue, KV, R2, service and other well-known bindings, variables, the compatibility
    date and flags, cron triggers where the config says something about them, whether the worker answers at
    workers.dev, and the queues that it consumes. Secrets are no drift, nor are variables that `keep_vars`
    keeps, ids that are left out or still to be filled in, and what the API does not show. Routes are not
    compared: reading them takes a permission for their zones.

    ## Why it matters

    `wrangler deploy` makes the worker what the config says: variables and bindings that were added in the
    dashboard are gone afterwards (https://developers.cloudflare.com/workers/wrangler/configuration/#source-of-truth),
    and what was added to the config and never deployed is undefined in production. Wrangler also makes the
    worker answer at workers.dev again, where that was turned off in the dashboard and the config has neither
    `workers_dev = false` nor routes (measured with 4.164.0 and 4.86.0). A consumer that was removed from the
    config stays attached and keeps taking messages.

    ## Example

    The dashboard gave the worker the variable `LIMIT`, and the next deploy takes it away:

    ```toml
    [vars]
    MODE = "daily"
    ```

    Pulled into the config:

    ```toml
    [vars]
    MODE = "daily"
    LIMIT = "2000"
    ```

    ## Remedy

    Decide which side is right. Write what shall stay into the config, then deploy.

    ## Fix safety

    review: asks which side is right; no answer is chosen by `--yes`. `--option drift=pull` writes what is
    deployed into the config, `--option drift=deploy` deploys the project (a Python worker; others need
    wrangler). A variable that looks like a secret is not written into a file. Undo restores the file, or the
    deployment before.

    ## Evidence

    - `worker`: its name.
    - `lost`: what a deploy would remove or replace, each in words; values of variables are not shown.
    - `undeployed`: what the config has and the deployed worker has not.
    - `queue`, `settings`: a queue that the worker consumes and the config does not say, or with other
      settings; the settings as they are attached.
    - `compared`: of a pass, how many bindings and variables agree.

    ## Permissions

    Workers Scripts Read, and Queues Read for consumers. Deploying needs Workers Scripts Edit, and Queues
    Edit for consumers.
    """

    code: ClassVar[str] = "CFG008"
    name: ClassVar[str] = "binding-drift"
    severity: ClassVar[Severity] = Severity.WARNING
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.ACCOUNT})
    scopes: ClassVar[tuple[str, ...]] = ("Workers Scripts Read", "Queues Read")
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each direction, and one for each consumer."""
        worker = ctx.worker()
        if isinstance(worker, str):
            yield self.skipped(worker)
            return
        settings = await worker.account.active_settings(worker.name)
        if settings is None:
            yield self.skipped(worker.undeployed)
            return
        found = await drift(worker.account, ctx.config, worker.name, settings)
        lost = [difference for difference in found if difference.is_lost_by_deploy]
        ahead = [difference for difference in found if not difference.is_lost_by_deploy]
        if lost:
            yield self._lost(ctx, worker, lost)
        if ahead:
            yield self._undeployed(ctx, worker, ahead)
        consumers = await self._consumers(ctx, worker)
        for finding in consumers:
            yield finding
        if not lost and not ahead and not consumers:
            yield self.passed(
                f"worker {worker.name} is deployed as the config says",
                resource=worker.resource,
                evidence={"worker": worker.name, "compared": len(settings.bindings)},
            )

    def _lost(self, ctx: Context, worker: NamedWorker, lost: Sequence[Difference]) -> Finding:
        # What CI writes into a variable at the time of a deploy differs from the file on purpose.
        replaced = all(each.kind == "variable" and each.side == "both" for each in lost)
        told = [difference.told() for difference in lost]
        return self.problem(
            f"a deploy would change worker {worker.name}: {_listed(told)}",
            confidence=Confidence.MEDIUM if replaced else Confidence.HIGH,
            location=Location(ctx.config.document.path),
            resource=worker.resource,
            evidence={"worker": worker.name, "lost": told, "undeployed": []},
        )

    def _undeployed(self, ctx: Context, worker: NamedWorker, ahead: Sequence[Difference]) -> Finding:
        told = [difference.told() for difference in ahead]
        return self.problem(
            f"worker {worker.name} was deployed without what the config has: {_listed(told)}",
            confidence=Confidence.HIGH,
            location=Location(ctx.config.document.path),
            resource=f"{worker.resource}/undeployed",
            evidence={"worker": worker.name, "lost": [], "undeployed": told},
        )

    async def _consumers(self, ctx: Context, worker: NamedWorker) -> list[Finding]:
        try:
            drifted = drifted_consumers(ctx.config, worker.name, await worker.account.queues())
        except MissingPermissionError:
            if ctx.config.producers or ctx.config.consumers:
                raise
            return []  # a project without queues has no cause to give its token the permission
        return [self._consumer(ctx, worker.name, each) for each in drifted]

    def _consumer(self, ctx: Context, worker: str, drifted: DriftedConsumer) -> Finding:
        entry = next((each for each in ctx.config.consumers if each.queue == drifted.queue), None)
        message = (
            f"worker {worker} consumes queue {drifted.queue}, which the config does not say; "
            "a deploy leaves it attached"
            if entry is None
            else f"queue {drifted.queue} is consumed with other settings than in the config: {drifted.told()}"
        )
        return self.problem(
            message,
            confidence=Confidence.HIGH,
            location=entry.location if entry else Location(ctx.config.document.path),
            resource=f"queue/{drifted.queue}",
            evidence={"worker": worker, "queue": drifted.queue, "settings": dict(drifted.settings)},
        )


def _listed(told: Sequence[str]) -> str:
    more = len(told) - _MOST_SHOWN
    return "; ".join(told[:_MOST_SHOWN]) + (f"; and {more} more" if more > 0 else "")

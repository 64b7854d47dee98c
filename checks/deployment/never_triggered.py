"""DEP004: nothing starts the import."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.templates import standing_in
from diagnose.project.triggers import pulls_on_request, reach_of, starting_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding, Json
    from diagnose.project.source.model import HandlerKind
    from diagnose.project.triggers import Reach

PRECEDENCE: tuple[HandlerKind, ...] = ("scheduled", "fetch", "queue")


class NeverTriggered(Check):
    """Something starts the import without a person.

    ## What it checks

    Which handlers lead to a write or a send, and what reaches them: crons, queue consumers, routes,
    workers.dev, service bindings of other configs in the project; with an account, also the crons that
    the deployed worker has. When nothing can reach any of them, that is an error. When only a request can,
    and the worker then fetches the data itself, that is a warning: somebody has to send the request each
    time. Where callers push the rows in their requests, the requests are the trigger. A top level that
    nothing deploys is skipped where the environments deployed in its place start the import.

    ## Why it matters

    A worker that nothing calls never runs. A `scheduled` handler is called at the times of `[triggers]
    crons` alone (https://developers.cloudflare.com/workers/configuration/cron-triggers/).

    ## Example

    ```python
    class Default(WorkerEntrypoint):
        async def fetch(self, request):
            if request.method == "POST" and urlparse(request.url).path == "/trigger":
                return await self.import_symbol("BTC")     # who sends this request?
    ```

    Repaired by `[triggers] crons = ["0 3 * * *"]` in the config, and in the class:

    ```python
        async def scheduled(self, controller):
            response = await self.fetch(Request("https://scheduled.invalid/trigger", method="POST"))
            if response.status >= 400:
                raise RuntimeError(f"the scheduled import was answered with status {response.status}")
    ```

    ## Remedy

    Add a cron trigger and a `scheduled` handler; or a route, where another service sends the request.

    ## Fix safety

    review: asks what shall start the import; no answer is chosen by `--yes`. With
    `--option trigger='cron:0 3 * * *'` the cron is added to the config, and a `scheduled` handler to the
    class that has none: it sends the request of `[trigger]`, or the one that the handler tells apart. A
    worker that is deployed is deployed again. With `--option trigger='route:example.com/*'` the route is
    added to the config; it takes effect with the next `wrangler deploy`.

    ## Evidence

    - `worker`: its name.
    - `importing`: kinds of handlers that lead to a write.
    - `reached_by`: kind of handler → what reaches it, of those kinds.
    - `request`: the request that starts the import, such as `POST /trigger`, or null.
    - `crons`: of the config, or null when it says nothing about them.

    ## Permissions

    None; with an account, Workers Scripts Read. The fix of a deployed worker needs Workers Scripts Edit, and
    Queues Edit for its consumers.
    """

    code: ClassVar[str] = "DEP004"
    name: ClassVar[str] = "never-triggered"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE})
    scopes: ClassVar[tuple[str, ...]] = ("Workers Scripts Read",)

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Compare what leads to a write with what is reached."""
        schedules = await _schedules(ctx)
        reach = reach_of(ctx.project, ctx.config, ctx.source, schedules or ())
        if not reach.importing:
            yield self.passed("no handler leads to a write, so there is no import to start")
        elif not reach.starting and (started := _started_environments(ctx)):
            yield self.skipped(
                f"nothing deploys the top level, and the import is started in {', '.join(started)}: "
                f"look at one of them (--env {started[0]})"
            )
        elif not reach.starting:
            yield self._never(ctx, reach, sure=schedules is not None)
        elif reach.starting == {"fetch"} and "scheduled" in reach.importing:
            yield self._by_hand(ctx, reach, "scheduled", Confidence.MEDIUM)
        elif reach.starting == {"fetch"} and pulls_on_request(ctx.source):
            told = starting_request(ctx.source) is not None
            yield self._by_hand(ctx, reach, "fetch", Confidence.MEDIUM if told else Confidence.LOW)
        else:
            ways = ", ".join(reach.ways[kind] for kind in sorted(reach.starting))
            yield self.passed(f"the import is started by {ways}", evidence=_evidence(ctx, reach))

    def _never(self, ctx: Context, reach: Reach, *, sure: bool) -> Finding:
        kind = next((kind for kind in PRECEDENCE if kind in reach.importing), PRECEDENCE[0])
        missing = {
            "scheduled": "the config has no cron for the `scheduled` handler",
            "fetch": "there is no route, workers.dev is off, and no config here binds it as a service",
            "queue": "the config consumes no queue",
        }
        confidence = Confidence.HIGH if sure and kind == "scheduled" else Confidence.MEDIUM
        if _has_terraform(ctx):
            confidence = Confidence.LOW
        message = f"nothing starts the import: {missing[kind]}"
        return self._problem(ctx, reach, kind, message, severity=Severity.ERROR, confidence=confidence)

    def _by_hand(self, ctx: Context, reach: Reach, kind: HandlerKind, confidence: Confidence) -> Finding:
        hint = starting_request(ctx.source)
        request = f" ({hint.method or 'GET'} {hint.path})" if hint else ""
        why = "the cron has no handler" if ctx.config.crons and kind == "fetch" else "there is no cron"
        message = f"only a request{request} starts the import, and nothing sends it: {why}"
        return self._problem(ctx, reach, kind, message, severity=Severity.WARNING, confidence=confidence)

    def _problem(
        self,
        ctx: Context,
        reach: Reach,
        kind: HandlerKind,
        message: str,
        *,
        severity: Severity,
        confidence: Confidence,
    ) -> Finding:
        handler = ctx.source.handler(kind)
        return self.problem(
            message,
            severity=severity,
            confidence=confidence,
            location=handler.location if handler else None,
            resource=f"worker/{ctx.config.name}" if ctx.config.name else None,
            evidence=_evidence(ctx, reach),
        )


async def _schedules(ctx: Context) -> tuple[str, ...] | None:
    """The crons of the deployed worker; None when there is no account to ask, or no such worker in it."""
    if ctx.account is None or ctx.config.name is None:
        return None
    return await ctx.account.schedules(ctx.config.name)


def _started_environments(ctx: Context) -> tuple[str, ...]:
    """The environments that are deployed in place of the top level, if each of them starts the import."""
    configs = standing_in(ctx.project)
    started = all(reach_of(ctx.project, config, ctx.source).starting for config in configs.values())
    return tuple(configs) if started else ()


def _has_terraform(ctx: Context) -> bool:
    """Routes and crons may be set up outside of wrangler's config."""
    return next(ctx.project.root.glob("*.tf"), None) is not None


def _evidence(ctx: Context, reach: Reach) -> dict[str, Json]:
    hint = starting_request(ctx.source)
    return {
        "worker": ctx.config.name,
        "importing": sorted(reach.importing),
        "reached_by": {kind: reach.ways[kind] for kind in sorted(reach.starting)},
        "request": f"{hint.method or 'GET'} {hint.path}" if hint else None,
        "crons": None if ctx.config.crons is None else list(ctx.config.crons),
    }

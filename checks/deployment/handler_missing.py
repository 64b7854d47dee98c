"""DEP005: the config sends events to a handler that the worker does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.handler_presence import has_handler, why_unsettled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from diagnose.plugin import Context, Finding, Location
    from diagnose.project import WorkerConfig
    from diagnose.project.source.model import HandlerKind

_TRIGGERS: dict[HandlerKind, str] = {"scheduled": "cron", "queue": "queue", "fetch": "route"}
_CONSEQUENCES: dict[HandlerKind, str] = {
    "scheduled": "each run of the cron fails",
    "queue": "no message is ever consumed",
    "fetch": "each request is answered with an error",
}
_EXPLAINED: dict[HandlerKind, tuple[str, ...]] = {
    "scheduled": ("DEP004", "E2E002"),
    "queue": ("E2E002", "E2E003"),
    "fetch": ("E2E001", "E2E002"),
}


class HandlerMissing(Check):
    """Whatever the config lets reach the worker, the worker has a handler for.

    ## What it checks

    Cron triggers need a `scheduled` handler, queue consumers a `queue` handler, routes a `fetch` handler. A
    handler counts in whatever style it is written, in the entry module or imported into it; whether the
    runtime accepts the style is SRC008's question. Where a handler may come from code that is not read (a
    package, a decorator, an assignment), the check skips and says why. Consumers that pull over HTTP need
    none, and static assets answer routes by themselves.

    ## Why it matters

    The platform delivers the event all the same. A cron run without a handler fails; a deploy of a
    consumer without one is refused with `queue handler is missing [code: 11001]`, or the messages wait
    until they expire. https://developers.cloudflare.com/workers/runtime-apis/handlers/

    ## Example

    Fails, because the config says `[triggers] crons = ["0 3 * * *"]`:

    ```python
    class Default(WorkerEntrypoint):
        async def fetch(self, request):
            return await self.import_rates()
    ```

    Right:

    ```python
    class Default(WorkerEntrypoint):
        async def scheduled(self, controller):
            await self.import_rates()
    ```

    ## Remedy

    Write the handler, or remove the trigger, the consumer or the route from the config.

    ## Fix safety

    No fix: a handler is not invented, and whether trigger or handler is the mistake is not known. The
    finding names the line of the config.

    ## Evidence

    - `kind`: of the missing handler.
    - `triggers`: the crons, queues or routes that need it.
    - `handlers`: kinds of handlers that the worker has.

    ## Permissions

    None.
    """

    code: ClassVar[str] = "DEP005"
    name: ClassVar[str] = "handler-missing"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each kind of event that the config sends."""
        needed = list(_needed(ctx.config))
        for kind, triggers, location in needed:
            if has_handler(ctx.source, kind):
                yield self.passed(f"the worker has a `{kind}` handler", location=location)
            elif (reason := why_unsettled(ctx.source, kind)) is not None:
                yield self.skipped(f"no `{kind}` handler was found, but {reason}", location=location)
            else:
                yield self._missing(ctx, kind, triggers, location)
        if not needed:
            yield self.passed("the config has no cron, no queue consumer and no route")

    def _missing(
        self, ctx: Context, kind: HandlerKind, triggers: tuple[str, ...], location: Location | None
    ) -> Finding:
        trigger, main = f"{_TRIGGERS[kind]} {', '.join(triggers)}", ctx.source.main
        return self.problem(
            f"the config has the {trigger}, but {main} has no `{kind}` handler: {_CONSEQUENCES[kind]}",
            confidence=Confidence.HIGH,
            location=location,
            resource=f"worker/{ctx.config.name}" if ctx.config.name else None,
            evidence={
                "kind": kind,
                "triggers": list(triggers),
                "handlers": sorted({handler.kind for handler in ctx.source.handlers}),
            },
            explains=_EXPLAINED[kind],
        )


def _needed(config: WorkerConfig) -> Iterator[tuple[HandlerKind, tuple[str, ...], Location | None]]:
    """Each kind of handler that the config needs, with what needs it and where that stands."""
    if config.crons:
        yield "scheduled", config.crons, config.locate("triggers", "crons")
    consumers = [each for each in config.consumers if each.queue and each.type != "http_pull"]
    if consumers:
        yield "queue", tuple(each.queue or "" for each in consumers), consumers[0].location
    has_assets = config.locate("assets") is not None or config.locate("site") is not None
    if config.routes and not has_assets:
        yield "fetch", config.routes, config.locate("routes") or config.locate("route")

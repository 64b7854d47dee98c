"""QUE001: what was fetched is written directly, does not fit, and no queue divides it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.queueing import direct_write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.source.model import StatementSite

EXPECTED = "fetch → queue → consumer → D1"
CONFIGURED = "fetch → D1"


class NoQueueInPipeline(Check):
    """A direct write that does not fit into one invocation has no queue in front of it.

    ## What it checks

    Statements that write what the same invocation fetched, as many rows as there are, and that D1 refuses:
    because of the parameters that one statement binds, or of the queries that one invocation sends. If
    neither config nor source has a queue, it says so. A direct write that fits needs none and is in
    order, and so are APIs that callers push rows to.

    ## Why it matters

    A queue divides an import into messages, each of which is retried by itself and written in an
    invocation of its own with its own limits (https://developers.cloudflare.com/queues/). Without one the
    whole import stands or falls with a single invocation.

    ## Example

    ```python
    candles = await fetch_candles(limit=2000)
    await insert(env, candles)             # 20,000 parameters in one statement
    ```

    In order, without a queue:

    ```python
    candles = await fetch_candles(limit=2000)
    sql = "INSERT OR IGNORE INTO prices (…) SELECT value->>0, … FROM json_each(?1)"
    for part in json_parts(rows_of(candles)):
        await env.DB.prepare(sql).bind(part).run()
    ```

    ## Remedy

    Make the direct write fit (LIM001, LIM003): then no queue is needed for the sake of the limits. Or send
    the rows to a queue, in messages of less than 128 KB, and write them in its consumer:
    `diagnose fix --option option=queue`.

    ## Fix safety

    Review, and only with the answer `--option option=queue`: config, source and account get the queue, a
    dead-letter queue and the consumer, and what the worker answers are queued rows. Messages are cut by
    bytes; the consumer acknowledges a message after its write, and gives back what was not written: later
    when D1 was busy, at once when it will never take it, until the dead-letter queue has it. The consumer
    is the worker's own `queue` handler, or with `--consumer typescript` a worker of its own, which cannot
    be executed here: applied, not proven. Undo deletes the queues unless they hold messages. With
    `--option option=direct`, LIM001 and LIM003 make the direct write fit.

    ## Evidence

    - `expected`, `configured`: the two pipelines.
    - `config`: the config file without a producer.
    - `source`: the file without a send.
    - `binding`, `table`, `function`: the direct write.
    - `reason`: `parameters` or `queries`: what it exceeds.

    ## Permissions

    None: it reads files only.
    """

    code: ClassVar[str] = "QUE001"
    name: ClassVar[str] = "no-queue-in-pipeline"
    severity: ClassVar[Severity] = Severity.ADVICE
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Look for a direct write that does not fit."""
        if ctx.config.producers or ctx.source.sends:
            yield self.passed("there is a queue in the pipeline")
            return
        write = await direct_write(ctx.config, ctx.source, ctx.known_schema, ctx.plan)
        if write is not None:
            yield self._advice(ctx, write.site, write.reason)
        else:
            yield self.passed("no direct write is known to need a queue")

    def _advice(self, ctx: Context, site: StatementSite, reason: str) -> Finding:
        return self.problem(
            f"no queue in config or code: expected {EXPECTED}, configured {CONFIGURED},"
            f" and the direct write in {site.function} does not fit",
            confidence=Confidence.MEDIUM,
            location=site.location,
            evidence={
                "expected": EXPECTED,
                "configured": CONFIGURED,
                "config": ctx.project.config_path,
                "source": site.location.path,
                "binding": site.binding,
                "table": site.table,
                "function": site.function,
                "reason": reason,
            },
        )

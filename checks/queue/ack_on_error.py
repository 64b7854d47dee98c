"""QUE005: a write that fails is delivered again."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.source.beside import are_beside, is_one_row, written_at
from diagnose.project.source.side_tables import is_side_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.source import AckedFailure, Source

_WHAT = {
    "except": "the handler keeps the error of a write, and the queue takes the message as done",
    "suppress": "the error of a write is suppressed, and the queue takes the message as done",
    "finally": "leaving the `finally` drops the error of a write, and the queue takes the message as done",
    "never-sent": "the handler retries only for texts that D1 never sends, and acknowledges every failure",
    "early-ack": "the message is acknowledged before it is written: a failed write loses it",
    "ack-in-finally": "`finally` acknowledges the message whether it was written or not",
}


class AckOnError(Check):
    """A message is acknowledged only when what it holds has been written.

    ## What it checks

    The `queue` handler of a Python worker and what it calls: an `except`, `suppress` or `return` in `finally`
    around a D1 write or an onward send that neither raises nor retries, an ack that comes before the write or
    in a `finally` whatever became of it, and a retry that only asks for texts such as `database is locked`.
    A failure is in order when the error leaves the handler, when the message (or the batch) is retried, here
    or later, and when the message is kept elsewhere: in a table, KV, R2 or another queue. Writes of single
    rows to logs, caches and metrics are not looked at.

    ## Why it matters

    A handler that returns acknowledges every message that it has not retried
    (https://developers.cloudflare.com/queues/configuration/batching-retries/). The queue then drains, the
    dead-letter queue stays empty, the table too, and only a log line remembers the rows.

    ## Example

    ```python
    for message in batch.messages:
        try:
            await store(self.env, message.body)
            message.ack()
        except Exception as error:
            print(f"cannot store {message.id}: {error}")
            message.ack()
    ```

    ```python
    for message in batch.messages:
        try:
            await store(self.env, message.body)
            message.ack()
        except Exception as error:
            print(f"cannot store {message.id}: {error}")
            message.retry(delaySeconds=30)
    ```

    ## Remedy

    Acknowledge after the write, and retry or raise when it fails. A message that can never be stored then
    reaches the dead-letter queue after its retries, with the error in the log; name one (QUE004).

    ## Fix safety

    Review: messages that were lost are delivered again, as often as `max_retries` says. In the `except` an
    ack becomes a retry; where there is none, the message of the loop is retried, else the error is raised. An
    early ack moves behind the write. Logging stays as it is. What is not understood is left alone, with a
    reason.

    ## Evidence

    - `kind`: `except`, `suppress`, `finally`, `never-sent`, `early-ack` or `ack-in-finally`.
    - `function`: where it happens.
    - `ack`: the call that acknowledges, as `path:line`, or null where returning from the handler does.
    - `writes`: lines of the writes that it concerns, as `path:line`.
    - `tables`: the tables or queues they write to.
    - `texts`: what the code waits for in vain, of `never-sent`.

    ## Permissions

    None: it reads the source only.
    """

    code: ClassVar[str] = "QUE005"
    name: ClassVar[str] = "ack-on-error"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each place where a failure ends in an ack."""
        source = ctx.source
        if source.handler("queue") is None:
            yield self.passed("the worker consumes no queue")
            return
        found = [one for one in source.acked_failures if not are_beside(source, one.writes)]
        for failure in found:
            yield self._problem(failure, source)
        if not source.complete:
            yield self.skipped("the source is too large to follow every message to its end")
        elif not found:
            yield self.passed("a message whose write fails is not acknowledged")

    def _problem(self, failure: AckedFailure, source: Source) -> Finding:
        tables = written_at(source, failure.writes)
        where = f"{failure.function} writes to {', '.join(tables)}" if tables else failure.function
        return self.problem(
            f"{_WHAT[failure.kind]} ({where})",
            confidence=_confidence(failure, source, tables),
            location=failure.location,
            evidence={
                "kind": failure.kind,
                "function": failure.function,
                "ack": f"{failure.ack.path}:{failure.ack.line}" if failure.ack else None,
                "writes": [f"{write.path}:{write.line}" for write in failure.writes],
                "tables": list(tables),
                "texts": list(failure.texts),
            },
            explains=("E2E002", "E2E004"),
        )


def _confidence(failure: AckedFailure, source: Source, tables: tuple[str, ...]) -> Confidence:
    """Work beside the import, such as one row of state, may be lost without any row of it."""
    if tables and all(map(is_side_table, tables)):
        return Confidence.LOW
    if failure.ack is None and failure.kind == "except" and _is_beside_others(failure, source):
        return Confidence.LOW
    return Confidence.HIGH


def _is_beside_others(failure: AckedFailure, source: Source) -> bool:
    """The clause covers single rows only, while the handler writes its data outside of it."""
    sites = [site for site in source.sites if site.writes and "queue" in site.handlers]
    covered = [site for site in sites if site.location in failure.writes]
    sends = [send for send in source.sends if send.location in failure.writes]
    return bool(covered) and not sends and len(covered) < len(sites) and all(map(is_one_row, covered))

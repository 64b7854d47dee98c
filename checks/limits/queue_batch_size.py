"""LIM006: one sendBatch stays within the messages and bytes that Queues take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.queue_roles import queue_sends
from diagnose.project.source.counts import FromCaller, FromData, UnknownCount
from diagnose.rehearsal.row_sizes import recorded_row_bytes
from diagnose.simulation import batch_size

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.source.counts import Count
    from diagnose.project.source.model import SendSite
    from diagnose.simulation import BatchSize

_MESSAGES = LIMITS.queues.batch_messages
_BYTES = LIMITS.queues.batch_bytes


class QueueBatchSize(Check):
    """One `sendBatch` must not carry more messages or bytes than Queues take.

    ## What it checks

    Every `sendBatch`: how many messages it gets, from slices, guards and the number that the request for
    the data names; and the bytes of their bodies together, as far as the source makes them certain.

    ## Why it matters

    One call takes 100 messages and 256,000 bytes (https://developers.cloudflare.com/queues/platform/limits/).
    With one more it is refused, and none of its messages is sent. Local development lets 288,000 bytes
    through, and without a consumer in the same session any number of messages.

    ## Example

    One message for each of 2,000 rows:

    ```python
    await self.env.CANDLES.sendBatch([{"body": json.dumps(candle)} for candle in candles])
    ```

    As many calls as it takes:

    ```python
    messages = [{"body": json.dumps(candle)} for candle in candles]
    for batch in message_batches(messages):
        await self.env.CANDLES.sendBatch(batch)
    ```

    ## Remedy

    Cut the messages into slices of 100, and by bytes where bodies are larger than 2,560 on average. A
    message that carries many rows costs less than many messages with one row each.

    ## Fix safety

    Review: several calls instead of one, so that a failure can leave some messages sent. A Python call
    whose result is not used is put into a loop; any other shape is left alone.

    ## Evidence

    - `binding`, `function`: the call.
    - `messages`: how many one call carries, or null when no number is named.
    - `bytes`: of the bodies together at least, or null when no number is named.
    - `limit_messages`, `limit_bytes`: what one call takes.
    - `batches`: of a pass, how many calls were looked at.

    ## Permissions

    None: it reads files only.
    """

    code = "LIM006"
    name = "queue-batch-size"
    severity = Severity.ERROR
    requires = frozenset({Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Count the messages of each call."""
        row_bytes = recorded_row_bytes(ctx.project.settings)
        sends = queue_sends(ctx.source, ctx.project.config)
        sites = [site for site in sends if site.method == "sendBatch"]
        large = 0
        for site in sites:
            batch = batch_size(site, row_bytes)
            if not batch.exceeds:
                continue
            large += 1
            if isinstance(site.count, UnknownCount) and not batch.is_heavy:
                what = "takes slices" if site.count.sliced else "sends a list"
                yield self.skipped(
                    f"the sendBatch in {site.function} {what} ({site.count.expression}) whose length the "
                    "source does not settle",
                    location=site.location,
                )
                continue
            yield self._finding_for(site, batch)
        if not large:
            yield self.passed(
                f"no sendBatch is known to carry more than {_MESSAGES} messages or {_BYTES:,} bytes",
                evidence={"batches": len(sites)},
            )

    def _finding_for(self, site: SendSite, batch: BatchSize) -> Finding:
        severity, confidence = _weight(site, batch)
        return self.problem(
            _message(site, batch),
            severity=severity,
            confidence=confidence,
            location=site.location,
            evidence={
                "binding": site.binding,
                "function": site.function,
                "messages": batch.messages,
                "bytes": batch.size.possible if batch.size and batch.messages is not None else None,
                "limit_messages": int(_MESSAGES),
                "limit_bytes": int(_BYTES),
            },
            explains=("E2E001", "E2E002", "E2E003"),
        )


def _weight(site: SendSite, batch: BatchSize) -> tuple[Severity, Confidence]:
    if not site.reachable:
        return Severity.ADVICE, Confidence.LOW
    if batch.messages is None:
        return _open_ended(site.count)
    if batch.messages > _MESSAGES:
        return Severity.ERROR, Confidence.HIGH
    if batch.size is not None and batch.size.certain > _BYTES:
        return Severity.ERROR, Confidence.MEDIUM if batch.size.measured else Confidence.HIGH
    return Severity.WARNING, Confidence.MEDIUM


def _open_ended(count: Count) -> tuple[Severity, Confidence]:
    match count:
        case FromData(filtered=True, queried=queried):
            # A WHERE may keep it small for ever.
            return Severity.WARNING if queried else Severity.ERROR, Confidence.MEDIUM
        case FromData():
            return Severity.ERROR, Confidence.HIGH
        case _:
            return Severity.WARNING, Confidence.HIGH if isinstance(count, FromCaller) else Confidence.LOW


def _message(site: SendSite, batch: BatchSize) -> str:
    what = f"one `{site.binding}.sendBatch` in {site.function}"
    if batch.messages is None:
        return (
            f"{what} carries a message for each of {site.count}, and nothing sets a bound; "
            f"Queues take {_MESSAGES}"
        )
    if batch.messages > _MESSAGES:
        sliced = site.count.upper is not None and site.count.exact is None
        whose = "that one slice takes" if sliced else "that the code asks for"
        return f"{what} carries the {batch.messages:,} messages {whose}; Queues take {_MESSAGES}"
    certain, possible = (batch.size.certain, batch.size.possible) if batch.size else (0, 0)
    verb = "carries at least" if certain > _BYTES else "may carry"
    return f"{what} {verb} {possible:,} bytes in {batch.messages:,} messages; Queues take {_BYTES:,}"

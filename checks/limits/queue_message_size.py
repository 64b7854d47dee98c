"""LIM005: a queue message stays within the bytes that Queues take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.queue_roles import queue_sends
from diagnose.rehearsal.row_sizes import recorded_row_bytes
from diagnose.simulation import message_size, oversized_message
from diagnose.simulation.message_size import SAFE_MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.source.model import SendSite
    from diagnose.simulation import MessageSize

_LIMIT = LIMITS.queues.message_bytes


class QueueMessageSize(Check):
    """A queue message must not be larger than Queues take.

    ## What it checks

    The body of every `send` and of each message of a `sendBatch`: the keys, texts and numbers that the
    source writes out, and what grows with the data it asks for. What is not known counts as one byte, so
    a size is never overstated. Where the settings name recorded answers, rows that are passed on as they
    came count with their recorded size: those at `[rows].path`, else the longest list of an answer.

    ## Why it matters

    A message holds 128,000 bytes, of which about 100 are Queues' own
    (https://developers.cloudflare.com/queues/platform/limits/). A larger one is refused with all that is
    in it. 2,000 candles of seven fields are about 244,000 bytes; about 1,000 fit. Local development
    refuses it only when a consumer runs in the same session.

    ## Example

    All rows in one message:

    ```python
    rows = [{"time": c["time"], "open": c["open"], "close": c["close"]} for c in candles]
    await self.env.CANDLES.send(json.dumps({"symbol": symbol, "candles": rows}), contentType="text")
    ```

    As many messages as their bytes need:

    ```python
    rows = [{"time": c["time"], "open": c["open"], "close": c["close"]} for c in candles]
    for part in message_parts(rows):
        await self.env.CANDLES.send(json.dumps({"symbol": symbol, "candles": part}), contentType="text")
    ```

    ## Remedy

    Cut the rows by bytes, below 127,900 per message. Cutting by rows is right only as long as no row grows.
    Or send a pointer (symbol and range), and let the consumer fetch.

    ## Fix safety

    Review: the consumer gets several messages, each with a part of the rows. A Python sender whose message
    holds one growing list is cut by bytes; any other shape is left alone.

    ## Evidence

    - `binding`, `method`, `function`: the call.
    - `bytes`: of the body at least, with the rows that the code asks for; null when it names no number.
    - `limit`: bytes that a message may have.
    - `rows`, `row_bytes`: of the list that takes most, or null.
    - `measured`: whether recorded answers gave the size of a row.
    - `sends`: of a pass, how many were looked at.
    - `largest`: of a pass, the bytes of the largest body at least.

    ## Permissions

    None: it reads files only.
    """

    code = "LIM005"
    name = "queue-message-size"
    severity = Severity.ERROR
    requires = frozenset({Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Measure the body of each send."""
        row_bytes = recorded_row_bytes(ctx.project.settings)
        sizes: list[int] = []
        large = 0
        sends = queue_sends(ctx.source, ctx.project.config)
        for site in sends:
            if site.body is not None:
                sizes.append(message_size(site.body, row_bytes).possible)
            if (size := oversized_message(site, row_bytes)) is not None:
                large += 1
                yield self._finding_for(site, size)
        if not large:
            yield self.passed(
                f"no queue message is known to be larger than {_LIMIT:,} bytes",
                evidence={"sends": len(sends), "largest": max(sizes, default=0)},
            )

    def _finding_for(self, site: SendSite, size: MessageSize) -> Finding:
        severity, confidence = _weight(site, size)
        known = size.possible > SAFE_MESSAGE_BYTES
        return self.problem(
            _message(site, size),
            severity=severity,
            confidence=confidence,
            location=site.location,
            evidence={
                "binding": site.binding,
                "method": site.method,
                "function": site.function,
                "bytes": size.possible if known else None,
                "limit": int(_LIMIT),
                "rows": size.rows if known else None,
                "row_bytes": size.per_row if known else None,
                "measured": size.measured,
            },
            explains=("E2E001", "E2E002", "E2E003"),
        )


def _weight(site: SendSite, size: MessageSize) -> tuple[Severity, Confidence]:
    if not site.reachable:
        return Severity.ADVICE, Confidence.LOW
    if size.certain > _LIMIT:
        return Severity.ERROR, Confidence.MEDIUM if size.measured else Confidence.HIGH
    return Severity.WARNING, Confidence.MEDIUM


def _message(site: SendSite, size: MessageSize) -> str:
    what = f"a message of `{site.binding}.{site.method}` in {site.function}"
    if size.possible <= SAFE_MESSAGE_BYTES:
        return (
            f"{what} holds as many rows as the fetch answers, and nothing sets a bound; "
            f"Queues take {_LIMIT:,} bytes per message"
        )
    certain = size.certain > SAFE_MESSAGE_BYTES
    verb = "has at least" if certain else "may have"
    rows = f" with {size.rows:,} rows of {size.per_row:,} bytes" if size.rows and size.per_row else ""
    if rows and not size.measured:
        rows += " or more"
    return f"{what} {verb} {size.possible:,} bytes{rows}; Queues take {_LIMIT:,} per message"

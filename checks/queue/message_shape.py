"""QUE006: the consumer of a queue reads what its producers send."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.message_shapes import Answer, differences, is_unsettled, sent_fields, unread_fields
from diagnose.project.queue_ends import queue_ends

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.message_shapes import Difference
    from diagnose.project.queue_ends import QueueEnds

_FORMS = {Answer.TEXT: "text", Answer.OBJECT: "object", Answer.MISSING: "fields"}


class MessageShape(Check):
    """What a queue's consumer reads of a message is what the producers put into it.

    ## What it checks

    For each queue of which both ends are Python workers of the project: the fields that `send` and
    `sendBatch` put into a message (dict literals and their JSON text, through helper functions) against the
    fields that the `queue` handler and what it calls read; and whether a body is sent as JSON text and read
    as an object, or the other way round. Fields read with a default (`get`, `in`, KeyError) may be missing,
    and so may those that are read for one kind of message only. Where several shapes are sent, a field is
    missing when none has it. What is put together at run time is not judged.

    ## Why it matters

    A field that was renamed on one side raises KeyError for every message: after the retries all of them are
    in the dead-letter queue, or deleted
    (https://developers.cloudflare.com/queues/configuration/batching-retries/). A JSON text is a `str` in the
    consumer, whatever its content type, and `json.loads` of an object is a TypeError.

    ## Example

    ```python
    await self.env.CANDLES.send(json.dumps({"symbol": symbol, "volume": volume}), contentType="text")
    # in the consumer
    candle = json.loads(message.body)
    await store(self.env, candle["symbol"], candle["volumeFrom"], candle["volumeTo"])
    ```

    ```python
    await self.env.CANDLES.send(json.dumps({"symbol": symbol, "volume": volume}), contentType="text")
    # in the consumer
    candle = json.loads(message.body)
    await store(self.env, candle["symbol"], candle["volume"])
    ```

    ## Remedy

    Rename the field on one side. While messages of the old shape wait in the queue, let the consumer take
    both.

    ## Fix safety

    No fix: which side is right, and which field took the place of which, is for a person to say. The finding
    shows both sides.

    ## Evidence

    - `queue`, `consumer`: the queue, and the config of the worker that consumes it.
    - `kind`: `fields` that are missing, `text` that is read as an object, or an `object` that is parsed as
      text.
    - `missing`: what is read and not sent, such as `rows[].open`; `body` is the message itself.
    - `unread`: fields that are sent and not read by name: one of them may be the new name.
    - `sent`: all fields that are sent.
    - `reads`, `producers`: where it is read and sent, as `path:line`.

    ## Permissions

    None: it reads files only.
    """

    code: ClassVar[str] = "QUE006"
    name: ClassVar[str] = "message-shape"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.CONFIG, Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each way in which the two ends of a queue differ."""
        queues = queue_ends(ctx.project)
        if not queues:
            yield self.passed("no queue has its producer and its consumer in the project")
        for ends in queues:
            reason = _why_not(ends)
            if reason is not None:
                yield self.skipped(reason, location=ends.location)
                continue
            found = differences(ends)
            for difference in found:
                yield self._problem(ends, difference)
            if not found:
                yield self.passed(f"the consumer of {ends.queue} reads what is sent", location=ends.location)

    def _problem(self, ends: QueueEnds, difference: Difference) -> Finding:
        return self.problem(
            _message(ends, difference),
            confidence=Confidence.HIGH,
            location=difference.reads[0].location,
            resource=f"queues/{ends.queue}",
            evidence={
                "queue": ends.queue,
                "consumer": ends.consumer,
                "kind": _FORMS[difference.answer],
                "missing": list(difference.fields) if difference.answer is Answer.MISSING else [],
                "unread": list(unread_fields(ends)),
                "sent": list(sent_fields(ends)),
                "reads": [f"{read.location.path}:{read.location.line}" for read in difference.reads],
                "producers": [f"{send.location.path}:{send.location.line}" for send in ends.sends],
            },
            explains=("E2E002", "E2E003", "E2E004"),
        )


def _why_not(ends: QueueEnds) -> str | None:
    """Why the two ends of a queue cannot be compared, or None."""
    if ends.unknown is not None:
        return f"the messages of {ends.queue} cannot be compared: {ends.unknown}"
    if not ends.sends:
        return f"nothing that a handler reaches sends to {ends.queue}"
    if is_unsettled(ends):
        return f"what is sent to {ends.queue} cannot be told from the source"
    if not ends.reads:
        return f"what the consumer of {ends.queue} reads of a message cannot be told from the source"
    return None


def _message(ends: QueueEnds, difference: Difference) -> str:
    function = difference.reads[0].function
    match difference.answer:
        case Answer.TEXT:
            return f"{function} reads fields of a message of {ends.queue} that is sent as text"
        case Answer.OBJECT:
            return f"{function} parses a message of {ends.queue} as JSON text, and it is sent as an object"
        case _:
            sent = ", ".join(sent_fields(ends)) or "no fields"
            missing = ", ".join(difference.fields)
            return f"{function} reads {missing} of a message of {ends.queue}, which holds {sent}"

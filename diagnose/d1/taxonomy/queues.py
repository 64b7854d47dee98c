"""What a queue answers to producers, and the API to those who configure queues."""

from __future__ import annotations

from typing import Final

from diagnose.d1.errors import ErrorClass
from diagnose.d1.limits import LIMITS
from diagnose.d1.taxonomy.known import QUEUE_CODES, QUEUE_LIMITS, KnownError

_QUEUES: Final = LIMITS.queues

SENDING: Final = (
    KnownError(
        name="batch too large",
        kind=ErrorClass.PERMANENT,
        pattern=r"batch size of (?P<size>\d+) bytes exceeds limit|BatchSizeOutOfBounds",
        codes=(10205,),
        meaning=f"The messages of one sendBatch() have more than {_QUEUES.batch_bytes:,} bytes together.",
        remedy="cut the list by bytes and by number before sending",
        checks=("LIM006",),
        example="batch size of 291898 bytes exceeds limit of 256000 bytes (10205)",
        source=QUEUE_LIMITS,
    ),
    KnownError(
        name="too many messages in a batch",
        kind=ErrorClass.PERMANENT,
        pattern=r"batch message count of (?P<size>\d+) exceeds limit|BatchCountOutOfBounds",
        codes=(10206,),
        meaning=f"One sendBatch() has more than {_QUEUES.batch_messages} messages.",
        remedy=f"send slices of {_QUEUES.batch_messages}, cut by bytes as well",
        checks=("LIM006",),
        example="Queue sendBatch failed: batch message count of 101 exceeds limit of 100",
        source=QUEUE_LIMITS,
    ),
    KnownError(
        name="message too large",
        kind=ErrorClass.PERMANENT,
        pattern=r"message length of (?P<size>\d+) bytes exceeds limit"
        r"|message in batch has length \d+ bytes|MessageSizeOutOfBounds",
        codes=(10204,),
        meaning=f"One message has more than {_QUEUES.message_bytes:,} bytes.",
        remedy="cut the rows by bytes and send several messages; or keep the data in R2 and send its key",
        checks=("LIM005",),
        example="Queue send failed: message length of 243000 bytes exceeds limit of 128000",
        source=QUEUE_LIMITS,
    ),
    KnownError(
        name="empty batch",
        kind=ErrorClass.PERMANENT,
        pattern=r"sendBatch\(\) requires at least one message",
        meaning="sendBatch() received an empty list: often a day without new rows.",
        remedy="send only where there is something to send",
        example="TypeError: sendBatch() requires at least one message",
        source=QUEUE_LIMITS,
    ),
    KnownError(
        name="message that cannot be copied",
        kind=ErrorClass.PERMANENT,
        pattern=r"could not be cloned|DataCloneError|borrowed proxy was automatically destroyed"
        r"|cannot be sent over RPC|Message body cannot be undefined|Do not know how to serialize a BigInt"
        r"|Content Type \"\w+\" requires a value of type",
        meaning="The body is of a kind that the message's content type cannot carry: a Python object that "
        "was not converted, a function, a BigInt as JSON, or nothing at all.",
        remedy='send json.dumps(body) with contentType="text", or to_js(body, '
        "dict_converter=Object.fromEntries)",
        checks=("SRC005",),
        example="DataCloneError: ()=>1 could not be cloned.",
        source="https://developers.cloudflare.com/queues/configuration/javascript-apis/#queuescontenttype",
    ),
    KnownError(
        name="queue refused without a reason",
        kind=ErrorClass.UNKNOWN,
        pattern=r"Unknown Internal Error|Queue send(?:Batch)? failed: Internal Server Error",
        codes=(15000,),
        meaning="In local development this stands for every refusal since 2026-03-12: a message or batch "
        "that is too large, a delay out of range. In production it is trouble of the service.",
        remedy="check sizes first; in production, retry",
        checks=("LIM005", "LIM006"),
        example="Unknown Internal Error (15000)",
        source=QUEUE_CODES,
    ),
    KnownError(
        name="queue is overloaded",
        kind=ErrorClass.TRANSIENT,
        pattern=r"Queue is overloaded|QueueOverloaded|please back ?off",
        codes=(10250,),
        meaning="More messages per second went to one queue than it takes.",
        remedy="retry with growing pauses; put more rows into each message",
        checks=("LIM005",),
        example="Queue is overloaded. Please back off.",
        source=QUEUE_LIMITS,
    ),
    KnownError(
        name="queue is full, disabled or beyond its allowance",
        kind=ErrorClass.ACCOUNT,
        pattern=r"QueueStorageLimitExceeded|QueueDisabled|FreeTierLimitExceeded|Storage Limit Exceeded",
        codes=(10251, 10252, 10253),
        meaning="The queue takes no messages: its backlog is full, it is paused, or the plan's operations "
        "are used up.",
        remedy="look at its consumer and backlog; resume it in the dashboard",
        checks=("QUE003", "E2E003"),
        example="QueueStorageLimitExceeded (10251)",
        source=QUEUE_CODES,
    ),
)

CONFIGURING: Final = (
    KnownError(
        name="queue missing",
        kind=ErrorClass.ACCOUNT,
        pattern=r"Queue \"?(?P<queue>[\w-]+)\"? does not exist|QueueNotFound|queue not found",
        codes=(11000, 10104, 10107),
        meaning="The account has no queue of this name or id.",
        remedy="wrangler queues create NAME, with the same account that is deployed to",
        checks=("QUE002",),
        example='Queue "candles" does not exist. To create it, run: wrangler queues create candles',
        source=QUEUE_CODES,
    ),
    KnownError(
        name="queue handler missing",
        kind=ErrorClass.PERMANENT,
        pattern=r"queue handler is missing|Handler does not export a queue\(\) function",
        codes=(11001,),
        meaning="The worker that is to consume the queue has no queue handler (or it was uploaded a moment "
        "ago).",
        remedy="export async queue(batch, env); in Python: async def queue(self, batch) in the entrypoint "
        "class",
        checks=("DEP005", "SRC008"),
        example="Queue consumer cannot be attached: queue handler is missing [code: 11001]",
        source=QUEUE_CODES,
    ),
    KnownError(
        name="queue has a consumer already",
        kind=ErrorClass.ACCOUNT,
        pattern=r"consumer_exists|already has a consumer|consumer already exists",
        codes=(11004,),
        meaning="A queue has one consumer, and another worker is it.",
        remedy="remove it: wrangler queues consumer remove QUEUE WORKER",
        checks=("QUE003",),
        example="Queue candles already has a consumer [code: 11004]",
        source=QUEUE_CODES,
    ),
)

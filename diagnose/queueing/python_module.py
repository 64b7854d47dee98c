"""The module that a Python worker gets: it sends rows to a queue, and writes what the queue delivers."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Final

from diagnose.d1.limits import LIMITS
from diagnose.queueing.taxonomy import FIRST_DELAY, LONGEST_DELAY, TRANSIENT, TRANSIENT_SOURCE
from diagnose.rewriting.literals import WIDTH, adjacent, wrapped

if TYPE_CHECKING:
    from diagnose.queueing.naming import Names

_QUEUES: Final = LIMITS.queues
MESSAGE_BYTES: Final = _QUEUES.message_bytes - _QUEUES.metadata_bytes
"""Of a message's text: two of that size, metadata included, are what one `sendBatch` takes."""
TOGETHER: Final = _QUEUES.batch_bytes // _QUEUES.message_bytes
"""Full messages per `sendBatch`."""

_HEAD: Final = '''\
"""Rows of the table {table} on their way through a queue.

{told}
"""

import json
{imports}'''

_SQL: Final = """
SQL = (
    {sql}
)

# Errors of D1 that pass: {source}
TRANSIENT = (
    {transient},
)
"""

_SENDING: Final = '''

def message_parts(rows, limit={limit:_}):
    """Yield the rows as lists of JSON texts, each list short enough for one message.

    A queue takes {most:,} bytes per message, of which about {metadata} are its own:
    {source}
    Raises ValueError for a row that does not fit into a message of its own.
    """
    part, size = [], 2
    for row in rows:
        text = json.dumps(row, allow_nan=False, separators=(",", ":"))
        if len(text) + 2 > limit:
            raise ValueError(f"a row of {{len(text):,}} bytes does not fit into a queue message")
        if part and size + len(text) + 1 > limit:
            yield part
            part, size = [], 2
        part.append(text)
        size += len(text) + 1
    if part:
        yield part


async def {send}(env, rows):
    """Send the rows to the queue and return how many it has taken; they are written later."""
    parts = list(message_parts(rows))
    # A sendBatch takes {batch:,} bytes: {together} full messages.
    for start in range(0, len(parts), {together}):
        messages = [
            {{"body": "[" + ",".join(part) + "]", "contentType": "text"}}
            for part in parts[start : start + {together}]
        ]
        await env.{binding}.sendBatch({argument})
    return len(rows)
'''

_WRITING: Final = '''

async def {write}(batch, env):
    """Write the messages of a batch, each by itself; what is not written goes back to the queue.

    A message is acknowledged after its write only. When its retries are used up, the queue moves it to the
    dead-letter queue.
    """
    for message in batch.messages:
        try:
            await env.{database}.prepare(SQL).bind(message.body).run()
        except Exception as error:
            print(f"message {{message.id}} was not written at attempt {{message.attempts}}: {{error}}")
            message.retry(delaySeconds=seconds_until_retry(str(error), message.attempts))
        else:
            message.ack()


def seconds_until_retry(error, attempts):
    """Wait longer each time for D1 to recover; what D1 will never take need not wait."""
    if any(text in error for text in TRANSIENT):
        return min({first} * 2 ** (attempts - 1), {longest:_})
    return 0
'''


def python_module(names: Names, table: str, *, raw: bool, database: str | None, sql: str) -> str:
    """The text of the module.

    Args:
        names: of its functions, and of the binding.
        table: whose rows they are.
        raw: the runtime does not convert what `sendBatch` gets.
        database: the binding that the consumer writes through; None when another worker is the consumer.
        sql: what the consumer executes for each message.
    """
    consumes = database is not None
    text = _HEAD.format(
        table=table,
        told=textwrap.fill(_told(names, consumes=consumes), WIDTH),
        imports="\nfrom js import Object\nfrom pyodide.ffi import to_js\n" if raw else "",
    )
    if consumes:
        text += _SQL.format(
            sql=adjacent(wrapped(_escaped(sql), WIDTH - 8), "    "),
            source=TRANSIENT_SOURCE,
            transient=",\n    ".join(map(json.dumps, TRANSIENT)),
        )
    text += _SENDING.format(
        limit=MESSAGE_BYTES,
        most=_QUEUES.message_bytes,
        metadata=_QUEUES.metadata_bytes,
        source=_QUEUES.message_bytes.source,
        batch=_QUEUES.batch_bytes,
        together=TOGETHER,
        send=names.send,
        binding=names.binding,
        argument="to_js(messages, dict_converter=Object.fromEntries)" if raw else "messages",
    )
    if consumes:
        text += _WRITING.format(
            write=names.write, database=database, first=FIRST_DELAY, longest=LONGEST_DELAY
        )
    return text


def _told(names: Names, *, consumes: bool) -> str:
    """What becomes of the rows, in three sentences."""
    written = f"`{names.write}` writes" if consumes else f"The worker {names.consumer} writes"
    place = "SQL" if consumes else "that worker's SQL"
    return (
        f"`{names.send}` sends them in messages. {written} those that the queue delivers. A message is a "
        f"JSON text: a list of rows, each a list of values in the order of the columns in {place}."
    )


def _escaped(sql: str) -> str:
    """The statement as it stands between double quotes in Python."""
    return sql.replace("\\", "\\\\").replace('"', '\\"')

"""The functions that a repaired module cuts its queue messages with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1.limits import LIMITS
from diagnose.project.source.editing import Edit
from diagnose.rewriting.outcome import NotUnderstood

if TYPE_CHECKING:
    from diagnose.rewriting.outline import Place

_HEADROOM_PERCENT: Final = 5
"""Room for what stands beside the rows in a message, and for Queues' own bytes."""
_QUEUES: Final = LIMITS.queues
_MESSAGE: Final = int(_QUEUES.message_bytes - _QUEUES.metadata_bytes) * (100 - _HEADROOM_PERCENT) // 100
_BATCH: Final = int(_QUEUES.batch_bytes) * (100 - _HEADROOM_PERCENT) // 100


@dataclass(frozen=True, slots=True)
class Helper:
    """A function that a rewrite adds to the module."""

    name: str
    text: str

    def needed(self, place: Place) -> list[Edit]:
        """The edit that adds the function to a module without it, in front of the place's top statement.

        Raises:
            NotUnderstood: the module uses the name for something else.
        """
        if self.text in place.text.replace("\r\n", "\n"):
            return []
        if re.search(rf"\b{self.name}\b", place.text):
            raise NotUnderstood(f"the module uses the name `{self.name}` for something else")
        start = place.levels[0].statement.span.start
        lines = place.text[:start].splitlines(keepends=True)
        while lines and lines[-1].startswith("#"):
            start -= len(lines.pop())
        return [Edit(start, start, self.text + "\n\n")]


MESSAGE_PARTS: Final = Helper(
    "message_parts",
    f'''\
def message_parts(rows, limit={_MESSAGE:_}):
    """Yield the rows in lists that each fit into one queue message.

    Queues take {_QUEUES.message_bytes:,} bytes per message: {_QUEUES.message_bytes.source}
    """
    rows = list(rows)
    sizes = [len(json.dumps(json.dumps(row))) for row in rows]
    start = 0
    while start < len(rows):
        end, size = start + 1, sizes[start]
        while end < len(rows) and size + sizes[end] <= limit:
            size += sizes[end]
            end += 1
        yield rows[start:end]
        start = end
''',
)
"""A text within a text counts, so that a message may be sent as an object or as JSON text."""

MESSAGE_BATCHES: Final = Helper(
    "message_batches",
    f'''\
def message_batches(messages, most={int(_QUEUES.batch_messages)}, limit={_BATCH:_}):
    """Yield the messages in lists that each fit into one `sendBatch`.

    Queues take {int(_QUEUES.batch_messages)} messages and {_QUEUES.batch_bytes:,} bytes:
    {_QUEUES.batch_bytes.source}
    """
    messages = list(messages)
    sizes = [len(json.dumps(message, default=str)) for message in messages]
    start = 0
    while start < len(messages):
        end, size = start + 1, sizes[start]
        while end < len(messages) and size + sizes[end] <= limit:
            size += sizes[end]
            end += 1
        end = min(end, start + most)
        yield messages[start:end]
        start = end
''',
)

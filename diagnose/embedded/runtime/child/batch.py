"""What a `queue` handler receives: `MessageBatch` and its messages."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .isolate import current
from .json_text import parse
from .queue import option
from .values import Array, Bytes, Date, Value
from .wire import decode_bytes

if TYPE_CHECKING:
    from .channel import Frame


class MessageBatch(Value):
    """`batch`: decisions about all of its messages at once."""

    constructor = "MessageBatch"
    members = frozenset({"queue", "messages", "ackAll", "retryAll"})

    def __init__(self, queue: str, messages: list[Frame]) -> None:
        self.queue = queue
        self.messages = Array([Message(message) for message in messages])

    def ackAll(self, *_ignored: Any) -> None:  # noqa: N802 - JavaScript's name
        """Every message about which nothing was decided is done with."""
        _decide("ackAll")

    def retryAll(self, options: Any = None, *_ignored: Any) -> None:  # noqa: N802 - JavaScript's name
        """Every message about which nothing was decided comes again."""
        _decide("retryAll", delay=_delay(options))


class Message(Value):
    """One message of a batch."""

    constructor = "Message"
    members = frozenset({"id", "timestamp", "body", "attempts", "ack", "retry"})

    def __init__(self, message: Frame) -> None:
        self.id = message["id"]
        self.timestamp = Date(datetime.fromisoformat(message["timestamp"]).timestamp() * 1000)
        self.attempts = message["attempts"]
        self.body = _body(message["type"], decode_bytes(message["body"]))

    def ack(self, *_ignored: Any) -> None:
        """The message is done with."""
        _decide("ack", self.id)

    def retry(self, options: Any = None, *_ignored: Any) -> None:
        """The message comes again."""
        _decide("retry", self.id, _delay(options))


def _body(content_type: str, content: bytes) -> Any:
    """The JavaScript value; for `v8` the bytes are those of the JSON form, too. Raises JsError."""
    if content_type == "bytes":
        return Bytes(content)
    text = content.decode("utf-8", "surrogatepass")
    return text if content_type == "text" else parse(text)


def _decide(call: str, message: str | None = None, delay: int | None = None) -> None:
    """Told at once, so that it holds whatever happens to the handler afterwards."""
    isolate = current()
    frame = {"op": "decide", "call": call, "message": message, "delay": delay}
    isolate.channel.send({**frame, "at": isolate.here})


def _delay(options: Any) -> int | None:
    """Whole seconds, as the runtime reads them."""
    seconds = option(options, "delaySeconds")
    if seconds is None:
        return None
    if not isinstance(seconds, (int, float)):
        current().refuse("delaySeconds that is not a number")
    return int(seconds) if math.isfinite(seconds) else 0

"""What a `queue` handler decides about its batch, call by call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from diagnose.embedded.invocation import QueueAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.embedded.invocation import IncomingMessage

_WITHOUT_EFFECT = (
    "Received a call to {call}{about} after {first} was already called. "
    "Calling {call} {on}after calling {first} has no effect."
)


class Decisions:
    """Collects calls; the first one about a message, or about the batch, wins.

    https://developers.cloudflare.com/queues/configuration/batching-retries/#explicit-acknowledgement-and-retries

    Each method returns the warning that the runtime writes to the console when a call contradicts an earlier
    one, else None.
    """

    def __init__(self, messages: Iterable[IncomingMessage] = ()) -> None:
        self._known = frozenset(message.id for message in messages)
        self._acks: set[str] = set()
        self._retries: dict[str, float | None] = {}
        self._batch: Literal["ack", "retry"] | None = None
        self._batch_delay: float | None = None

    def knows(self, message: str) -> bool:
        """Whether the message is one of the batch."""
        return message in self._known

    def ack(self, message: str) -> str | None:
        """`message.ack()`."""
        if message in self._retries:
            return _message_warning("ack()", message, "retry()")
        if message in self._acks or self._batch == "ack":
            return None
        if self._batch == "retry":
            return _message_warning("ack()", message, "retryAll()")
        self._acks.add(message)
        return None

    def retry(self, message: str, delay: float | None) -> str | None:
        """`message.retry()`, after a delay in seconds."""
        if message in self._acks:
            return _message_warning("retry()", message, "ack()")
        if message in self._retries or self._batch == "retry":
            return None
        if self._batch == "ack":
            return _message_warning("retry()", message, "ackAll()")
        self._retries[message] = delay
        return None

    def ack_all(self) -> str | None:
        """`batch.ackAll()`."""
        if self._batch == "retry":
            return _batch_warning("ackAll()", "retryAll()")
        self._batch = "ack"
        return None

    def retry_all(self, delay: float | None) -> str | None:
        """`batch.retryAll()`, after a delay in seconds."""
        if self._batch == "ack":
            return _batch_warning("retryAll()", "ackAll()")
        if self._batch is None:
            self._batch, self._batch_delay = "retry", delay
        return None

    def answer(self) -> QueueAnswer:
        """Everything that was decided."""
        return QueueAnswer(
            acks=frozenset(self._acks),
            retries=dict(self._retries),
            batch=self._batch,
            batch_delay=self._batch_delay,
        )


def _message_warning(call: str, message: str, first: str) -> str:
    return _WITHOUT_EFFECT.format(call=call, about=f" on message {message}", first=first, on="on a message ")


def _batch_warning(call: str, first: str) -> str:
    return _WITHOUT_EFFECT.format(call=call, about="", first=first, on="")

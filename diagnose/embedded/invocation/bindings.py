"""What a worker may reach."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from diagnose.errors import DiagnoseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.d1.engine import Result, Statement


class BindingError(DiagnoseError):
    """What a binding other than D1 answers when it refuses, such as a message that is too large.

    Attributes:
        name: the JavaScript constructor of the error: `Error` or `TypeError`.
        message: its `message`, as the worker sees it.
    """

    def __init__(self, message: str, *, name: str = "Error") -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A response: to the trigger, or to an outbound fetch. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundRequest:
    """What a worker asks of the internet. Header names are lower case."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """One message as a producer serialises it; `body` is its bytes on the wire.

    For content type `v8` the bytes are those of the JSON form: close in size, not equal.
    """

    content_type: Literal["json", "text", "bytes", "v8"]
    body: bytes
    delay_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits in a queue.

    Attributes:
        messages: not acknowledged yet, those that are being delivered included.
        bytes: of their bodies.
        oldest_ms: when the oldest was sent, in milliseconds since the epoch; None when there is none.
    """

    messages: int = 0
    bytes: int = 0
    oldest_ms: int | None = None


class Bindings(Protocol):
    """Everything that a worker may reach. Whoever implements it enforces the plan's limits.

    The runtime calls one method at a time and has bound values checked (`D1_TYPE_ERROR`) before it calls.
    """

    async def d1_run(self, binding: str, statement: Statement) -> Result:
        """Perform `prepare().bind()` and one of run, all, first, raw. Raises D1Error."""
        ...

    async def d1_batch(self, binding: str, statements: tuple[Statement, ...]) -> tuple[Result, ...]:
        """Perform `batch()`. Raises D1Error."""
        ...

    async def d1_exec(self, binding: str, text: str) -> int:
        """Perform `exec()`; returns its count. Raises D1Error."""
        ...

    async def send(self, binding: str, messages: tuple[OutgoingMessage, ...], *, batch: bool) -> Backlog:
        """Perform `send()`, or `sendBatch()` when `batch`; what then waits in the queue.

        Raises BindingError.
        """
        ...

    async def fetch(self, request: OutboundRequest) -> HttpAnswer | None:
        """Answer an outbound request; None means that no answer is recorded (the invocation is refused).

        Raises BindingError, such as for too many subrequests.
        """
        ...

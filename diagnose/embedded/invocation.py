"""What an invocation of a worker is given, what it may reach, and what is known about it afterwards.

Every runtime (inline, workerd) speaks in these types; none of them does input or output.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from diagnose.errors import DiagnoseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.d1.engine import Result, Statement
    from diagnose.model import Json, Location

BindingKind: TypeAlias = Literal["d1", "queue", "var", "secret"]
D1Method: TypeAlias = Literal["bind", "run", "all", "first", "raw", "batch", "exec"]
EventKind: TypeAlias = Literal[
    "trigger", "fetch", "statement", "batch", "exec", "send", "log", "exception", "response"
]
Outcome: TypeAlias = Literal["ok", "exception", "exceededCpu", "exceededMemory", "killed", "refused"]
Sqlite: TypeAlias = "str | int | float | bytes | None"


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
class WorkerCode:
    """The uploaded worker.

    Attributes:
        main_module: a key of `modules`.
        modules: content by name as uploaded: relative to the folder of the main module, forward slashes;
            vendored packages stand under `python_modules/`.
        bindings: kind by name. `var` and `secret` take their value from `vars`; any other string is a
            binding that exists but that the inline runtime refuses by name when the worker touches it.
        vars: plain values and secrets.
        base: the folder of the main module relative to the project; it precedes module names (but not
            `python_modules/`) in locations and tracebacks.
        wrapped_env: whether the SDK converts values at bindings; None decides by the compatibility date.
    """

    main_module: str
    modules: Mapping[str, bytes]
    compatibility_date: str
    compatibility_flags: tuple[str, ...] = ()
    bindings: Mapping[str, BindingKind | str] = field(default_factory=dict)
    vars: Mapping[str, Json] = field(default_factory=dict)
    base: str = ""
    wrapped_env: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """One message as a consumer is given it.

    Attributes:
        id: 32 hexadecimal digits.
        timestamp: when it was sent, as `2026-01-01T00:00:00.000Z`.
        attempts: deliveries so far, this one included; 1 at first.
        body: its bytes on the wire, as in `OutgoingMessage`.
    """

    id: str
    timestamp: str
    attempts: int
    content_type: Literal["json", "text", "bytes", "v8"]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAnswer:
    """What a `queue` handler decided about its batch; what it left open, its outcome decides.

    https://developers.cloudflare.com/queues/configuration/batching-retries/: for each message the first of
    ack and retry wins, and a call on the message beats a call on the batch.

    Attributes:
        acks: ids of messages on which `ack()` came first.
        retries: seconds of delay (None: the consumer's default) by id, where `retry()` came first.
        batch: `ackAll()` or `retryAll()`, whichever came first, or None.
        batch_delay: seconds that `retryAll` asked for.
    """

    acks: frozenset[str] = frozenset()
    retries: Mapping[str, float | None] = field(default_factory=dict)
    batch: Literal["ack", "retry"] | None = None
    batch_delay: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """The event that is delivered to a handler.

    Attributes:
        path: for a fetch, with its query string; a whole URL is accepted as well.
        cron: for a scheduled event, the expression that fired.
        queue: for a batch of messages, the name of the queue that it comes from.
        messages: the batch.
    """

    kind: Literal["fetch", "scheduled", "queue"] = "fetch"
    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cron: str | None = None
    queue: str | None = None
    messages: tuple[IncomingMessage, ...] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the timeline. `at_ms` is milliseconds since the start of the invocation."""

    at_ms: float
    kind: EventKind
    text: str
    detail: Mapping[str, Json] = field(default_factory=dict)
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutedStatement:
    """One statement that reached D1, or that `bind()` refused.

    Attributes:
        params: as SQLite was given them; empty when `bind()` refused (then `error` is a D1_TYPE_ERROR).
        error: `Error.message` as the worker saw it, or None. In a failed batch every statement has it.
        changes: rows changed, including by triggers; 0 on error.
        location: the line of the worker's own source that issued the call.
        batch: number of the batch() call within the invocation, from 0, or None.
    """

    binding: str
    method: D1Method
    sql: str
    params: tuple[Sqlite, ...] = ()
    error: str | None = None
    changes: int = 0
    location: Location | None = None
    batch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """One message handed to a producer binding; `body_json` is None for bytes."""

    binding: str
    content_type: str
    body_json: str | None
    size: int
    error: str | None = None
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundFetch:
    """One outbound request; `status` is None when it was not answered."""

    url: str
    method: str
    status: int | None
    answered: bool
    body: bytes = b""
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerException:
    """What escaped from the handler; `location` is the innermost line of the worker's own source."""

    name: str
    message: str
    traceback: str
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """Everything that is known about one invocation.

    Text is free of control characters, except bound values and bodies, which are compared as they are.

    Attributes:
        outcome: `ok` even when the answer's status is an error; `refused` when the runtime cannot imitate
            what the worker asked for, or an outbound request has no recorded answer.
        answer: what fetch returned, or None.
        queue_answer: what a queue handler decided, also when it raised afterwards; None for other events.
        refused: with outcome `refused`, the reason by name.
        reason: with `killed`, `exceededCpu` and `exceededMemory`, what happened, in one sentence.
        missing_answers: URLs that were fetched without a recorded answer.
        truncated: logs or bodies were cut at their limit.
        runtime: such as `inline (CPython 3.13.0)`.
        sandboxed: whether the kernel sandbox was in force.
        duration_ms: wall clock.
    """

    outcome: Outcome
    answer: HttpAnswer | None = None
    queue_answer: QueueAnswer | None = None
    events: tuple[Event, ...] = ()
    statements: tuple[ExecutedStatement, ...] = ()
    messages: tuple[SentMessage, ...] = ()
    fetches: tuple[OutboundFetch, ...] = ()
    exception: WorkerException | None = None
    logs: tuple[str, ...] = ()
    refused: str | None = None
    reason: str | None = None
    missing_answers: tuple[str, ...] = ()
    truncated: bool = False
    runtime: str = ""
    sandboxed: bool = True
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeLimits:
    """Bounds of one invocation in the inline runtime. They protect this machine and imitate an isolate.

    Attributes:
        wall_seconds: real time.
        sleep_seconds: what the worker may sleep; that is fast-forwarded and costs no time.
        cpu_seconds: processor time; rounded up to a whole second by the kernel.
        memory_bytes: what the worker may allocate beyond the interpreter's own start.
        log_bytes: of stdout, stderr and console together that are kept.
        growth_bytes: by which a database may grow; a write beyond it fails as on a full disk.
        frame_bytes: of one message between the worker and the parent.
        total_bytes: of all messages from the worker.
    """

    wall_seconds: float = 15.0
    sleep_seconds: float = 900.0
    cpu_seconds: int = 5
    memory_bytes: int = 128 * 1024 * 1024
    log_bytes: int = 256 * 1024
    growth_bytes: int = 64 * 1024 * 1024
    frame_bytes: int = 64 * 1024 * 1024
    total_bytes: int = 512 * 1024 * 1024


DEFAULT_RUNTIME_LIMITS = RuntimeLimits()


class Runtime(Protocol):
    """Executes a worker's handlers."""

    async def invoke(
        self,
        worker: WorkerCode,
        trigger: Trigger,
        bindings: Bindings,
        *,
        limits: RuntimeLimits = DEFAULT_RUNTIME_LIMITS,
    ) -> Invocation:
        """Deliver one event. Never raises for what the worker does.

        Raises:
            SandboxError: untrusted code cannot be executed safely here.
        """
        ...

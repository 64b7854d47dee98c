"""What is known about an invocation afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.embedded.invocation.bindings import HttpAnswer
    from diagnose.embedded.invocation.trigger import QueueAnswer
    from diagnose.model import Json, Location

D1Method: TypeAlias = Literal["bind", "run", "all", "first", "raw", "batch", "exec"]
EventKind: TypeAlias = Literal[
    "trigger", "fetch", "statement", "batch", "exec", "send", "log", "exception", "response"
]
Outcome: TypeAlias = Literal["ok", "exception", "exceededCpu", "exceededMemory", "killed", "refused"]
Sqlite: TypeAlias = "str | int | float | bytes | None"


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

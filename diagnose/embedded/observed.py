"""What executed workers did, kept for telemetry and handed to whoever watches.

Whoever executes a worker calls `Observed.record`; tails subscribe, the telemetry endpoints read.
"""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diagnose.model import Json

LogLevel: TypeAlias = Literal["debug", "info", "log", "warn", "error"]
ObservedKind: TypeAlias = Literal["fetch", "scheduled", "queue"]

_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedLog:
    """One line that a worker wrote. `timestamp` is milliseconds since the epoch."""

    timestamp: int
    message: tuple[Json, ...]
    level: LogLevel = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedException:
    """What escaped from a handler. `timestamp` is milliseconds since the epoch."""

    timestamp: int
    name: str
    message: str
    stack: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedInvocation:
    """One invocation of a deployed worker, as a tail shows it.

    Attributes:
        timestamp: when it began, in milliseconds since the epoch.
        event: what triggered it, as the key `event` of a tail's frame has it.
        outcome: `ok`, `canceled`, `exception`, `exceededCpu`, `exceededMemory` or `unknown`.
        cpu_ms: processor time in milliseconds.
        wall_ms: real time in milliseconds.
        truncated: lines of the log were left out.
    """

    script: str
    version_id: str
    kind: ObservedKind
    timestamp: int
    event: Mapping[str, Json]
    outcome: str = "ok"
    cpu_ms: float = 0.0
    wall_ms: float = 0.0
    logs: tuple[ObservedLog, ...] = ()
    exceptions: tuple[ObservedException, ...] = ()
    truncated: bool = False
    request_id: str = field(default_factory=lambda: secrets.token_hex(8))

    def frame(self) -> dict[str, Json]:
        """The JSON object that a tail sends for it."""
        return {
            "outcome": self.outcome,
            "scriptName": self.script,
            "entrypoint": None,
            "scriptVersion": {"id": self.version_id},
            "executionModel": "stateless",
            "truncated": self.truncated,
            "cpuTime": round(self.cpu_ms),
            "wallTime": round(self.wall_ms),
            "eventTimestamp": self.timestamp,
            "diagnosticsChannelEvents": [],
            "logs": [
                {"message": list(log.message), "level": log.level, "timestamp": log.timestamp}
                for log in self.logs
            ],
            "exceptions": [
                {"name": e.name, "message": e.message, "stack": e.stack, "timestamp": e.timestamp}
                for e in self.exceptions
            ],
            "event": dict(self.event),
        }


class Observed:
    """The newest invocations of an account, oldest first; the rest is forgotten. In memory only."""

    def __init__(self, *, kept: int = _KEPT) -> None:
        self._invocations: deque[ObservedInvocation] = deque(maxlen=kept)
        self._watchers: list[Callable[[ObservedInvocation], None]] = []

    @property
    def invocations(self) -> tuple[ObservedInvocation, ...]:
        """What is kept, oldest first."""
        return tuple(self._invocations)

    def record(self, invocation: ObservedInvocation) -> None:
        """Keep it, and tell everybody who watches."""
        self._invocations.append(invocation)
        for watcher in tuple(self._watchers):
            watcher(invocation)

    def watch(self, watcher: Callable[[ObservedInvocation], None]) -> Callable[[], None]:
        """Call `watcher` at once for each invocation to come; what is returned ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

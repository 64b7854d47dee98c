"""`env`, `ctx`, and the events that handlers receive."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from .d1 import D1Database
from .isolate import current
from .json_text import from_json
from .promises import Promise, settle
from .queue import WorkerQueue
from .values import MISSING, PlainObject, PyProxy, Value
from .web import Request
from .wire import decode_bytes

if TYPE_CHECKING:
    from .channel import Frame

_HOST = "https://worker.invalid"


class Environment(PlainObject):
    """`env`: touching a binding that is not imitated ends the invocation."""

    def get(self, name: str) -> Any:
        """A binding, a variable, or MISSING."""
        binding = current().environment.get(name)
        if binding is not None and name not in self.properties:
            self.properties[name] = _binding(name, binding)
        return super().get(name) if name in self.properties or name == "constructor" else MISSING


def _binding(name: str, described: Frame) -> Any:
    kind = described["kind"]
    if kind == "d1":
        return D1Database(name)
    if kind == "queue":
        return WorkerQueue(name)
    if kind == "secret" and described["value"] is None:
        current().refuse(f"env.{name} (a secret whose value is not known here)")
    if kind not in {"var", "secret"}:
        current().refuse(f"env.{name} (a {kind} binding)")
    return from_json(described["value"])


def environment() -> Environment:
    """`env` on the JavaScript side."""
    return Environment()


_pending: list[asyncio.Future[Any]] = []


def wait_until(promised: Any = None) -> None:
    """Keep the invocation alive until the promise, coroutine or task ends."""
    if isinstance(promised, Promise) or (
        isinstance(promised, PyProxy) and hasattr(promised.target, "__await__")
    ):
        _pending.append(asyncio.ensure_future(settle(promised)))


async def settle_pending() -> None:
    """Wait for everything that was given to `waitUntil`, including what that adds."""
    while _pending:
        await _pending.pop(0)


class ExecutionContext(Value):
    """`ctx`."""

    constructor = "ExecutionContext"
    members = frozenset({"waitUntil", "passThroughOnException", "props"})
    props = PlainObject({})

    def waitUntil(self, promised: Any = None) -> None:  # noqa: N802 - JavaScript's name
        """Keep the invocation alive."""
        wait_until(promised)

    def passThroughOnException(self) -> None:  # noqa: N802 - JavaScript's name
        """There is no origin behind this Worker."""


class ScheduledController(Value):
    """What `scheduled` receives."""

    constructor = "ScheduledController"
    members = frozenset({"cron", "scheduledTime", "type", "noRetry"})
    type = "scheduled"

    def __init__(self, cron: str) -> None:
        self.cron = cron
        self.scheduledTime = float(int(time.time() * 1000))

    def noRetry(self) -> None:  # noqa: N802 - JavaScript's name
        """Nothing is retried here."""


def incoming_request(trigger: Frame) -> Request:
    """The request of a fetch event."""
    path = trigger["path"]
    address = path if "://" in path else f"{_HOST}/{path.removeprefix('/')}"
    request = Request(address, from_json({"method": trigger["method"], "headers": trigger["headers"]}))
    if trigger["body"] is not None:
        request.content = decode_bytes(trigger["body"])
    return request

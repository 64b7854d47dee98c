"""Trouble on request: what a real account answers on a bad day, or does not answer.

A test, or `diagnose serve --fault`, says which requests meet which trouble. Chance comes from a seed, so that
a run can be repeated.
"""

from __future__ import annotations

import asyncio
import math
import random
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from starlette.responses import HTMLResponse, PlainTextResponse

from diagnose.embedded.app.envelope import failure
from diagnose.embedded.refusal import RefusalError, too_many_requests
from diagnose.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_GATEWAY_TIMEOUT: Final = (
    "<!DOCTYPE html>\n<html><head><title>504 Gateway Time-out</title></head>"
    "<body><h1>Gateway time-out</h1></body></html>\n"
)


class FaultKind(StrEnum):
    """What a request meets.

    429: too many requests, with `Retry-After`. 500: D1's internal error. 503: a plain text. html504: a page
    of the network in front of the API. 7403: not authorized, as D1 says it. drop-before: the connection ends
    and nothing was done. drop-after: it was done, and the answer is lost. slow: answered late.
    """

    RATE_LIMITED = "429"
    INTERNAL_ERROR = "500"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "html504"
    NOT_AUTHORIZED = "7403"
    DROP_BEFORE = "drop-before"
    DROP_AFTER = "drop-after"
    SLOW = "slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of trouble, and which requests meet it.

    Attributes:
        path: a regular expression that is found in the path after the host; "" is found in every path.
        method: of HTTP, or None for any.
        times: how many requests meet it, then it is over; None for no end.
        probability: that a request meets it, from 0 to 1.
        retry_after: seconds that a 429 or 503 asks to wait; without, a 429 asks for 1, a 503 for none.
        seconds: how late a slow answer comes.
    """

    kind: FaultKind
    path: str = ""
    method: str | None = None
    times: int | None = None
    probability: float = 1.0
    retry_after: float | None = None
    seconds: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """A fault written as `KIND[:PATH][:TIMES]`. Raises UsageError."""
        kind, _, rest = text.partition(":")
        path, _, times = rest.rpartition(":")
        if not times.isdecimal():
            path, times = rest, ""
        try:
            re.compile(path)
            fault = cls(kind=FaultKind(kind), path=path, times=int(times) if times else None)
        except (ValueError, re.error):
            raise _no_fault(text) from None
        if fault.times == 0:
            raise _no_fault(text)
        return fault

    def concerns(self, method: str, path: str) -> bool:
        """Whether a request is one of those that may meet it."""
        return self.method in {None, method} and re.search(self.path, path) is not None


def _no_fault(text: str) -> UsageError:
    kinds = ", ".join(FaultKind)
    return UsageError(
        f"{text!r} is no fault", hint=f"KIND[:PATH][:TIMES], with a KIND of {kinds} and TIMES from 1"
    )


class ConnectionDroppedError(Exception):
    """The answer to a request is lost; a server that sees it closes the connection."""


class Faults:
    """Which trouble there is now. It may be changed between any two requests.

    Args:
        faults: in the order in which they are tried; a request meets the first that strikes.
        seed: of chance.
        sleep: waits some seconds, for slow answers.

    Attributes:
        struck: (kind, method, path) of every fault that a request met, in order.
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        seed: int = 0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.sleep = sleep
        self.struck: list[tuple[FaultKind, str, str]] = []
        self.replace(*faults)

    def add(self, fault: Fault) -> None:
        """One more, tried after those that there are."""
        self._faults.append(fault)
        self._left.append(fault.times)

    def replace(self, *faults: Fault) -> None:
        """These from now on; without any, all is well."""
        self._faults: list[Fault] = []
        self._left: list[int | None] = []
        for fault in faults:
            self.add(fault)

    def draw(self, method: str, path: str) -> Fault | None:
        """The trouble that a request meets, if any; one time less of it is left."""
        for number, fault in enumerate(self._faults):
            left = self._left[number]
            if left == 0 or not fault.concerns(method, path):
                continue
            if fault.probability < 1 and self._random.random() >= fault.probability:
                continue
            if left is not None:
                self._left[number] = left - 1
            self.struck.append((fault.kind, method, path))
            return fault
        return None


class FaultInjector:
    """ASGI middleware that lets requests meet the trouble that there is."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, or as the fault has it.

        Raises:
            ConnectionDroppedError: the answer is lost.
        """
        fault = self._faults.draw(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        match fault.kind:
            case FaultKind.DROP_BEFORE:
                await _drop(send)
            case FaultKind.DROP_AFTER:
                await self._app(scope, receive, _lose)
                await _drop(send)
            case FaultKind.SLOW:
                await self._faults.sleep(fault.seconds)
                await self._app(scope, receive, send)
            case _:
                await _answer(fault)(scope, receive, send)


async def _drop(send: Send) -> None:
    """End the connection amid an answer: a server closes it then, instead of answering with a 500."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    raise ConnectionDroppedError("the connection was dropped, as a fault asked for")


async def _lose(_message: Message) -> None:
    """The answer goes nowhere."""


def _answer(fault: Fault) -> Response:
    response = _refusal(fault.kind)
    seconds = fault.retry_after
    if seconds is None and fault.kind is FaultKind.RATE_LIMITED:
        seconds = 1
    if seconds is not None:
        response.headers["Retry-After"] = str(math.ceil(seconds))
    return response


def _refusal(kind: FaultKind) -> Response:
    match kind:
        case FaultKind.GATEWAY_TIMEOUT:
            return HTMLResponse(_GATEWAY_TIMEOUT, status_code=504)
        case FaultKind.UNAVAILABLE:
            return PlainTextResponse("upstream connect error", status_code=503)
        case FaultKind.NOT_AUTHORIZED:
            message = "The given account is not valid or is not authorized to access this service"
            return failure(RefusalError(403, 7403, message, result=[]))
        case FaultKind.RATE_LIMITED:
            return failure(too_many_requests())
        case _:
            return failure(RefusalError(500, 7500, "internal error; reference = injected", result=[]))

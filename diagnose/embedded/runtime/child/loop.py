"""An event loop without input or output: sleeps are fast-forwarded, a hung worker is noticed at once."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .isolate import Isolate


class HungError(BaseException):
    """Nothing can ever wake the handler again."""


class SleptTooLongError(BaseException):
    """Sleeps together exceed the wall-clock limit of the invocation."""


class _Idle:
    """Stands where a selector would: waiting means moving the clock."""

    def __init__(self, isolate: Isolate, seconds: float) -> None:
        self._isolate = isolate
        self._seconds = seconds

    def select(self, timeout: float | None) -> list[Any]:
        """Nothing ever arrives from outside."""
        if timeout is None:
            raise HungError
        if timeout > 0:
            self._isolate.slept += timeout
            if self._isolate.slept > self._seconds:
                raise SleptTooLongError
        return []


class Loop(asyncio.BaseEventLoop):
    """`asyncio` for a Worker. Binding calls block, so only timers and callbacks remain."""

    def __init__(self, isolate: Isolate, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self._isolate = isolate
        self._monotonic = time.monotonic
        self._selector = _Idle(isolate, seconds)

    def time(self) -> float:
        """Real time plus what was fast-forwarded."""
        return self._monotonic() + self._isolate.slept

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nothing blocks, so nothing needs waking."""


def install_clock(isolate: Isolate, limit: float) -> None:
    """Let `time` agree with the loop: sleeping moves the clock, and nothing waits."""
    real_time, real_monotonic, real_performance = time.time, time.monotonic, time.perf_counter

    def sleep(seconds: float, /) -> None:
        isolate.slept += max(0.0, seconds)
        if isolate.slept > limit:
            raise SleptTooLongError

    time.time = lambda: real_time() + isolate.slept
    time.monotonic = lambda: real_monotonic() + isolate.slept
    time.perf_counter = lambda: real_performance() + isolate.slept
    time.sleep = sleep  # type: ignore[assignment]

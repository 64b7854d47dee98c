"""Executes the deployed workers of an account in real time, and tells everybody who watches."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from diagnose.embedded.invocation import BindingError
from diagnose.embedded.live.delivering import Deliveries
from diagnose.embedded.live.firing import Crons
from diagnose.embedded.live.lanes import Lanes, NotExecutableError
from diagnose.embedded.live.telling import told
from diagnose.embedded.queues.delivery import Invoker
from diagnose.embedded.responses import answer_of, nothing_recorded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.invocation import (
        HttpAnswer,
        Invocation,
        OutboundRequest,
        Runtime,
        RuntimeLimits,
        Trigger,
    )
    from diagnose.embedded.responses import Responses
    from diagnose.embedded.state import VersionState

    Report: TypeAlias = Callable[[str], None]

PYTHON: Final = ".py"
"""The suffix of main modules that can be executed here."""


def _silent(_line: str) -> None:
    """Nobody wants to know."""


class Live:
    """Executes workers: by `fetch`, and as long as it is entered, by queues and cron triggers.

    A worker is given one event at a time; what arrives meanwhile waits, up to a bound. Whatever a worker does
    ends its own invocation only. Use it in the event loop of the account's app.
    """

    def __init__(
        self,
        account: EmbeddedAccount,
        runtime: Runtime,
        *,
        responses: Responses = nothing_recorded,
        report: Report = _silent,
        limits: RuntimeLimits | None = None,
    ) -> None:
        """Prepare; nothing is executed yet.

        Args:
            account: whose deployed workers are executed.
            runtime: executes them.
            responses: answers what they fetch; a request without an answer fails in the worker.
            report: is told, in one line each, what cannot be executed and why.
            limits: of each invocation.
        """
        self.account = account
        self.report = report
        self._invoker = Invoker(account=account, runtime=runtime, responses=_strict(responses), limits=limits)
        self._lanes = Lanes()
        self._tasks: list[asyncio.Task[None]] = []
        self.deliveries = Deliveries(self, self._invoker)
        self.crons = Crons(self)

    async def __aenter__(self) -> Self:
        self.account.on_enqueued = self.deliveries.wake
        self._tasks = [
            asyncio.create_task(self.deliveries.run()),
            asyncio.create_task(self.crons.run()),
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop: messages that are being delivered go back into their queues."""
        self.account.on_enqueued = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self) -> None:
        """Look at queues now: something about the account was changed."""
        self.deliveries.wake()

    async def execute(self, script: str, trigger: Trigger) -> Invocation:
        """Give a worker one event, after those that wait already.

        Raises:
            RefusalError: 10007 the worker does not exist, or nothing of it is deployed.
            NotExecutableError: it is not Python.
            BusyError: too many events wait for it.
            SandboxError: untrusted code cannot be executed safely here.
        """
        self.executable_version(script)
        async with self.lane(script):
            version = self.executable_version(script)
            began = self.account.clock.now_ms()
            invocation = await self._invoker.invoke(script, trigger)
        self.record(script, version, trigger, invocation, began_ms=began)
        return invocation

    def executable_version(self, script: str) -> VersionState | None:
        """The version that answers, or None where nothing does. Raises NotExecutableError."""
        found = self.account.scripts.get(script)
        version = found.active if found else None
        if version is not None and not version.main_module.endswith(PYTHON):
            raise NotExecutableError(
                f"{script} ({version.main_module}) is not Python, and only Python workers are executed here"
            )
        return version

    def lane(self, script: str) -> AbstractAsyncContextManager[None]:
        """One event at a time for a worker. Raises BusyError."""
        return self._lanes.enter(script)

    def record(
        self,
        script: str,
        version: VersionState | None,
        trigger: Trigger,
        invocation: Invocation,
        *,
        began_ms: int,
    ) -> None:
        """Tell tails and telemetry of an invocation."""
        version_id = version.id if version else ""
        self.account.observed.record(told(script, version_id, trigger, invocation, began_ms=began_ms))


def _strict(responses: Responses) -> Callable[[OutboundRequest], Awaitable[HttpAnswer]]:
    """Let a request without an answer fail in the worker, where a rehearsal would be refused."""

    async def answer(request: OutboundRequest) -> HttpAnswer:
        found = await answer_of(responses, request)
        if found is None:
            raise BindingError(
                f"fetch failed: no answer is recorded for {request.method} {request.url},"
                " and nothing is sent to the internet from here",
                name="TypeError",
            )
        return found

    return answer

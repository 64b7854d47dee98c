"""The inline runtime: a Python worker's handlers in a sandboxed CPython."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from diagnose.embedded.invocation import DEFAULT_RUNTIME_LIMITS
from diagnose.embedded.runtime import interpreter, process
from diagnose.embedded.runtime.child import sandbox
from diagnose.embedded.runtime.codec import MalformedFrameError, encode_bytes
from diagnose.embedded.runtime.frames import FrameReader, location_of, pack, text_of
from diagnose.embedded.runtime.recorder import Recorder
from diagnose.embedded.runtime.serving import Service, UnansweredFetchError
from diagnose.errors import SandboxError

if TYPE_CHECKING:
    from diagnose.embedded.invocation import (
        Bindings,
        IncomingMessage,
        Invocation,
        Outcome,
        RuntimeLimits,
        Trigger,
        WorkerCode,
    )
    from diagnose.embedded.runtime.frames import Frame

_VENDORED = "python_modules/"
_HUNG = (
    "The Workers runtime canceled this request because it detected that your Worker's code had hung "
    "and would never generate a response."
)
_ALLOW = "allow it with --allow-worker-code, or run where Landlock and seccomp are available"


def sandbox_available() -> str | None:
    """Why worker code cannot be confined on this machine, or None when it can."""
    return sandbox.unavailable()


@dataclass(frozen=True, slots=True)
class _End:
    """How an invocation ended, and why if that needs words."""

    outcome: Outcome
    reason: str | None = None
    refused: str | None = None


class InlineRuntime:
    """Executes each invocation in a process of its own.

    With `allow_unsandboxed`, code also runs where the kernel offers no sandbox: under resource limits only.
    """

    def __init__(self, *, allow_unsandboxed: bool = False) -> None:
        self._allow_unsandboxed = allow_unsandboxed

    async def invoke(
        self,
        worker: WorkerCode,
        trigger: Trigger,
        bindings: Bindings,
        *,
        limits: RuntimeLimits = DEFAULT_RUNTIME_LIMITS,
    ) -> Invocation:
        """Deliver one event.

        Raises:
            SandboxError: there is no sandbox on this machine, and running without one was not allowed.
        """
        missing = sandbox_available()
        if missing is not None and not self._allow_unsandboxed:
            raise SandboxError(f"worker code was not executed: {missing}", hint=_ALLOW)
        python = await asyncio.to_thread(interpreter.newest)
        recorder = Recorder(limits.log_bytes, trigger)
        run = _Run(worker, trigger, bindings, limits, recorder)
        async with process.start(
            python.executable, limits=limits, sandbox=missing is None, on_output=recorder.log
        ) as child:
            end = await run.until_end(child)
        return recorder.finish(
            end.outcome,
            runtime=f"inline (CPython {python.version})",
            sandboxed=missing is None,
            reason=end.reason,
            refused=end.refused,
        )


class _Run:
    """The conversation with one child."""

    def __init__(
        self,
        worker: WorkerCode,
        trigger: Trigger,
        bindings: Bindings,
        limits: RuntimeLimits,
        recorder: Recorder,
    ) -> None:
        self._worker = worker
        self._trigger = trigger
        self._limits = limits
        self._recorder = recorder
        self._files = _files(worker)
        self._service = Service(worker, bindings, recorder, self._files)
        self._out_of_memory = False

    async def until_end(self, child: process.WorkerProcess) -> _End:
        """Serve the child until it says that it is done, breaks off, or runs out of something."""
        started = time.monotonic()
        frames = FrameReader(child.reader, self._limits)
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                await self._begin(child, frames)
                while (frame := await frames.read()) is not None:
                    end = await self._handle(child, frame)
                    if end is not None:
                        return end
                return self._broken_off(await child.ended(), time.monotonic() - started)
        except TimeoutError:
            return _End("killed", f"it did not end within {self._limits.wall_seconds:g} s")
        except MalformedFrameError as error:
            return _End("killed", f"it wrote to the runtime's own connection: {error}")
        except ConnectionError:
            return self._broken_off(await child.ended(), time.monotonic() - started)
        except UnansweredFetchError as error:
            return _End("refused", refused=f"no recorded answer for {error}")

    async def _begin(self, child: process.WorkerProcess, frames: FrameReader) -> None:
        ready = await frames.read()
        if ready is None:
            raise SandboxError(f"the worker's process did not start (exit code {await child.ended()})")
        if ready["op"] != "ready" or ready.get("refused") is not None:
            reason = ready.get("refused", "the worker's process answered something else")
            raise SandboxError(f"worker code was not executed: {reason}", hint=_ALLOW)
        await child.write(pack(self._setup()))
        self._recorder.begin(_describe(self._trigger))

    async def _handle(self, child: process.WorkerProcess, frame: Frame) -> _End | None:
        match frame["op"]:
            case "done":
                return self._done()
            case "refused":
                location = location_of(frame, self._files)
                where = f" ({location})" if location else ""
                return _End("refused", refused=f"{text_of(frame, 'reason')}{where}")
            case "expired":
                return _End(
                    "killed", f"its sleeps take longer than {self._limits.sleep_seconds:g} s together"
                )
            case "hung":
                self._recorder.exception("Error", _HUNG, "", None)
                return None
        self._out_of_memory |= frame["op"] == "exception" and frame.get("memory") is True
        reply = await self._service.serve(frame)
        if reply is not None:
            await child.write(pack(reply))
        return None

    def _done(self) -> _End:
        if self._out_of_memory:
            return _End("exceededMemory", f"it allocated more than {self._limits.memory_bytes} bytes")
        return _End("exception" if self._recorder.has_exception else "ok")

    def _broken_off(self, code: int, seconds: float) -> _End:
        cpu = code == -signal.SIGXCPU or (code == -signal.SIGKILL and seconds >= self._limits.cpu_seconds)
        if cpu:
            return _End("exceededCpu", f"it used more than {self._limits.cpu_seconds} s of processor time")
        if code < 0:
            return _End("killed", f"its process was ended by signal {signal.Signals(-code).name}")
        return _End("killed", f"its process ended itself with code {code}")

    def _setup(self) -> Frame:
        worker, trigger = self._worker, self._trigger
        return {
            "op": "setup",
            "main_module": worker.main_module,
            "modules": {name: encode_bytes(content) for name, content in worker.modules.items()},
            "base": worker.base,
            "compatibility_date": worker.compatibility_date,
            "compatibility_flags": list(worker.compatibility_flags),
            "wrapped_env": worker.wrapped_env,
            "log_bytes": self._limits.log_bytes,
            "bindings": {
                name: {"kind": kind, "value": worker.vars.get(name)} for name, kind in worker.bindings.items()
            },
            "trigger": {
                "kind": trigger.kind,
                "method": trigger.method,
                "path": trigger.path,
                "headers": dict(trigger.headers),
                "body": None if trigger.body is None else encode_bytes(trigger.body),
                "cron": trigger.cron,
                "queue": trigger.queue,
                "messages": [_described(message) for message in trigger.messages],
            },
        }


def _files(worker: WorkerCode) -> frozenset[str]:
    """The names under which the child compiles the modules."""
    base = worker.base.strip("/")
    prefix = f"{base}/" if base else ""
    return frozenset(name if name.startswith(_VENDORED) else prefix + name for name in worker.modules)


def _described(message: IncomingMessage) -> Frame:
    return {
        "id": message.id,
        "timestamp": message.timestamp,
        "attempts": message.attempts,
        "type": message.content_type,
        "body": encode_bytes(message.body),
    }


def _describe(trigger: Trigger) -> str:
    match trigger.kind:
        case "fetch":
            return f"{trigger.method} {trigger.path}"
        case "scheduled":
            return f"scheduled {trigger.cron or ''}".strip()
        case "queue":
            count = len(trigger.messages)
            return f"queue {trigger.queue}: {count} message{'' if count == 1 else 's'}"
        case _:
            assert_never(trigger.kind)

"""What executes a worker, and within which bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from diagnose.d1.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.embedded.invocation.bindings import Bindings
    from diagnose.embedded.invocation.outcome import Invocation
    from diagnose.embedded.invocation.trigger import Trigger
    from diagnose.model import Json

BindingKind: TypeAlias = Literal["d1", "queue", "var", "secret"]


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
class RuntimeLimits:
    """Bounds of one invocation in the inline runtime. They protect this machine and imitate an isolate.

    Attributes:
        wall_seconds: real time.
        sleep_seconds: what the worker may sleep in all; that is fast-forwarded and costs no time.
        cpu_seconds: processor time; rounded up to a whole second by the kernel.
        memory_bytes: what the worker may allocate beyond the interpreter's own start.
        log_bytes: of stdout, stderr and console together that are kept.
        growth_bytes: by which a database may grow; a write beyond it fails as on a full disk.
        frame_bytes: of one message between the worker and the parent.
        total_bytes: of all messages from the worker.
    """

    wall_seconds: float = 15.0
    sleep_seconds: float = float(LIMITS.workers.background_seconds)
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

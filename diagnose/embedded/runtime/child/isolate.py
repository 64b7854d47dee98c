"""The one isolate of this process: what its JavaScript side and its Python side share."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from .channel import Channel, Frame

_SDK_OUTSIDE_SINCE = "2026-04-21"
_PYODIDE_0_28_SINCE = "2025-09-29"
_PYODIDE_314_SINCE = "2026-09-08"
"""In workerd 1.20261117.1: src/workerd/io/compatibility-date.capnp of https://github.com/cloudflare/workerd."""
_NO_GLOBAL_HANDLERS_SINCE = "2025-08-14"
_GLOBAL_SCOPE = (
    "Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), setting a "
    "timeout, and generating random values are not allowed within global scope. To fix this error, perform "
    "this operation within a handler."
)


@dataclass
class Isolate:
    """Set up once, before any code of the user runs.

    Attributes:
        files: the file names that stand in tracebacks for the user's modules.
        in_handler: False while modules are imported, when input and output are refused.
        slept: seconds by which sleeps were fast-forwarded.
    """

    channel: Channel
    date: str = "9999-12-31"
    flags: frozenset[str] = frozenset()
    wrapped_override: bool | None = None
    files: frozenset[str] = frozenset()
    in_handler: bool = False
    slept: float = 0.0
    log_bytes: int = 0
    environment: dict[str, dict[str, Any]] = field(default_factory=dict)

    def configure(self, setup: Frame) -> None:
        """Take what the parent sent: date, flags, bindings and limits."""
        self.date = setup["compatibility_date"]
        self.flags = frozenset(setup["compatibility_flags"])
        self.wrapped_override = setup["wrapped_env"]
        self.log_bytes = setup["log_bytes"]
        self.environment = setup["bindings"]

    @property
    def wrapped(self) -> bool:
        """Whether the SDK converts values at bindings."""
        if self.wrapped_override is not None:
            return self.wrapped_override
        return self._enabled("enable_python_external_sdk", "disable_python_external_sdk", _SDK_OUTSIDE_SINCE)

    @property
    def global_handlers(self) -> bool:
        """Whether module-level `on_fetch` and its like are called."""
        return not self._enabled(
            "python_no_global_handlers", "disable_python_no_global_handlers", _NO_GLOBAL_HANDLERS_SINCE
        )

    @property
    def pyodide_version(self) -> str:
        """The Pyodide release that the date and flags select."""
        if "python_workers_20260817" in self.flags:
            return "314.0.5"
        if self._enabled("python_workers_314", "no_python_workers_314", _PYODIDE_314_SINCE):
            return "314.0.6"
        if "python_workers_20260610" in self.flags:
            return "314.0.4"
        if self._enabled("python_workers_20250116", "no_python_workers_20250116", _PYODIDE_0_28_SINCE):
            return "0.28.2"
        return "0.26.0a2"

    @property
    def null_is_none(self) -> bool:
        """Whether JavaScript's null arrives as None rather than as `jsnull`."""
        return self.pyodide_version == "0.26.0a2"

    @property
    def dict_is_object(self) -> bool:
        """Whether a proxied dict shows its keys as JavaScript properties (Pyodide 314)."""
        return self.pyodide_version.startswith("314.")

    @property
    def here(self) -> list[Any] | None:
        """[file, line] of the innermost frame that is the user's own, or of a vendored package."""
        frame = sys._getframe(1)  # noqa: SLF001 - documented, or of a neighbour
        vendored: list[Any] | None = None
        walk = frame
        while walk is not None:
            name = walk.f_code.co_filename
            if name in self.files:
                if not name.startswith("python_modules/"):
                    return [name, walk.f_lineno]
                vendored = vendored or [name, walk.f_lineno]
            if walk.f_back is None:
                break
            walk = walk.f_back
        return vendored

    def refuse(self, name: str) -> NoReturn:
        """End the invocation: the worker touched something that this runtime does not imitate."""
        self.channel.end({"op": "refused", "reason": name, "at": self.here})

    def require_handler(self) -> str | None:
        """The error of the runtime when input or output happens while modules are imported, or None."""
        return None if self.in_handler else _GLOBAL_SCOPE

    def _enabled(self, flag: str, disabling: str, since: str) -> bool:
        return flag in self.flags or (self.date >= since and disabling not in self.flags)


_isolates: list[Isolate] = []


def start(isolate: Isolate) -> None:
    """Make it the isolate of this process."""
    _isolates[:] = [isolate]


def current() -> Isolate:
    """The isolate of this process."""
    return _isolates[0]

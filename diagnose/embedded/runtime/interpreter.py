"""Finds the newest CPython on this machine that really starts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

_NEWEST_FIRST = ("python3.14", "python3.13", "python3.12", "python3.11")
_PROBE = (
    "import sys; print(sys.implementation.name, '%d.%d.%d' % sys.version_info[:3], sys.executable, sep='\\n')"
)
_PROBE_SECONDS = 5.0

ISOLATED = ("-I", "-S", "-B", "-X", "utf8")
"""No environment, no user or site packages, no bytecode written, UTF-8."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython: its executable (no shim) and its version, such as `3.13.0`."""

    executable: str
    version: str


@cache
def newest() -> Interpreter:
    """The newest CPython from 3.14 down to 3.11 on PATH that starts, else the running one.

    Started once per process; a shim that answers but cannot start an interpreter is passed over.
    """
    running = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for name in _NEWEST_FIRST:
        if name == running:
            break
        found = _start(name)
        if found is not None:
            return found
    return Interpreter(sys.executable, ".".join(map(str, sys.version_info[:3])))


def _start(name: str) -> Interpreter | None:
    path = shutil.which(name)
    if path is None:
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - an interpreter from PATH, which the user controls
            [path, *ISOLATED, "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    implementation, version, executable = answer.stdout.splitlines()[:3]
    matches = implementation == "cpython" and f"python{version.rpartition('.')[0]}" == name
    return Interpreter(executable, version) if matches else None

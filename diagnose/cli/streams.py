"""What the command line knows about the streams it writes to."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping


def wants_color(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """`NO_COLOR` wins, then `FORCE_COLOR`, then whether that stream is a terminal."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


def open_closed_streams() -> None:
    """Read nothing from, and write nowhere to, the streams that the caller closed.

    Python has None in their place, and the next file to be opened would get their number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def has_terminal() -> bool:
    """Whether a person can be asked: both stdin and stderr are a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def tell_wait(seconds: float, reason: str) -> None:
    """Say on stderr that nothing happens for a while, and why."""
    start = "\r\x1b[2K" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{start}waiting {seconds:.0f} s: {reason}\n")
    sys.stderr.flush()


class Progress:
    """One line on stderr that says what is being done; silent when stderr is no terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Replace the line."""
        if self._shown:
            sys.stderr.write(f"\r\x1b[2K{text}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Remove the line."""
        self.say("")

    def checking(self, code: str, done: int, total: int) -> None:
        """A check starts."""
        self.say(f"checking {code} ({done + 1}/{total})")

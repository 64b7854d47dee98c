"""`print` and tracebacks written by the worker become lines of the log."""

from __future__ import annotations

import io

from .console import write_log

_LONGEST_LINE = 8192


class LogStream(io.TextIOBase):
    """Stands for stdout or stderr; sends whole lines."""

    encoding = "utf-8"

    def __init__(self, level: str) -> None:
        super().__init__()
        self._level = level
        self._line = ""

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Collect text and send its complete lines."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            write_log(self._level, line[:_LONGEST_LINE])
        if len(self._line) > _LONGEST_LINE:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Send the last line although it did not end."""
        if self._line:
            line, self._line = self._line, ""
            write_log(self._level, line[:_LONGEST_LINE])

"""What time it is in an embedded account: the machine's, or one that is moved on by hand."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Tells when messages are sent, and when they are due."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        ...


class SystemClock:
    """The machine's time."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000


@dataclass(slots=True)
class VirtualClock:
    """Time that passes only when `advance_to` says so."""

    milliseconds: int

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return self.milliseconds

    def advance_to(self, milliseconds: int) -> None:
        """Let it be that late; it never goes back."""
        self.milliseconds = max(self.milliseconds, milliseconds)

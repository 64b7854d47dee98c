"""What keeps the past of one database."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from diagnose.errors import DiagnoseError


@dataclass(frozen=True, slots=True)
class PastState:
    """One state that the database was in.

    Attributes:
        number: grows with every transaction that writes.
        since: milliseconds since the epoch; it held until the next state began.
    """

    number: int
    since: int


class HistoryError(DiagnoseError):
    """A state that cannot be brought back."""


class History(Protocol):
    """Every state that was handed out can be brought back, and those that writes went from."""

    @property
    def current(self) -> PastState:
        """The state that the database is in."""

    def at(self, milliseconds: int) -> PastState | None:
        """The kept state that held at that moment, or None from before the history began."""

    def find(self, number: int) -> PastState | None:
        """The state of that number if it can be brought back, or None."""

    def until(self, state: PastState) -> int | None:
        """When a kept state ended, or None for the current one."""

    def hand_out(self, state: PastState) -> None:
        """Keep that state from now on, because somebody may come back for it. Survives a kill."""

    def restore(self, state: PastState) -> None:
        """Bring it back as the newest state; the one before stays in the history.

        Raises:
            HistoryError: what is kept of it is damaged.
        """


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000

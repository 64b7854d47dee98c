"""What keeps the past of one database."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass

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


class History(ABC):
    """Every state that was handed out can be brought back, and those that writes went from."""

    @property
    @abstractmethod
    def current(self) -> PastState:
        """The state that the database is in."""

    @property
    @abstractmethod
    def states(self) -> list[PastState]:
        """Every state that can be brought back, oldest first; the last is the current one."""

    def at(self, milliseconds: int) -> PastState | None:
        """The kept state that held at that moment, or None from before the history began."""
        held = [state for state in self.states if state.since <= milliseconds]
        return held[-1] if held else None

    def find(self, number: int) -> PastState | None:
        """The state of that number if it can be brought back, or None."""
        return next((state for state in self.states if state.number == number), None)

    def until(self, state: PastState) -> int | None:
        """When a kept state ended, or None for the current one."""
        return next((later.since for later in self.states if later.number > state.number), None)

    @abstractmethod
    def hand_out(self, state: PastState) -> None:
        """Keep that state from now on, because somebody may come back for it. Survives a kill."""

    @abstractmethod
    def restore(self, state: PastState) -> None:
        """Bring it back as the newest state; the one before stays in the history.

        Raises:
            HistoryError: what is kept of it is damaged.
        """


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000

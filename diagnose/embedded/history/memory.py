"""Keeps the past of a database in memory, as copies of it that are taken before it changes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1.pages import image_connection
from diagnose.embedded.history.interface import History, PastState, now

if TYPE_CHECKING:
    from diagnose.d1 import Database

_BUDGET_BYTES: Final = 64_000_000
_SHARE_OF_TIME: Final = 50
"""Writes may go on this many times as long as a copy took before the next one is taken."""

_SHORTEST_SECONDS: Final = 0.001
"""Between two copies: a moment is named in milliseconds."""


@dataclass(frozen=True, slots=True)
class _Kept:
    state: PastState
    image: bytes


class MemoryHistory(History):
    """The past of one database in memory; a burst of writes leaves its end behind, not every step."""

    def __init__(self, database: Database) -> None:
        """Begin a history."""
        self._pages = database.pages
        self._kept: list[_Kept] = []
        self._handed_out: set[int] = set()
        self._next_copy = 0.0
        self._bytes = 0
        self._current = PastState(1, now())
        self._pages.watch(self)

    @property
    def current(self) -> PastState:
        """The state that the database is in."""
        return self._current

    @property
    def states(self) -> list[PastState]:
        """Every state that can be brought back, oldest first; the last is the current one."""
        return [*(kept.state for kept in self._kept if kept.state != self._current), self._current]

    def hand_out(self, state: PastState) -> None:
        """Keep that state from now on."""
        self._handed_out.add(state.number)

    def restore(self, state: PastState) -> None:
        """Bring it back as the newest state; the one before stays in the history."""
        self._keep()
        image = next(kept.image for kept in self._kept if kept.state == state)
        source = image_connection(image)
        try:
            self._pages.become(source)
        finally:
            source.close()
        self.after_commit()

    def before_write(self) -> None:
        """Keep the state that ends now, unless a copy was taken just before."""
        if self._current.number in self._handed_out or time.monotonic() >= self._next_copy:
            self._keep()

    def before_commit(self) -> None:
        """Nothing to do."""

    def after_commit(self) -> None:
        """A new state begins."""
        self._current = PastState(self._current.number + 1, max(now(), self._current.since))

    def rolled_back(self) -> None:
        """The copy, if one was taken, is of the state that goes on."""

    def _keep(self) -> None:
        if self._kept and self._kept[-1].state == self._current:
            return
        started = time.monotonic()
        self._kept.append(_Kept(self._current, self._pages.image()))
        ended = time.monotonic()
        self._next_copy = ended + max(_SHORTEST_SECONDS, _SHARE_OF_TIME * (ended - started))
        self._bytes += len(self._kept[-1].image)
        if self._bytes > _BUDGET_BYTES:
            self._thin()

    def _thin(self) -> None:
        """Let every second copy of the older half go until memory suffices, but for those handed out."""
        while self._bytes > _BUDGET_BYTES:
            free = [kept for kept in self._kept[:-1] if kept.state.number not in self._handed_out]
            gone = {kept.state for kept in free[: max(1, len(free) // 2) : 2]}
            if not gone:
                break
            self._kept = [kept for kept in self._kept if kept.state not in gone]
            self._bytes = sum(len(kept.image) for kept in self._kept)

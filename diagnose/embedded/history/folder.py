"""Keeps the past of a database file: the journal of each transaction, which SQLite writes anyway.

A second name is given to the journal before SQLite removes the first, and that removal is the commit. So a
kill at any moment leaves either both, and the transaction did not happen, or the second name only.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from diagnose.embedded.history.entries import Entry, chain, entries_in
from diagnose.embedded.history.interface import History, HistoryError, PastState, now
from diagnose.embedded.history.journal import JournalError, merge
from diagnose.embedded.history.rewinding import rewind
from diagnose.embedded.history.thinning import NEWEST, budget, by_the_second, every_second_state

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.d1 import Database

DAYS: Final = 30
_MILLISECONDS_A_DAY: Final = 86_400_000
_BEGINNING: Final = "beginning"
_HANDED_OUT: Final = ".bookmark"
_OFTEN_ENOUGH_BYTES: Final = 64_000_000
_NO_SECOND_NAMES: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV})


class FolderHistory(History):
    """The past of one database in a folder, which is made for it."""

    def __init__(self, folder: Path, file: Path, database: Database) -> None:
        """Take up the history where it ended. Raises OSError."""
        self._folder = folder
        self._journal = file.with_name(f"{file.name}-journal")
        self._pages = database.pages
        self._pending: Entry | None = None
        self._broken = False
        self._unthinned_entries = self._unthinned_bytes = 0
        folder.mkdir(parents=True, exist_ok=True)
        # What is left of a kill now is a journal that was never begun: SQLite has rolled back the others.
        self._journal.unlink(missing_ok=True)
        self._entries = chain(entries_in(folder), self._pages.counter)
        self._handed_out = {int(mark.stem) for mark in folder.glob(f"*{_HANDED_OUT}")}
        self._beginning = self._begin()
        self._sweep()
        self._pages.watch(self)

    @property
    def current(self) -> PastState:
        """The state that the database is in."""
        return self._entries[-1].after if self._entries else self._beginning

    @property
    def states(self) -> list[PastState]:
        """Every state that can be brought back, oldest first; the last is the current one."""
        return [*(entry.before for entry in self._entries), self.current]

    def hand_out(self, state: PastState) -> None:
        """Keep that state from now on. Raises OSError."""
        if state.number not in self._handed_out:
            (self._folder / f"{state.number}{_HANDED_OUT}").touch()
            self._handed_out.add(state.number)

    def restore(self, state: PastState) -> None:
        """Bring it back as the newest state; the one before stays in the history.

        Raises:
            HistoryError: what is kept of it is damaged.
            OSError: there is no room.
        """
        newest = self._next()
        journals = [entry.journal for entry in self._entries if entry.before.number >= state.number]
        try:
            rewind(self._pages, journals[::-1], newest.path)
        except JournalError as error:
            raise HistoryError(f"the kept state cannot be brought back: {error}") from error
        except HistoryError:
            newest.path.unlink(missing_ok=True)
            raise
        self._append(newest)

    def before_write(self) -> None:
        """Nothing to do: SQLite writes the journal."""

    def before_commit(self) -> None:
        """Give the journal its second name. There is none if nothing was changed. Raises OSError."""
        entry = self._next()
        try:
            os.link(self._journal, entry.path)
        except FileNotFoundError:
            return
        except FileExistsError:
            entry.path.unlink()
            os.link(self._journal, entry.path)
        except OSError as error:
            if error.errno not in _NO_SECOND_NAMES:
                raise
            self._broken = True
            return
        self._pending = entry

    def after_commit(self) -> None:
        """The journal has become part of the past."""
        if self._pending is not None:
            pending, self._pending = self._pending, None
            self._append(pending)
        elif self._broken:
            self._begin_anew()

    def rolled_back(self) -> None:
        """The journal led nowhere."""
        if self._pending is not None:
            self._pending.path.unlink(missing_ok=True)
            self._pending = None
        self._broken = False

    def _next(self) -> Entry:
        current = self.current
        since = max(now(), current.since)
        return Entry.named(self._folder, current, PastState(current.number + 1, since))

    def _append(self, entry: Entry) -> None:
        size = entry.path.stat().st_size
        self._entries.append(replace(entry, size=size))
        self._unthinned_entries += 1
        self._unthinned_bytes += size
        if self._unthinned_entries >= NEWEST or self._unthinned_bytes >= _OFTEN_ENOUGH_BYTES:
            # The write is done, whatever becomes of this; it is tried again.
            with suppress(OSError, JournalError):
                self._thin()

    def _thin(self) -> None:
        """Keep the past within its budget. What was handed out is kept even beyond it."""
        self._unthinned_entries = self._unthinned_bytes = 0
        self._forget_old()
        self._merge(by_the_second(self._entries, self._handed_out))
        most = budget(self._pages.size)
        while sum(entry.size for entry in self._entries) > most:
            pairs = every_second_state(self._entries, self._handed_out)
            if not pairs:
                break
            self._merge(pairs)

    def _merge(self, runs: list[list[Entry]]) -> None:
        for run in runs:
            merged = Entry.named(self._folder, run[0].before, run[-1].after)
            merge([entry.journal for entry in run], merged.path)
            place = self._entries.index(run[0])
            self._entries[place : place + len(run)] = [
                replace(merged, size=merged.path.stat().st_size),
            ]
            for entry in run:
                entry.path.unlink()

    def _begin_anew(self) -> None:
        """The way back is lost: this folder takes no second name for a file."""
        self._broken = False
        self._entries.clear()
        self._beginning = PastState(self._pages.counter, now())
        self._sweep()

    def _begin(self) -> PastState:
        """The state that the first entry starts from, or the one there was when nothing was kept yet."""
        if self._entries:
            return self._entries[0].before
        file = self._folder / _BEGINNING
        number = self._pages.counter
        if file.is_file():
            words = file.read_text().split()
            if words[:1] == [str(number)]:
                return PastState(number, int(words[1]))
        beginning = PastState(number, now())
        file.write_text(f"{beginning.number} {beginning.since}\n")
        return beginning

    def _sweep(self) -> None:
        """Remove what belongs to no state that can be brought back."""
        self._forget_old()
        kept = {entry.path for entry in self._entries}
        numbers = {state.number for state in self.states}
        for file in self._folder.iterdir():
            unused = file.suffix in {".journal", ".new"} and file not in kept
            if file.is_dir():
                shutil.rmtree(file)  # of a restore that a kill interrupted
            elif unused or (file.suffix == _HANDED_OUT and int(file.stem) not in numbers):
                file.unlink()
        self._handed_out &= numbers

    def _forget_old(self) -> None:
        """Remove what is older than any plan keeps."""
        horizon = now() - DAYS * _MILLISECONDS_A_DAY
        while self._entries and self._entries[0].after.since < horizon:
            self._entries.pop(0).path.unlink()
        self._beginning = self._entries[0].before if self._entries else self._beginning


def forget_unfinished(folder: Path, file: Path) -> None:
    """Drop the second name of a journal whose transaction a kill interrupted.

    Call it before SQLite opens the file, rolls that transaction back and removes the first name.
    """
    journal = file.with_name(f"{file.name}-journal")
    if not journal.exists() or not folder.is_dir():
        return
    unfinished = journal.stat().st_ino
    for entry in entries_in(folder):
        if entry.path.stat().st_ino == unfinished:
            entry.path.unlink()

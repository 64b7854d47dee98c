"""The files that lead from one state of a database back to an earlier one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.embedded.history.interface import PastState
from diagnose.embedded.history.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NAME: Final = re.compile(r"(\d+)-(\d+)-(\d+)-(\d+)\.journal")


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal that leads from the state `after` back to `before`."""

    before: PastState
    after: PastState
    path: Path
    size: int = 0

    @classmethod
    def named(cls, folder: Path, before: PastState, after: PastState) -> Entry:
        """The entry between two states, whose file is written next."""
        name = f"{before.number:010d}-{after.number:010d}-{before.since}-{after.since}.journal"
        return cls(before, after, folder / name)

    @property
    def journal(self) -> Journal:
        """Its content. Raises JournalError, OSError."""
        return Journal(self.path)

    @property
    def single(self) -> bool:
        """It is of one transaction."""
        return self.after.number == self.before.number + 1


def entries_in(folder: Path) -> list[Entry]:
    """Every entry of a folder."""
    found = ((file, _NAME.fullmatch(file.name)) for file in folder.iterdir())
    return [_entry(file, *map(int, match.groups())) for file, match in found if match]


def _entry(file: Path, before: int, after: int, before_since: int, after_since: int) -> Entry:
    return Entry(PastState(before, before_since), PastState(after, after_since), file, file.stat().st_size)


def chain(entries: Iterable[Entry], newest: int) -> list[Entry]:
    """The entries that lead from the newest state back without a gap, oldest first.

    Those that a kill left over are not among them: of a transaction that did not end, and of some that
    were merged already.
    """
    by_end: dict[int, Entry] = {}
    for entry in entries:
        rival = by_end.get(entry.after.number)
        if rival is None or entry.before.number < rival.before.number:
            by_end[entry.after.number] = entry
    found: list[Entry] = []
    while newest in by_end:
        found.append(by_end[newest])
        newest = found[-1].before.number
    return found[::-1]

"""Brings back an earlier state of a database file."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import apsw

from diagnose.embedded.history.interface import HistoryError
from diagnose.embedded.history.journal import new_journal, roll_back

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.pages import Pages
    from diagnose.embedded.history.journal import Journal

_FIRST: Final = 1  # the page with the counter and the schema's version, which every write changes


def rewind(pages: Pages, journals: Sequence[Journal], way_back: Path) -> None:
    """Make the database what it was before the last of the journals; they are given newest first.

    Args:
        pages: of the database.
        journals: that lead back, each from where the one before it ends.
        way_back: where a journal is written that undoes this.

    Raises:
        JournalError: a journal is damaged.
        HistoryError: the journals do not lead to a whole database.
        OSError: there is no room.
    """
    with TemporaryDirectory(dir=way_back.parent, prefix="rewinding-", suffix=".new") as scratch:
        present, past = Path(scratch, "present"), Path(scratch, "past")
        pages.copy_to(present)
        pages.copy_to(past)
        changed = {_FIRST}
        with past.open("r+b") as image:
            for journal in journals:
                changed |= roll_back(image, journal)
        _write_way_back(present, changed, past.stat().st_size, journals[0].page_size, way_back)
        _take_over(pages, past)


def _write_way_back(present: Path, changed: set[int], past_bytes: int, page_size: int, path: Path) -> None:
    count = present.stat().st_size // page_size
    cut_off = range(past_bytes // page_size + 1, count + 1)
    with present.open("rb") as image, new_journal(path, page_size=page_size, pages_before=count) as journal:
        for number in sorted({number for number in changed if number <= count}.union(cut_off)):
            image.seek((number - 1) * page_size)
            journal.add(number, image.read(page_size))


def _take_over(pages: Pages, past: Path) -> None:
    source = apsw.Connection(str(past), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        found = source.pragma("quick_check")
        if found != "ok":
            raise HistoryError(f"the kept state is damaged: {found}")
        pages.become(source)
    except apsw.Error as error:
        raise HistoryError(f"the kept state cannot be brought back: {error}") from error
    finally:
        source.close()

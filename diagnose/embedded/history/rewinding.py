"""Brings back an earlier state of a database file."""

from __future__ import annotations

import struct
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, Final

import apsw

from diagnose.embedded.history.interface import HistoryError
from diagnose.embedded.history.journal import new_journal, roll_back

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diagnose.d1.pages import Pages
    from diagnose.embedded.history.journal import Journal, JournalWriter

# Both must agree: https://sqlite.org/fileformat2.html#in_header_database_size
_CHANGE_COUNTER: Final = 24
_COUNTER_OF_THE_SIZE: Final = 92
_PAGE_SIZE: Final = 16
_LARGEST_PAGE: Final = 65_536  # written as 1
_FIRST_FREE: Final = 32
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
            changed |= _free_pages(image)
            _set_counter(image, pages.counter)
        _write_way_back(present, changed, past.stat().st_size, way_back)
        _take_over(pages, past)


def _free_pages(image: BinaryIO) -> set[int]:
    """Numbers of the pages that hold nothing (https://sqlite.org/fileformat2.html#the_freelist).

    A later write may use them without a word in its journal, so the way back has to know what they hold now.
    """
    page_size = _page_size(image)
    free: set[int] = set()
    (trunk,) = _numbers(image, _FIRST_FREE, 1)
    while trunk and trunk not in free:
        following, count = _numbers(image, (trunk - 1) * page_size, 2)
        free.update((trunk, *_numbers(image, (trunk - 1) * page_size + 8, count)))
        trunk = following
    return free


def _numbers(image: BinaryIO, place: int, count: int) -> tuple[int, ...]:
    image.seek(place)
    return struct.unpack(f">{count}I", image.read(4 * count))


def _set_counter(image: BinaryIO, counter: int) -> None:
    """Let the past follow the present, so that taking it over makes the counter grow by one.

    Where SQLite has to write the first page before the others, it goes on counting from what stands there.
    """
    for place in (_CHANGE_COUNTER, _COUNTER_OF_THE_SIZE):
        image.seek(place)
        image.write(counter.to_bytes(4, "big"))


def _write_way_back(present: Path, changed: set[int], past_bytes: int, path: Path) -> None:
    with present.open("rb") as image:
        page_size = _page_size(image)
        count = present.stat().st_size // page_size
        cut_off = range(past_bytes // page_size + 1, count + 1)
        with new_journal(path, page_size=page_size, pages_before=count) as journal:
            _copy_pages(image, page_size, sorted({*(n for n in changed if n <= count), *cut_off}), journal)


def _copy_pages(image: BinaryIO, page_size: int, numbers: Iterable[int], journal: JournalWriter) -> None:
    for number in numbers:
        image.seek((number - 1) * page_size)
        journal.add(number, image.read(page_size))


def _page_size(image: BinaryIO) -> int:
    image.seek(_PAGE_SIZE)
    size = int.from_bytes(image.read(2), "big")
    return _LARGEST_PAGE if size == 1 else size


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

"""SQLite's rollback journal as a record of the past: what pages held before one transaction changed them.

Format: https://sqlite.org/fileformat2.html#the_rollback_journal
"""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_MAGIC: Final = bytes.fromhex("d9d505f920a163d7")
_HEADER: Final = struct.Struct(">8sIIIII")
_NUMBER: Final = struct.Struct(">I")
_TO_THE_END: Final = 0xFFFFFFFF
_SECTOR: Final = 512
_SAMPLED: Final = 200  # of every page, each 200th byte counts towards its sum


class JournalError(ValueError):
    """A file that is no whole journal, with the reason."""


class Journal:
    """A journal that its transaction has finished with.

    Attributes:
        page_size: bytes.
        pages_before: how many pages the database had.
    """

    def __init__(self, path: Path) -> None:
        """Read the first header. Raises JournalError, OSError."""
        self._path = path
        with path.open("rb") as stream:
            _, _, self.pages_before, self._sector, self.page_size = _read_header(stream, path)

    def pages(self) -> Iterator[tuple[int, bytes]]:
        """Number (from 1) and former content of every page it holds. Raises JournalError, OSError."""
        size = self._path.stat().st_size
        record = self.page_size + 2 * _NUMBER.size
        with self._path.open("rb") as stream:
            start = 0
            while start < size:
                stream.seek(start)
                count, nonce, *_ = _read_header(stream, self._path)
                start += self._sector
                if count == _TO_THE_END:
                    count = (size - start) // record
                stream.seek(start)
                for _ in range(count):
                    yield self._record(stream.read(record), nonce)
                start = -(-(start + count * record) // self._sector) * self._sector

    def _record(self, record: bytes, nonce: int) -> tuple[int, bytes]:
        page = record[_NUMBER.size : -_NUMBER.size]
        if len(page) != self.page_size or _NUMBER.unpack(record[-_NUMBER.size :]) != (_sum(page, nonce),):
            raise JournalError(f"{self._path.name} is damaged")
        return _NUMBER.unpack_from(record)[0], page


def _read_header(stream: BinaryIO, path: Path) -> tuple[int, int, int, int, int]:
    header = stream.read(_HEADER.size)
    if len(header) != _HEADER.size or not header.startswith(_MAGIC):
        raise JournalError(f"{path.name} is no journal")
    _, count, nonce, pages_before, sector, page_size = _HEADER.unpack(header)
    return count, nonce, pages_before, sector, page_size


class JournalWriter:
    """Writes pages in the format that `Journal` reads; each number once."""

    def __init__(self, stream: BinaryIO, *, page_size: int, pages_before: int) -> None:
        self._stream = stream
        self._page_size = page_size
        self._pages_before = pages_before
        self._count = 0
        stream.write(bytes(_SECTOR))

    def add(self, number: int, page: bytes) -> None:
        """What the page held."""
        self._stream.write(_NUMBER.pack(number) + page + _NUMBER.pack(_sum(page, 0)))
        self._count += 1

    def finish(self) -> None:
        """The header, which makes it a journal; nothing may follow."""
        self._stream.seek(0)
        self._stream.write(_HEADER.pack(_MAGIC, self._count, 0, self._pages_before, _SECTOR, self._page_size))


@contextmanager
def new_journal(path: Path, *, page_size: int, pages_before: int) -> Iterator[JournalWriter]:
    """A journal that is at its path when the block ends, whole and on disk; nothing is if it raises."""
    temporary = path.with_name(f"{path.name}.new")
    try:
        with temporary.open("wb") as stream:
            writer = JournalWriter(stream, page_size=page_size, pages_before=pages_before)
            yield writer
            writer.finish()
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def merge(journals: Sequence[Journal], path: Path) -> None:
    """One journal for several that follow each other, oldest first: leads back to before the first.

    Raises:
        JournalError: one of them is damaged.
        OSError: the file cannot be written.
    """
    oldest = journals[0]
    seen: set[int] = set()
    with new_journal(path, page_size=oldest.page_size, pages_before=oldest.pages_before) as merged:
        for journal in journals:
            for number, page in journal.pages():
                if number not in seen and number <= oldest.pages_before:
                    seen.add(number)
                    merged.add(number, page)


def roll_back(image: BinaryIO, journal: Journal) -> set[int]:
    """Give a database file, which nobody has open, the content from before the journal.

    Returns the numbers of the pages that were written.

    Raises:
        JournalError: the journal is damaged.
    """
    written: set[int] = set()
    for number, page in journal.pages():
        image.seek((number - 1) * journal.page_size)
        image.write(page)
        written.add(number)
    image.truncate(journal.pages_before * journal.page_size)
    return written


def _sum(page: bytes, nonce: int) -> int:
    # From 200 bytes before the end, backwards; the byte at 0 does not count.
    return (nonce + sum(page[len(page) - _SAMPLED : 0 : -_SAMPLED])) & 0xFFFFFFFF

"""The pages that a database takes up, and how many it may."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.d1.schema import Query


class Space:
    """Of one connection. The size is counted once, until something is written."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._page_size = self._pragma("page_size")
        self._size: int | None = None

    def size(self) -> int:
        """Bytes in use; pages on the free list do not count."""
        if self._size is None:
            self._size = (self._pragma("page_count") - self._pragma("freelist_count")) * self._page_size
        return self._size

    def forget(self) -> None:
        """Something was written."""
        self._size = None

    def limit(self, size_bytes: int) -> None:
        """Let writes beyond that size fail as on a full disk."""
        self._set_most_pages(size_bytes // self._page_size)

    @contextmanager
    def limited(self, size_bytes: int | None) -> Iterator[None]:
        """Let writes beyond that size fail inside the block; a lower limit than that stays."""
        most = self._pragma("max_page_count")
        if size_bytes is not None:
            self._set_most_pages(min(most, size_bytes // self._page_size))
        try:
            yield
        finally:
            self._set_most_pages(most)

    def _set_most_pages(self, pages: int) -> None:
        """SQLite raises a number below the size of the database to that size."""
        self._query(f"PRAGMA max_page_count={pages}")

    def _pragma(self, name: str) -> int:
        ((value,),) = self._query(f"PRAGMA {name}")
        return int(str(value))

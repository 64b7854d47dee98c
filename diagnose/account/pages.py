"""The pages that lists come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PER_PAGE: Final = 100
"""Items that are asked for at once; a product may give fewer."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        items: on it.
        size: items on a full page.
        total: of the whole list, or None where the API does not say.
    """

    items: Sequence[Any]
    size: int
    total: int | None

    @classmethod
    def of(cls, items: Sequence[Any], info: Mapping[str, Any]) -> Self:
        """From a result, and its `result_info`."""
        size, total = info.get("per_page"), info.get("total_count")
        return cls(
            items,
            size if isinstance(size, int) and 0 < size < PER_PAGE else PER_PAGE,
            total if isinstance(total, int) else None,
        )

    @property
    def is_whole(self) -> bool:
        """Whether the API says that this first page is the whole list."""
        return self.total is not None and len(self.items) >= self.total

    def is_last(self, so_far: int) -> bool:
        """Whether the list ends here, with so many items in all.

        Without a total, a page that is not full is the last one; an empty one always is.
        """
        if not self.items:
            return True
        return len(self.items) < self.size if self.total is None else so_far >= self.total

"""Changes that may have been made although no answer says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt(Generic[Done]):
    """What to do when a change may have been made and the answer is lost.

    Attributes:
        repeatable: doing it twice does what doing it once does.
        settle: looks whether it was done; what it did, or None when it was not. None: it cannot be seen.
        gone: of a removal: what is done when there is nothing left to remove.
        find_out: how a person finds out.
    """

    repeatable: bool = False
    settle: Callable[[], Awaitable[Done | None]] | None = None
    gone: Done | None = None
    find_out: str = "look whether it was done before you repeat it"

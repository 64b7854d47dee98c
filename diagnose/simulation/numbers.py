"""The number that a count settles on, where the source names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.source.counts import AtMost, Exactly, FromData

if TYPE_CHECKING:
    from diagnose.project.source.counts import Count


def named_number(count: Count) -> int | None:
    """What the code itself asks for, or its bound; None when data or a caller decides."""
    match count:
        case Exactly(n) | AtMost(n):
            return n
        case FromData(asked=asked):
            return asked
        case _:
            return None

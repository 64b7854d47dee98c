"""Percentiles by the nearest rank."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_PER_MILLE: Final = 3  # digits of a percentile such as p999


def percentile(numbers: Sequence[float], digits: str) -> float:
    """Of sorted numbers, at least one; `digits` are 50 for the median, 999 for 99.9 per cent."""
    share = int(digits) / (1000 if len(digits) == _PER_MILLE else 100)
    return numbers[max(0, math.ceil(share * len(numbers)) - 1)]

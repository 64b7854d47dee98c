"""What SQL of a project may cost the machine that rehearses it, beside what D1 itself allows."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bounds of calls to one database.

    Attributes:
        until: when a call is interrupted, in seconds of `time.monotonic`.
        size_bytes: of the database; a write beyond it fails as on a full disk.
        result_bytes: of the rows that one statement returns, roughly as they take up memory here.
    """

    until: float = math.inf
    size_bytes: int | None = None
    result_bytes: int | None = None

    @classmethod
    def of_migrations(cls) -> Self:
        """For all migrations of a project together, which take milliseconds unless something is wrong."""
        return cls(until=time.monotonic() + 15, size_bytes=256 << 20)


UNBOUNDED = Bounds()

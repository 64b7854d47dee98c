"""What a generated consumer knows about the errors of D1."""

from __future__ import annotations

from typing import Final

TRANSIENT_SOURCE: Final = "https://developers.cloudflare.com/d1/observability/debug-d1/"

TRANSIENT: Final = (
    "overloaded",
    "object to be reset",
    "reset because its code was updated",
    "Network connection lost",
    "Internal error while starting up D1",
    "transient issue",
    "long-running import",
)
"""Parts of the texts after which the same statement may succeed; `diagnose.d1.errors` agrees on each."""

FIRST_DELAY: Final = 30
"""Seconds until the first retry after such an error; each further one doubles them."""
LONGEST_DELAY: Final = 3_600
"""Seconds, far below the 24 hours that a queue allows."""
RETRIES: Final = 5
"""With these delays, a message waits about a quarter of an hour for D1 before it is given up."""

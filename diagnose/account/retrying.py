"""When a request that does no harm twice is sent again, and after how long."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from diagnose.account.errors import RateLimitedError, ServerError, UnreachableError

if TYPE_CHECKING:
    from diagnose.account.errors import ApiError

ATTEMPTS: Final = 3
_FIRST_WAIT_SECONDS: Final = 0.5
_LONGEST_WAIT_SECONDS: Final = 60.0


def wait_seconds(error: ApiError, attempt: int) -> float | None:
    """How long to wait after the attempt of that number (from 1) failed; None when waiting is no use."""
    asked = error.exchange.retry_after
    if asked is not None and asked > _LONGEST_WAIT_SECONDS:
        return None
    match error:
        case RateLimitedError():
            return asked
        case ServerError() | UnreachableError():
            backoff = _FIRST_WAIT_SECONDS * 2 ** (attempt - 1)
            # Jitter keeps several clients from returning together; nothing here needs to be unguessable.
            return asked if asked is not None else backoff * random.uniform(0.5, 1.0)  # noqa: S311 - idem
        case _:
            return None


def retry_after_seconds(header: str | None) -> float | None:
    """Seconds that a `Retry-After` asks for, given as seconds or as a date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())

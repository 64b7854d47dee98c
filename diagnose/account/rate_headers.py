"""What the API says about its rate limit: `Ratelimit`, `Ratelimit-Policy`, `Retry-After`.

The first two are lists of structured fields, such as `"default";r=50;t=30, "burst";r=9;t=2`
(https://developers.cloudflare.com/fundamentals/api/reference/limits/).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ITEM: Final = re.compile(
    r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^\s,;"]+))(?P<parameters>[^,"]*)(?:,|$)'
)
_NUMBER: Final = re.compile(r";\s*(?P<name>[a-z]+)\s*=\s*(?P<value>\d{1,9})(?![\d.])")


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left under one policy: so many requests until it is reset, in so many seconds."""

    policy: str
    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Quota:
    """What one policy allows: so many requests in a window of so many seconds."""

    policy: str
    requests: int
    seconds: int


def remaining(headers: Mapping[str, str]) -> tuple[Remaining, ...]:
    """What `Ratelimit` says, without the items that cannot be read. Names of headers are in lower case."""
    return tuple(
        Remaining(name, numbers["r"], numbers["t"])
        for name, numbers in _items(headers.get("ratelimit", ""))
        if {"r", "t"} <= numbers.keys()
    )


def quotas(headers: Mapping[str, str]) -> tuple[Quota, ...]:
    """What `Ratelimit-Policy` says, without the items that cannot be read."""
    return tuple(
        Quota(name, numbers["q"], numbers["w"])
        for name, numbers in _items(headers.get("ratelimit-policy", ""))
        if {"q", "w"} <= numbers.keys() and numbers["w"] > 0
    )


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """Seconds that a `Retry-After` asks for, given as seconds or as a date (RFC 9110, 10.2.3).

    Args:
        header: its value, or None.
        now: seconds since the epoch, by the clock of whoever sent it if that is known.
    """
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    moment = date_seconds(header)
    return None if moment is None else max(0.0, moment - now)


def date_seconds(header: str | None) -> float | None:
    """A date of HTTP as seconds since the epoch, or None where it is none."""
    try:
        moment = parsedate_to_datetime(header or "")
    except ValueError:
        return None
    # RFC 5322: a date that names no zone is in UTC, and so is every date of HTTP.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _items(header: str) -> Iterator[tuple[str, dict[str, int]]]:
    for item in _ITEM.finditer(header):
        parameters = {found["name"]: int(found["value"]) for found in _NUMBER.finditer(item["parameters"])}
        yield item["quoted"] if item["quoted"] is not None else item["token"], parameters

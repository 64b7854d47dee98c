"""Cron expressions as Cloudflare takes them."""

from __future__ import annotations

import re
from typing import Final

_MONTHS: Final = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS: Final = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_PART: Final = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[1-9]\d*))?")

# https://developers.cloudflare.com/workers/configuration/cron-triggers/#supported-cron-expressions
_FIELDS: Final[tuple[tuple[range, list[str], re.Pattern[str] | None], ...]] = (
    (range(60), [], None),
    (range(24), [], None),
    (range(1, 32), [], re.compile(r"L|LW|(?:[1-9]|[12]\d|3[01])W")),
    (range(1, 13), _MONTHS, None),
    (range(1, 8), _DAYS, re.compile(r"L|[1-7]L|(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#[1-5]")),
)
"""Minute, hour, day of month, month, weekday (1 is Sunday): values, names, and what else may stand there."""


def is_cron(text: str) -> bool:
    """Whether it is five fields that Cloudflare accepts."""
    fields = text.upper().split()
    return len(fields) == len(_FIELDS) and all(
        _fits(part, values, names, special)
        for field, (values, names, special) in zip(fields, _FIELDS, strict=True)
        for part in field.split(",")
    )


def _fits(part: str, values: range, names: list[str], special: re.Pattern[str] | None) -> bool:
    if special is not None and special.fullmatch(part):
        return True
    match = _PART.fullmatch(part)
    return match is not None and all(
        end is None or end in names or (end.isdecimal() and int(end) in values)
        for end in (match["first"], match["last"])
    )

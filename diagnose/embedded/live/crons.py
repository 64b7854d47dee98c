"""When a cron trigger fires.

https://developers.cloudflare.com/workers/configuration/cron-triggers/#supported-cron-expressions: five fields
in UTC; weekdays go from 1, which is Sunday, to 7.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_PART: Final = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[1-9]\d*))?")
_FIELDS: Final = 5
_FRIDAY: Final = 5


def fires_at(cron: str, moment: datetime) -> bool:
    """Whether a cron expression names the minute of a moment in UTC; False for what is no expression."""
    fields = cron.upper().split()
    if len(fields) != _FIELDS:
        return False
    minute, hour, day, month, weekday = fields
    return (
        _names(minute, moment.minute, range(60))
        and _names(hour, moment.hour, range(24))
        and _names(month, moment.month, range(1, 13), _MONTHS)
        and _is_day(day, weekday, moment)
    )


def _is_day(day: str, weekday: str, moment: datetime) -> bool:
    """Where both fields restrict the day, either may name it, as in every cron."""
    by_date = any(_is_date(part, moment) for part in day.split(","))
    by_weekday = any(_is_weekday(part, moment) for part in weekday.split(","))
    if day.startswith("*") or weekday.startswith("*"):
        return by_date and by_weekday
    return by_date or by_weekday


def _is_date(part: str, moment: datetime) -> bool:
    last = _last_day(moment)
    if part == "L":
        return moment.day == last
    if part == "LW":
        return moment.day == _nearest_workday(moment, last)
    if part.endswith("W") and part[:-1].isdecimal():
        return moment.day == _nearest_workday(moment, min(int(part[:-1]), last))
    return _names(part, moment.day, range(1, 32))


def _is_weekday(part: str, moment: datetime) -> bool:
    today = moment.isoweekday() % 7 + 1
    name, sharp, number = part.partition("#")
    if sharp:
        return _number(name, _DAYS) == today and number == str((moment.day - 1) // 7 + 1)
    if part == "L":
        return today == len(_DAYS)
    if part.endswith("L") and part[:-1].isdecimal():
        return int(part[:-1]) == today and moment.day > _last_day(moment) - 7
    return _names(part, today, range(1, 8), _DAYS)


def _names(field: str, value: int, values: range, names: tuple[str, ...] = ()) -> bool:
    """Whether a field of plain numbers, names, ranges and steps names a value."""
    return any(_names_in_part(part, value, values, names) for part in field.split(","))


def _names_in_part(part: str, value: int, values: range, names: tuple[str, ...]) -> bool:
    match = _PART.fullmatch(part)
    if match is None:
        return False
    first = values[0] if match["first"] is None else _number(match["first"], names)
    if match["last"] is not None:
        last = _number(match["last"], names)
    else:
        last = values[-1] if match["first"] is None or match["step"] else first
    if first is None or last is None:
        return False
    return first <= value <= last and (value - first) % int(match["step"] or 1) == 0


def _number(text: str, names: tuple[str, ...]) -> int | None:
    if text in names:
        return names.index(text) + 1
    return int(text) if text.isdecimal() else None


def _last_day(moment: datetime) -> int:
    return monthrange(moment.year, moment.month)[1]


def _nearest_workday(moment: datetime, day: int) -> int:
    """The day from Monday to Friday that is nearest to a day, within its month."""
    date = moment.replace(day=day)
    if date.isoweekday() <= _FRIDAY:
        return day
    is_saturday = date.isoweekday() == _FRIDAY + 1
    near = date + timedelta(days=-1 if is_saturday else 1)
    far = date + timedelta(days=2 if is_saturday else -2)
    return near.day if near.month == date.month else far.day

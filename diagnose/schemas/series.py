"""What is missing from rows that follow each other evenly in time, and what is there twice."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FEWEST_STEPS: Final = 20
_EVEN_SHARE: Final = 0.9
_HOUR: Final = 3_600
_HOURS_A_WEEK: Final = 168
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
# From 1985 to 2128, in seconds and in milliseconds since the epoch.
_SECONDS: Final = range(500_000_000, 5_000_000_000)
_THOUSAND: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Rows that are missing between two rows of one series.

    Attributes:
        series: values of the other columns of the key.
        after: the time of the last row before, as stored.
        before: the time of the first row behind, as stored.
        seconds: between two rows of this series otherwise.
        missing: how many rows.
        hours: of the week, in which the series has rows.
    """

    series: tuple[Any, ...]
    after: Any
    before: Any
    seconds: int
    missing: int
    hours: frozenset[int]

    def lacks(self, time: Any) -> bool:
        """Whether a row of this time is one of those missing, written as the rows around it are."""
        first, moment, last = (seconds_of(one) for one in (self.after, time, self.before))
        if first is None or moment is None or last is None or _form(time) != _form(self.after):
            return False
        is_between = first < moment < last and (moment - first) % self.seconds == 0
        return is_between and _hour_of_week(moment) in self.hours


def seconds_of(value: Any) -> int | None:
    """Since the epoch: of a number of seconds or milliseconds, or an ISO 8601 text; else None."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        whole = int(value)
        if whole in _SECONDS:
            return whole
        return whole // _THOUSAND if whole // _THOUSAND in _SECONDS else None
    if not isinstance(value, str) or not _DATE.match(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def time_column(rows: Sequence[Sequence[Any]]) -> int | None:
    """The last place in these rows that holds a time in all of them, or None."""
    places = range(len(rows[0]) if rows else 0)
    return next((place for place in reversed(places) if all(seconds_of(row[place]) for row in rows)), None)


def duplicates(rows: Iterable[Sequence[Any]]) -> dict[tuple[Any, ...], int]:
    """Keys that occur more than once, and how often; a key with a NULL is no key."""
    counted = Counter(tuple(row) for row in rows if None not in row)
    return {key: times for key, times in counted.items() if times > 1}


def gaps(rows: Iterable[Sequence[Any]], place: int) -> list[Gap]:
    """Where rows are missing in a series that is even otherwise, oldest first.

    A pause that keeps to the week (nights, weekends) is none: a row counts as missing when its series has a
    row at the same hour of another week.

    Args:
        rows: keys.
        place: of the time in each key.
    """
    series: defaultdict[tuple[Any, ...], dict[int, Any]] = defaultdict(dict)
    for row in rows:
        moment = seconds_of(row[place])
        if moment is not None:
            series[(*row[:place], *row[place + 1 :])][moment] = row[place]
    found = [gap for name, moments in series.items() for gap in _gaps(name, moments)]
    return sorted(found, key=lambda gap: seconds_of(gap.after) or 0)


def _gaps(series: tuple[Any, ...], moments: dict[int, Any]) -> Iterable[Gap]:
    ordered = sorted(moments)
    steps = [later - earlier for earlier, later in pairwise(ordered)]
    if len(steps) < _FEWEST_STEPS:
        return
    (interval, times), *_ = Counter(steps).most_common(1)
    if times < _EVEN_SHARE * len(steps):
        return
    usual = frozenset(map(_hour_of_week, ordered))
    for earlier, later in pairwise(ordered):
        if later - earlier > interval and (later - earlier) % interval == 0:
            absent = range(earlier + interval, later, interval)
            missing = sum(_hour_of_week(moment) in usual for moment in absent)
            if missing:
                yield Gap(
                    series=series,
                    after=moments[earlier],
                    before=moments[later],
                    seconds=interval,
                    missing=missing,
                    hours=usual,
                )


def _form(time: Any) -> str:
    """How a time is written: digits of a text as 0, or the unit of a number."""
    if isinstance(time, str):
        return re.sub(r"\d", "0", time)
    return "seconds" if int(time) in _SECONDS else "milliseconds"


def _hour_of_week(moment: int) -> int:
    return moment // _HOUR % _HOURS_A_WEEK

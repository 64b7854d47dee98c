"""Which rows fill the gaps of a series, and what stays missing."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from diagnose.importing import Rows, as_stored
from diagnose.schemas.series import seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from diagnose.d1.javascript import SqliteValue
    from diagnose.schemas.series import Gap
    from diagnose.tables.series import WatchedSeries

Row: TypeAlias = "tuple[SqliteValue, ...]"
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What rows do about gaps.

    Attributes:
        rows: those that are missing, each once.
        left: the gaps that stay, each with the number of rows that are still missing.
        disputed: how many missing rows were brought more than once, with different values; none is taken.
    """

    rows: Rows
    left: tuple[Gap, ...]
    disputed: int

    @property
    def still(self) -> int:
        """How many rows stay missing."""
        return sum(gap.missing for gap in self.left)

    @property
    def told(self) -> str:
        """The gaps that stay, for a person."""
        named = [_range(gap) for gap in self.left[:_MOST_NAMED]]
        if len(self.left) > _MOST_NAMED:
            named.append(f"{len(self.left) - _MOST_NAMED:,} more ranges")
        if self.disputed:
            named.append(f"of {self.disputed:,} the source has rows that differ")
        return ", ".join(named)


def fill(rows: Rows, series: WatchedSeries) -> Filling:
    """Choose among rows, whose columns are the table's, in any letter case.

    Raises:
        RowError: a key cannot be stored.
    """
    columns = tuple(series.table.column(name) for name in rows.columns)
    rows = Rows(tuple(column.name for column in columns if column is not None), rows.values)
    gaps = series.gaps
    missing: defaultdict[tuple[Any, ...], set[Row]] = defaultdict(set)
    places: dict[tuple[Any, ...], Gap] = {}
    for place, gap, row in _missing(rows, series, gaps):
        missing[place].add(row)
        places[place] = gap
    values = [(place, *found) for place, found in missing.items() if len(found) == 1]
    return Filling(
        rows=Rows(rows.columns, tuple(row for _, row in values)),
        left=tuple(_left(gaps, (places[place] for place, _ in values))),
        disputed=len(missing) - len(values),
    )


def _missing(
    rows: Rows, series: WatchedSeries, gaps: Iterable[Gap]
) -> Iterator[tuple[tuple[Any, ...], Gap, Row]]:
    """The rows that are missing: series and moment, the gap, the row."""
    by_series: defaultdict[tuple[Any, ...], list[Gap]] = defaultdict(list)
    for gap in gaps:
        by_series[gap.series].append(gap)
    for key, row in zip(as_stored(series.table, rows, series.key), rows.values, strict=True):
        name, time = (*key[: series.place], *key[series.place + 1 :]), key[series.place]
        found = _around(by_series.get(name, []), time)
        if found is not None:
            yield (*name, seconds_of(time)), found, row


def _around(gaps: Sequence[Gap], time: Any) -> Gap | None:
    """The gap that a row of this time is missing in; gaps are in their order."""
    moment = seconds_of(time)
    if moment is None:
        return None
    place = bisect_left(gaps, moment, key=lambda gap: seconds_of(gap.after) or 0) - 1
    return gaps[place] if place >= 0 and gaps[place].lacks(time) else None


def _left(gaps: Iterable[Gap], filled: Iterable[Gap]) -> Iterator[Gap]:
    counts = Counter((gap.series, gap.after) for gap in filled)
    for gap in gaps:
        missing = gap.missing - counts[gap.series, gap.after]
        if missing:
            yield replace(gap, missing=missing)


def _range(gap: Gap) -> str:
    of = f"{', '.join(map(str, gap.series))} " if gap.series else ""
    return f"{of}between {gap.after} and {gap.before} ({gap.missing:,})"

"""Queries of D1, counted by database, hour and text. In memory only, and for a bounded time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from diagnose.d1 import Result

_DAYS: Final = 31
_TEXTS: Final = 10_000
_OTHERS: Final = ""
_READING: Final = ("select", "values", "with", "explain", "pragma")


@dataclass(frozen=True, slots=True)
class QueryKey:
    """What is counted together. `hour` is ISO 8601 in UTC; `text` is empty for texts that were too many."""

    database_id: str
    hour: str
    text: str


@dataclass(slots=True)
class QueryTotals:
    """Sums; the duration is in milliseconds."""

    queries: int = 0
    writes: int = 0
    rows_read: int = 0
    rows_written: int = 0
    rows_returned: int = 0
    duration_ms: float = 0.0


class QueryCounts:
    """What D1's databases were asked, since the account was opened, for 31 days at most."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._totals: dict[QueryKey, QueryTotals] = {}

    def record(self, database_id: str, texts: Iterable[str], results: Sequence[Result]) -> None:
        """Count queries that were performed, each with its result."""
        hour = self._now().replace(minute=0, second=0, microsecond=0)
        self._forget(hour - timedelta(days=_DAYS))
        for text, result in zip(texts, results, strict=False):
            totals = self._of(QueryKey(database_id, written_hour(hour), text.strip()))
            totals.queries += 1
            totals.writes += _writes(text, result)
            totals.rows_read += result.rows_read
            totals.rows_written += result.rows_written
            totals.rows_returned += len(result.rows)
            totals.duration_ms += result.duration_ms

    @property
    def totals(self) -> tuple[tuple[QueryKey, QueryTotals], ...]:
        """Everything that is kept, oldest first."""
        return tuple(self._totals.items())

    def _of(self, key: QueryKey) -> QueryTotals:
        if key not in self._totals and len(self._totals) >= _TEXTS:
            key = QueryKey(key.database_id, key.hour, _OTHERS)
        return self._totals.setdefault(key, QueryTotals())

    def _forget(self, before: datetime) -> None:
        oldest = written_hour(before)
        if self._totals and next(iter(self._totals)).hour < oldest:
            self._totals = {key: totals for key, totals in self._totals.items() if key.hour >= oldest}


def written_hour(moment: datetime) -> str:
    """An hour as the analytics API writes it: `2026-01-01T15:00:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:00:00Z")


def _writes(text: str, result: Result) -> bool:
    reads = text.lstrip("( \t\r\n").lower().startswith(_READING)
    return not reads or result.changed_db or result.rows_written > 0

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from diagnose.d1 import Database, Statement
from diagnose.embedded.analytics import counting
from diagnose.embedded.analytics.counting import QueryCounts, QueryKey

NOON = datetime(2026, 1, 1, 12, 34, tzinfo=UTC)
HOUR = "2026-01-01T12:00:00Z"


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def performed(*texts: str):
    with Database.memory() as database:
        database.run_all(Statement("CREATE TABLE t (n INTEGER)"))
        return [database.run(Statement(text)) for text in texts]


def test_queries_are_counted_by_database_hour_and_text():
    counts, texts = (
        QueryCounts(Clock(NOON)),
        ("INSERT INTO t VALUES (1), (2)", " SELECT n FROM t", "DELETE FROM t"),
    )
    counts.record("a", texts, performed(*texts))
    counts.record("a", texts[1:2], performed(texts[1]))
    found = dict(counts.totals)
    assert set(found) == {QueryKey("a", HOUR, text.strip()) for text in texts}
    inserted, read = found[QueryKey("a", HOUR, texts[0])], found[QueryKey("a", HOUR, "SELECT n FROM t")]
    assert (inserted.queries, inserted.writes, inserted.rows_written) == (1, 1, 2)
    # The second table is empty: its scan counts 1.
    assert (read.queries, read.writes, read.rows_read, read.rows_returned) == (2, 0, 3, 2)
    assert found[QueryKey("a", HOUR, "DELETE FROM t")].writes == 1


@pytest.mark.parametrize(
    ("text", "writes"),
    [("UPDATE t SET n = 1", 1), ("WITH x AS (SELECT 1) SELECT * FROM x", 0), ("VALUES (1)", 0)],
)
def test_what_changes_something_is_a_write_even_if_there_is_nothing_to_change(text, writes):
    counts = QueryCounts(Clock(NOON))
    counts.record("a", [text], performed(text))
    ((_, totals),) = counts.totals
    assert totals.writes == writes


def test_what_is_too_old_is_forgotten():
    clock = Clock(NOON)
    counts = QueryCounts(clock)
    counts.record("a", ["SELECT 1"], performed("SELECT 1"))
    clock.now += timedelta(days=32)
    counts.record("a", ["SELECT 1"], performed("SELECT 1"))
    assert [key.hour for key, _ in counts.totals] == ["2026-02-02T12:00:00Z"]


def test_too_many_texts_are_counted_without_them(monkeypatch):
    monkeypatch.setattr(counting, "_TEXTS", 2)
    counts = QueryCounts(Clock(NOON))
    for number in range(4):
        counts.record("a", [f"SELECT {number}"], performed(f"SELECT {number}"))
    assert [(key.text, totals.queries) for key, totals in counts.totals] == [
        ("SELECT 0", 1),
        ("SELECT 1", 1),
        ("", 2),
    ]

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from diagnose.embedded.live.crons import fires_at

# 2026-11-26 is a Thursday; November 2026 ends on a Monday, and begins on a Sunday.
THURSDAY = datetime(2026, 11, 26, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "cron",
    [
        "* * * * *",
        "30 3 * * *",
        "*/15 * * * *",
        "*/10 3 * * *",
        "0-45/15 1-5 26 11 *",
        "30 3 26 NOV *",
        "30 3 * * 5",
        "30 3 * * THU",
        "30 3 * * thu",
        "30 3 * * MON-FRI",
        "30 3 * * 5#4",
        "30 3 * * THU#4",
        "30 3 * * 5L",
        "30 3 1 * 5",  # the first of the month, and every Thursday
        "30 3 26 * 1",
        "0,30 3,4 * 10,11 *",
        "25/5 3 * * *",
    ],
)
def test_an_expression_that_names_the_minute(cron: str):
    assert fires_at(cron, THURSDAY)


@pytest.mark.parametrize(
    "cron",
    [
        "31 3 * * *",
        "30 4 * * *",
        "30 3 25 * *",
        "30 3 * 12 *",
        "30 3 * * 4",
        "30 3 * * 6L",
        "30 3 * * THU#3",
        "30 3 L * *",
        "30 3 1 * 6",
        "30 3 * * SUN,SAT",
        "*/7 3 * * *",
        "30 3 * *",
        "30 3 * * * *",
        "half past",
        "a 3 * * *",
        "1-b 3 * * *",
    ],
)
def test_an_expression_that_names_another_minute_or_none(cron: str):
    assert not fires_at(cron, THURSDAY)


@pytest.mark.parametrize(
    ("cron", "days"),
    [
        ("0 0 L * *", [30]),
        ("0 0 LW * *", [30]),
        ("0 0 1W * *", [2]),  # the first is a Sunday: Monday
        ("0 0 7W * *", [6]),  # a Saturday: Friday
        ("0 0 8W * *", [9]),
        ("0 0 15W * *", [16]),
        ("0 0 31W * *", [30]),
        ("0 0 * * L", [7, 14, 21, 28]),
        ("0 0 * * 7L", [28]),
        ("0 0 * * 1#1", [1]),
        ("0 0 * * 2#5", [30]),
        ("0 0 10-12 * *", [10, 11, 12]),
    ],
)
def test_days_of_november_2026(cron: str, days: list[int]):
    month = [datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 31)]

    assert [moment.day for moment in month if fires_at(cron, moment)] == days


def test_the_nearest_workday_stays_in_its_month():
    # August 2026 begins on a Saturday, and May 2026 ends on a Sunday.
    assert fires_at("0 0 1W * *", datetime(2026, 8, 3, tzinfo=UTC))
    assert not fires_at("0 0 1W * *", datetime(2026, 7, 31, tzinfo=UTC))
    assert fires_at("0 0 31W * *", datetime(2026, 5, 29, tzinfo=UTC))

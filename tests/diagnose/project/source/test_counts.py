from __future__ import annotations

import pytest

from diagnose.model import Location
from diagnose.project.source.counts import (
    AtMost,
    Exactly,
    FromCaller,
    FromData,
    UnknownCount,
    bounded,
    filtered,
    multiplied,
    turns,
    worst,
)

HERE = Location("worker.py", 1, 1)
DATA = FromData("rows", HERE, 2000)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (Exactly(101), Exactly(2)),
        (AtMost(100, "x"), AtMost(1, "x")),
        (DATA, FromData("rows", HERE, 20, 100)),
        (FromCaller("body"), FromCaller("body", 100)),
        (UnknownCount("n"), UnknownCount("n")),
    ],
)
def test_turns_of_slices(count, expected):
    assert turns(count, 100) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Exactly(3), Exactly(5), Exactly(5)),
        (Exactly(3), AtMost(2, "x"), AtMost(3, "x")),
        (AtMost(9, "x"), DATA, DATA),
        (DATA, FromData("others", HERE, 10), DATA),
        (UnknownCount("n"), FromCaller("body"), FromCaller("body")),
        (FromCaller("body"), DATA, DATA),
        (UnknownCount("n"), AtMost(5, "x"), UnknownCount("n")),
    ],
)
def test_the_claim_that_says_more_wins(first, second, expected):
    assert worst(first, second) == expected
    assert worst(second, first) == expected


def test_products():
    assert multiplied(Exactly(3), Exactly(4)) == Exactly(12)
    assert multiplied(Exactly(1), DATA) == DATA
    assert multiplied(Exactly(3), DATA) == FromData("rows", HERE, 6000)
    assert multiplied(AtMost(3, "a"), Exactly(2)).upper == 6
    assert isinstance(multiplied(DATA, FromCaller("b")), UnknownCount)


def test_bounds_and_selections():
    assert bounded(Exactly(3), 10, "x") == Exactly(3)
    assert bounded(DATA, 10, "rows") == AtMost(10, "rows")
    assert filtered(DATA) == FromData("rows", HERE, None, 1, filtered=True)
    assert filtered(Exactly(3)).upper == 3
    assert [count.within(7) for count in (Exactly(3), AtMost(5, "x"), DATA, UnknownCount("n"))] == [
        3,
        5,
        7,
        7,
    ]

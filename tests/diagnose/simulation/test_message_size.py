from __future__ import annotations

from diagnose.model import Location
from diagnose.project.source import AtMost, Elements, FromCaller, FromData, JsonWeight, UnknownCount
from diagnose.simulation import message_size

PLACE = Location("worker.py", 1, 1)
ASKED = FromData("rows", PLACE, 1_000)
OPEN = FromData("rows", PLACE)


def elements(count, each=75, **facts):
    return Elements(each, count, "rows", **facts)


def test_what_the_code_asks_for_is_certain():
    size = message_size(JsonWeight(10, (elements(ASKED),)))
    assert (size.certain, size.possible, size.rows, size.per_row) == (75_010, 75_010, 1_000, 75)
    assert (size.unbounded, size.measured) == (False, False)


def test_a_slice_and_a_loop_over_pages_are_possible():
    sliced = message_size(JsonWeight(10, (elements(AtMost(50, "rows")),)))
    assert (sliced.certain, sliced.possible) == (10, 3_760)
    paged = message_size(JsonWeight(10, (elements(ASKED, each=150, turns=2),)))
    assert (paged.certain, paged.possible, paged.rows, paged.per_row) == (10, 150_010, 2_000, 75)


def test_the_list_that_takes_most_is_told():
    size = message_size(JsonWeight(2, (elements(AtMost(3, "tags"), each=5), elements(ASKED, each=9))))
    assert (size.possible, size.rows, size.per_row) == (9_017, 1_000, 9)


def test_a_recorded_row_replaces_an_unknown_one():
    weight = JsonWeight(10, (elements(ASKED, each=2, passed_on=True),))
    assert message_size(weight).possible == 2_010
    size = message_size(weight, row_bytes=120)
    assert (size.certain, size.per_row, size.measured) == (121_010, 121, True)
    built = message_size(JsonWeight(10, (elements(ASKED),)), row_bytes=120)
    assert (built.per_row, built.measured) == (75, False)


def test_only_rows_that_the_code_builds_from_its_own_fetch_are_unbounded():
    assert message_size(JsonWeight(0, (elements(OPEN),))).unbounded
    for count in (ASKED, FromData("rows", PLACE, filtered=True), FromData("rows", PLACE, queried=True)):
        assert not message_size(JsonWeight(0, (elements(count),))).unbounded
    assert not message_size(JsonWeight(0, (elements(OPEN, passed_on=True),))).unbounded
    assert not message_size(JsonWeight(0, (elements(OPEN, each=63),))).unbounded
    for count in (FromCaller("rows"), UnknownCount("rows")):
        size = message_size(JsonWeight(7, (elements(count),)))
        assert (size.unbounded, size.possible, size.rows) == (False, 7, None)

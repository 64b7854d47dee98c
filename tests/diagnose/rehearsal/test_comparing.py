from __future__ import annotations

import json

import pytest

from diagnose.embedded.invocation import OutboundFetch
from diagnose.importing import Rows
from diagnose.project import RowsSettings
from diagnose.rehearsal.comparing import at_path, differences, equal_rows, fetched_rows

COLUMNS = ("day", "place", "metres")
MAPPING = RowsSettings(path="data.levels", columns={"t": "day", "where": "place", "m": "metres"})


def rows(*values: tuple[object, ...]) -> Rows:
    return Rows(COLUMNS, values)


def fetched(body: object) -> OutboundFetch:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return OutboundFetch(url="https://tides.example", method="GET", status=200, answered=True, body=content)


@pytest.mark.parametrize(
    ("expected", "landed", "equal"),
    [
        ([(1, "n", 0.5)], [(1, "n", 0.5)], 1),
        ([(1, "n", 1)], [(1.0, "n", 1.0)], 1),
        ([(1, "n", None)], [(1, "n", 0)], 0),
        ([(1, "n", "1")], [(1, "n", 1)], 0),
        ([(1, "n", 0.5)] * 2, [(1, "n", 0.5)], 1),
        ([(1, "n", 0.5)], [(1, "n", 0.5)] * 2, 1),
        ([(2**53 + 1, "n", 0)], [(2**53 + 2, "n", 0)], 0),
        ([(1, "n", b"a")], [(1, "n", b"a")], 1),
        ([], [(1, "n", 0.5)], 0),
    ],
)
def test_each_landed_row_answers_for_one_expected_row(expected: list, landed: list, equal: int):
    assert equal_rows(rows(*expected), rows(*landed)) == equal


def test_differences_stand_beside_the_row_most_like_them():
    expected = rows((1, "north", 0.5), (2, "north", 0.7), (3, "south", None), (4, "west", b"\xff"))
    landed = rows((1, "north", 0.5), (2, "north", 0.9), (7, "east", 1))

    assert differences(expected, landed) == (
        {
            "bound": {"day": 2, "place": "north", "metres": 0.7},
            "landed": {"day": 2, "place": "north", "metres": 0.9},
        },
        {"bound": {"day": 3, "place": "south", "metres": None}, "landed": None},
        {"bound": {"day": 4, "place": "west", "metres": "ff"}, "landed": None},
    )


def test_three_differences_are_enough():
    assert len(differences(rows(*((day, "n", 0) for day in range(9))), rows())) == 3


def test_equal_rows_differ_in_nothing():
    assert differences(rows((1, "n", 0.5)), rows((1, "n", 0.5))) == ()


def test_fetched_rows_are_taken_from_every_answer_that_has_them():
    found = fetched_rows(
        [
            fetched({"data": {"levels": [{"t": 1, "where": "north", "m": 0.5}, {"t": 2}, "noise"]}}),
            fetched({"status": "ok"}),
            fetched(b"not json"),
            fetched({"data": {"levels": [{"t": 3, "where": True, "m": [1, {"a": 2}]}]}}),
        ],
        MAPPING,
    )

    assert found == Rows(COLUMNS, ((1, "north", 0.5), (2, None, None), (3, 1, '[1,{"a":2}]')))


def test_no_answer_with_rows_is_not_the_same_as_no_rows():
    assert fetched_rows([fetched({"data": {}})], MAPPING) is None
    assert fetched_rows([], MAPPING) is None
    assert fetched_rows([fetched({"data": {"levels": []}})], MAPPING) == Rows(COLUMNS, ())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("", {"a": [{"b": 7}]}),
        ("a.0.b", 7),
        ("a.0", {"b": 7}),
        ("a.1", None),
        ("a.b", None),
        ("a.0.b.c", None),
        ("x", None),
        ("a.-1", None),
    ],
)
def test_paths_lead_through_objects_and_arrays(path: str, value: object):
    assert at_path({"a": [{"b": 7}]}, path) == value

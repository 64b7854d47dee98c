from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.errors import UsageError
from diagnose.simulation import Workload


def size(row) -> int:
    return len(json.dumps(row, separators=(",", ":")))


@given(st.integers(1, 30), st.integers(0, 10_000_000))
def test_every_row_has_the_measured_size(columns, number):
    workload = Workload(columns=columns, rows=20_000_000)
    assert size(workload._price_row(number)) == workload.measured_row_bytes()


@given(st.integers(1, 30), st.integers(0, 500), st.integers(0, 10_000))
def test_a_row_has_the_size_that_was_asked_for(columns, more, number):
    asked = 2 * columns + 2 + more
    workload = Workload(columns=columns, rows=20_000, row_bytes=asked)
    assert workload.measured_row_bytes() == asked
    assert size(workload._padded_row(number)) == asked


def test_a_sample_is_never_longer_than_the_rows():
    assert list(Workload(columns=2, rows=2).sample(5)) == [
        (1_700_000_000, 10_011.25),
        (1_700_000_001, 10_018.25),
    ]


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"columns": 0, "rows": 1}, "columns must be from 1 to 2,000, not 0"),
        ({"columns": 2_001, "rows": 1}, "columns must be from 1 to 2,000, not 2,001"),
        ({"columns": 1, "rows": 0}, "rows must be from 1 to 1,000,000,000, not 0"),
        ({"columns": 1, "rows": 10**9 + 1}, "rows must be from 1 to 1,000,000,000, not 1,000,000,001"),
        (
            {"columns": 3, "rows": 1, "row_bytes": 7},
            "a row of 3 columns takes from 8 to 1,999,998 bytes as a JSON array, not 7",
        ),
        (
            {"columns": 3, "rows": 1, "row_bytes": 1_999_999},
            "a row of 3 columns takes from 8 to 1,999,998 bytes as a JSON array, not 1,999,999",
        ),
    ],
)
def test_numbers_out_of_range_are_refused(given_, message):
    with pytest.raises(UsageError) as caught:
        Workload(**given_)
    assert caught.value.message == message

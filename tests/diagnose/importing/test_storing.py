from __future__ import annotations

import pytest

from diagnose.d1 import Column, Table
from diagnose.d1.errors import RowError
from diagnose.importing import Rows, as_stored

TABLE = Table(
    name="levels",
    columns=(Column(name="place", type="TEXT"), Column(name="day", type="INTEGER"), Column(name="any")),
)


def test_values_take_the_affinity_of_their_columns():
    rows = Rows(("day", "place", "any"), (("7", 7, "7"), (7.0, "a", 7), (None, b"x", None)))
    assert as_stored(TABLE, rows, ("place", "day", "any")) == (("7", 7, "7"), ("a", 7, 7), (b"x", None, None))


def test_the_order_is_that_of_the_rows():
    rows = Rows(("day",), tuple((day,) for day in range(3000, 0, -1)))
    assert as_stored(TABLE, rows, ("day",)) == rows.values


def test_what_cannot_be_stored_is_an_error():
    with pytest.raises(RowError):
        as_stored(TABLE, Rows(("day",), ((float("nan"),),)), ("day",))

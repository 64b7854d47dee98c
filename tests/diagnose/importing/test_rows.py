from __future__ import annotations

import pytest

from diagnose.importing import Rows

ROWS = Rows(("day", "place", "metres"), ((1, "north", 0.5), (2, "south", None)))


def test_columns_are_selected_in_the_order_asked_for():
    assert len(ROWS) == 2
    assert ROWS.select(("metres", "day")) == ((0.5, 1), (None, 2))
    assert ROWS.select(()) == ((), ())


def test_a_column_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="not in tuple"):
        ROWS.select(("tide",))

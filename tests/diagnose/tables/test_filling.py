from __future__ import annotations

import pytest

from diagnose.d1 import Column, Table
from diagnose.importing import Rows
from diagnose.project import D1Binding
from diagnose.tables import WatchedSeries, fill

DAY = 86_400
START = 1_772_323_200
TABLE = Table(
    name="levels",
    columns=(Column(name="place", type="TEXT"), Column(name="at", type="INTEGER"), Column(name="metres")),
)


def series(*absent, days=60):
    times = (START + day * DAY for day in range(days) if day not in absent)
    return WatchedSeries(
        binding=D1Binding(binding="DB"),
        database_id="",
        table=TABLE,
        key=("place", "at"),
        place=1,
        rows=tuple(("pier", time) for time in times),
    )


def brought(*days, place="pier", metres=1.5):
    return tuple((metres, place, START + day * DAY) for day in days)


def filled(values, *absent):
    return fill(Rows(("METRES", "place", "At"), values), series(*absent))


def test_rows_are_kept_whose_key_is_missing_in_the_table_s_own_names():
    filling = filled(brought(3, 20, 21, 40) + brought(20, place="quay"), 20, 21, 22)
    assert filling.rows == Rows(("metres", "place", "at"), brought(20, 21))
    assert (filling.still, filling.disputed) == (1, 0)
    assert filling.told == f"pier between {START + 19 * DAY} and {START + 23 * DAY} (1)"


def test_what_is_filled_is_left_out():
    filling = filled(brought(20, 30), 20, 30, 40)
    assert [gap.after for gap in filling.left] == [START + 39 * DAY]


def test_a_row_twice_is_one_unless_its_values_differ():
    filling = filled(brought(20, 20, 21) + brought(21, metres=9.0), 20, 21)
    assert filling.rows.values == brought(20)
    assert (filling.still, filling.disputed) == (1, 1)
    assert filling.told.endswith(" (1), of 1 the source has rows that differ")


@pytest.mark.parametrize("time", [START + 20 * DAY + 1, (START + 20 * DAY) * 1000, None, "noon"])
def test_a_time_beside_the_step_or_in_another_form_is_not_taken(time):
    assert filled(((1.5, "pier", time),), 20).rows.values == ()

"""Forecasts, held against the statements that `diagnose.d1.forms` really makes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.d1 import D1Error, Database, Statement
from diagnose.d1.forms import Form, json_each, multi_row, singles
from diagnose.d1.limits import LIMITS
from diagnose.simulation import Workload, forecast
from diagnose.simulation.ways import WayName

FORMS = {Form.JSON_EACH: json_each, Form.MULTI_ROW: multi_row, Form.SINGLES: singles}


def by_name(found):
    return {way.way.name: way for way in found.ways}


def text_bytes(value) -> int:
    return len(value.encode()) if isinstance(value, str) else 8


@settings(max_examples=60)
@given(st.integers(1, 100), st.integers(1, 260), st.none() | st.integers(210, 120_000))
def test_division_tells_the_same_as_making_every_statement(columns, rows, row_bytes):
    workload = Workload(columns=columns, rows=rows, row_bytes=row_bytes)
    for way in forecast(workload).ways[1:]:
        made = list(FORMS[way.way.form](workload.insert, workload.sample(rows)))
        bound = [[text_bytes(value) for value in statement.params] for statement in made]
        texts = [len(statement.sql.encode()) for statement in made]
        assert way.statements == len(made)
        assert way.calls == -(-len(made) // way.way.statements_per_call)
        assert way.parameters == max(len(statement.params) for statement in made)
        assert way.statement_bytes == max(texts)
        assert way.value_bytes == max(max(sizes) for sizes in bound)
        assert way.total_bytes == sum(texts) + sum(map(sum, bound))
        assert way.error is None


@settings(max_examples=25)
@given(st.integers(1, 100))
def test_the_breaking_point_is_d1_s_own(columns):
    workload = Workload(columns=columns, rows=5_000)
    found = forecast(workload)
    names = ", ".join(workload.insert.columns)
    with Database.memory() as database:
        database.run(Statement(f"CREATE TABLE t ({names})"))
        marks = "(" + ", ".join("?" * columns) + ")"
        accepted = workload.insert.head + " VALUES " + ", ".join([marks] * (found.breaks_at - 1))
        refused = workload.insert.head + " VALUES " + ", ".join([marks] * found.breaks_at)
        if found.breaks_at > 1:
            database.prepare(accepted)
        with pytest.raises(D1Error) as caught:
            database.prepare(refused)
    assert caught.value.text == found.break_error
    assert found.breaks_at == 100 // columns + 1


def test_the_price_import_of_2000_rows():
    found = forecast(Workload(columns=10, rows=2_000))
    ways = by_name(found)
    assert (found.row_bytes, found.breaks_at) == (93, 11)
    assert found.break_error == "D1_ERROR: too many SQL variables at offset 384: SQLITE_ERROR"
    assert ways[WayName.ONE_STATEMENT].error == found.break_error
    assert [ways[name].statements for name in WayName] == [1, 2_000, 200, 2_000, 200, 1]
    assert [ways[name].calls for name in WayName] == [1, 2_000, 200, 20, 2, 1]
    singles_ = ways[WayName.BATCHED_SINGLES]
    assert (singles_.free.once, singles_.free.each) == (1, 40)
    assert (singles_.paid.once, singles_.paid.each) == (1, 2)
    assert found.queue.messages == 2
    assert found.queue.message_bytes <= 127_900
    needed = {(demand.subject, int(demand.limit)): demand.needed for demand in found.demands}
    assert needed["all rows in one statement", 100] == 20_000
    assert needed["all rows in one message", 128_000] == 2_000 * 94 + 1


def test_more_columns_than_a_table_has_are_refused_in_every_way():
    found = forecast(Workload(columns=101, rows=5))
    assert found.breaks_at == 1
    assert {way.error for way in found.ways} == {"D1_ERROR: too many columns on t: SQLITE_ERROR"}
    assert [demand.is_met for demand in found.demands if demand.limit.unit == "columns per table"] == [False]


def test_a_text_that_is_too_long_is_refused_for_its_length_first():
    found = forecast(Workload(columns=10, rows=5_000))
    assert by_name(found)[WayName.ONE_STATEMENT].error == "D1_ERROR: statement too long: SQLITE_TOOBIG"


def test_a_thousand_million_rows_are_told_by_division():
    found = forecast(Workload(columns=1, rows=10**9))
    way = by_name(found)[WayName.FULL_RUNS]
    assert way.statements == 10**7
    assert way.paid.once == 10**4
    assert way.minutes == pytest.approx(10**7 / 240)


def test_a_row_larger_than_a_message_has_no_queue():
    assert forecast(Workload(columns=2, rows=3, row_bytes=127_899)).queue is None
    assert forecast(Workload(columns=2, rows=3, row_bytes=127_898)).queue.messages == 3


def test_other_limits_are_obeyed():
    limits = LIMITS.__class__(d1=LIMITS.d1.pinned(bound_parameters=25))
    found = forecast(Workload(columns=10, rows=7), limits=limits)
    assert found.breaks_at == 3
    assert by_name(found)[WayName.FULL_RUNS].statements == 4

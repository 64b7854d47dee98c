from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.d1.engine import Database, Statement
from diagnose.d1.errors import RowError
from diagnose.d1.forms import Conflict, Insert, json_each, json_each_sql, multi_row, rows_that_fit, singles
from diagnose.d1.limits import LIMITS

DOCUMENTED = LIMITS.d1.documented()
FORMS = (json_each, multi_row, singles)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
)


@st.composite
def tables(draw):
    columns = draw(st.integers(1, 100))
    # A few values spread over wide rows: drawing each of 100 cells would only be slow.
    some = draw(st.lists(VALUES, min_size=1, max_size=8))
    picks = st.lists(st.integers(0, len(some) - 1), min_size=columns, max_size=columns)
    return columns, [tuple(some[pick] for pick in row) for row in draw(st.lists(picks, max_size=12))]


def landed(statements, columns, limits=DOCUMENTED):
    with Database.memory(limits=limits) as database:
        names = ", ".join(f"c{number}" for number in range(columns))
        database.run(Statement(f"CREATE TABLE t ({names})"))
        for statement in statements:
            database.run(statement)
        return list(database.run(Statement("SELECT * FROM t ORDER BY rowid")).rows)


def insert(columns):
    return Insert("t", tuple(f"c{number}" for number in range(columns)))


@pytest.mark.parametrize("form", FORMS)
@given(table=tables())
@settings(max_examples=40)
def test_every_row_arrives_as_it_was(form, table):
    columns, rows = table
    assert landed(form(insert(columns), rows), columns) == rows


@given(rows=st.lists(st.tuples(VALUES, VALUES), max_size=30), limit=st.integers(60, 200))
@settings(max_examples=60)
def test_json_is_cut_by_bytes(rows, limit):
    limits = DOCUMENTED.pinned(value_bytes=limit)
    rows = [row for row in rows if all(not isinstance(v, str | bytes) or len(v) < 8 for v in row)]
    statements = list(json_each(insert(2), rows, limits=limits))
    assert all(len(str(value).encode()) <= limit for one in statements for value in one.params)
    assert landed(statements, 2) == rows


def test_integers_stay_integers_in_json():
    rows = [(2**53 + 1, -(2**63)), (True, 0)]
    with Database.memory() as database:
        database.run(Statement("CREATE TABLE t (c0, c1)"))
        for statement in json_each(insert(2), rows):
            database.run(statement)
        found = database.run(Statement("SELECT typeof(c0), c0, c1 FROM t")).rows
    assert found == (("integer", 2**53 + 1, -(2**63)), ("integer", 1, 0))


def test_candles_go_into_one_statement():
    columns = ("symbol", "timestamp", "open")
    rows = [("BTC", 1_700_000_000 + day * 86_400, 1.5) for day in range(2_000)]
    (statement,) = json_each(Insert("price_data", columns, Conflict.IGNORE), rows)
    assert statement.sql == (
        "INSERT OR IGNORE INTO price_data (symbol, timestamp, open) "
        "SELECT value->>0, value->>1, value->>2 FROM json_each(?1)"
    )
    assert json.loads(statement.params[0]) == [list(row) for row in rows]


def test_an_upsert_follows_where_true():
    target = Insert("t", ("a", "order"), upsert="ON CONFLICT(a) DO UPDATE SET b = 1")
    assert json_each_sql(target, blobs=(1,)) == (
        'INSERT INTO t (a, "order") SELECT value->>0, unhex(value->>1) FROM json_each(?1) '
        "WHERE true ON CONFLICT(a) DO UPDATE SET b = 1"
    )
    (statement,) = multi_row(target, [(1, 2), (3, 4)])
    assert statement == Statement(
        'INSERT INTO t (a, "order") VALUES (?, ?), (?, ?) ON CONFLICT(a) DO UPDATE SET b = 1', (1, 2, 3, 4)
    )


def test_an_unsafe_double_is_bound_and_the_order_kept():
    rows = [(1, 2.0), (2, 1e-300), (3, 2.0)]
    statements = list(json_each(insert(2), rows))
    assert [one.params for one in statements] == [("[[1,2.0]]",), ("[2,null]", 1e-300), ("[[3,2.0]]",)]
    assert statements[1].sql == "INSERT INTO t (c0, c1) VALUES (?1->>0, ?2)"


def test_a_hundred_unsafe_doubles_need_a_hundred_parameters():
    (statement,) = json_each(insert(100), [(1e-300,) * 100])
    assert statement.params == (1e-300,) * 100
    assert landed([statement], 100) == [(1e-300,) * 100]


def test_blobs_and_texts_of_one_column_are_kept_apart():
    rows = [(b"\x01",), (None,), ("01",), (None,), (b"",)]
    statements = list(json_each(insert(1), rows))
    assert [one.params for one in statements] == [('[["01"],[null]]',), ('[["01"],[null]]',), ('[[""]]',)]
    assert landed(statements, 1) == rows


def test_nulls_do_not_cut_a_column_of_blobs():
    rows = [(number, b"x" if number % 2 else None) for number in range(100)]
    assert len(list(json_each(insert(2), rows))) == 1


def test_a_text_too_long_for_json_is_bound():
    row = ('"' * 1_500_000, 2**60)
    (statement,) = json_each(insert(2), [row])
    assert statement.params == ("[null,1152921504606846976]", row[0])
    assert landed([statement], 2) == [row]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (math.nan, "nan cannot be stored: D1 turns it into NULL"),
        (-math.inf, "-inf cannot be stored: D1 turns it into NULL"),
        (2**63, "9223372036854775808 does not fit into 64 bits"),
        ("é" * 1_000_001, "the value has 2000002 bytes and D1 stores at most 2000000"),
    ],
)
def test_what_d1_cannot_hold_is_refused_by_row_and_column(form, value, problem):
    with pytest.raises(RowError) as caught:
        list(form(insert(2), [(1, 2), (3, value)]))
    assert (caught.value.row, caught.value.column, caught.value.message) == (1, "c1", problem)


def test_a_row_of_another_width_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        list(json_each(insert(2), [(1,)]))


@pytest.mark.parametrize(
    ("columns", "fixed", "rows"), [(10, 0, 10), (7, 0, 14), (100, 0, 1), (101, 0, 0), (10, 1, 9), (1, 200, 0)]
)
def test_rows_that_fit(columns, fixed, rows):
    assert rows_that_fit(columns, fixed) == rows


def test_multi_row_takes_as_many_rows_as_fit():
    assert [len(one.params) for one in multi_row(insert(7), [(0,) * 7] * 30)] == [98, 98, 14]


def test_more_columns_than_parameters_are_refused():
    with pytest.raises(ValueError, match="101 columns"):
        list(multi_row(insert(101), [(0,) * 101]))

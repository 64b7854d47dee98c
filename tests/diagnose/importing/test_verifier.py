from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.errors import AccountError
from diagnose.importing import Comparison, Rows, compare_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.account import Account

pytestmark = pytest.mark.anyio

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
COLUMNS = ("day", "place", "metres")


@pytest.fixture
def levels(sql: Callable[[str], list[object]]) -> Callable[[str], list[object]]:
    sql("CREATE TABLE levels (day INTEGER, place TEXT, metres REAL)")
    return sql


async def test_missing_and_differing_rows_are_counted_apart(
    account: Account, levels: Callable[[str], list[object]]
):
    levels("INSERT INTO levels VALUES (1, 'north', 0.5), (2, 'north', 9.9), (4, 'south', 1)")
    rows = Rows(COLUMNS, ((1, "north", 0.5), (2, "north", 0.7), (3, "north", 0.9)))

    comparison = await compare_rows(account, HARBOUR, "levels", rows, key=("day", "place"))

    assert comparison == Comparison(rows=3, found=2, equal=1)
    assert not comparison.is_complete


async def test_null_equals_null_and_nothing_else(account: Account, levels: Callable[[str], list[object]]):
    levels("INSERT INTO levels VALUES (1, 'north', NULL), (2, 'north', 0), (3, 'north', NULL)")
    rows = Rows(COLUMNS, ((1, "north", None), (2, "north", None), (3, "north", 0.0)))

    assert await compare_rows(account, HARBOUR, "levels", rows, key=("day",)) == Comparison(3, 3, 1)


async def test_without_a_key_whole_rows_are_looked_for(
    account: Account, levels: Callable[[str], list[object]]
):
    levels("INSERT INTO levels VALUES (1, 'north', NULL)")
    rows = Rows(COLUMNS, ((1, "north", None), (1, "north", 0.5)))

    assert await compare_rows(account, HARBOUR, "levels", rows, key=()) == Comparison(2, 1, 1)


async def test_of_several_rows_under_one_key_any_may_be_equal(
    account: Account, levels: Callable[[str], list[object]]
):
    levels("INSERT INTO levels VALUES (1, 'north', 0.1), (1, 'north', 0.2)")

    comparison = await compare_rows(
        account, HARBOUR, "levels", Rows(COLUMNS, ((1, "north", 0.2),)), key=("day", "place")
    )

    assert comparison == Comparison(1, 1, 1)


@pytest.mark.parametrize("value", [2**53 + 1, 2**63 - 1, -(2**63)])
async def test_big_integers_are_compared_to_the_last_digit(
    account: Account, sql: Callable[[str], list[object]], value: int
):
    sql(f"CREATE TABLE things (id INTEGER); INSERT INTO things VALUES ({value})")
    near = value - 1 if value > 0 else value + 1

    rows = Rows(("id",), ((value,), (near,)))

    assert await compare_rows(account, HARBOUR, "things", rows, key=("id",)) == Comparison(2, 1, 1)


async def test_blobs_are_compared_as_blobs(account: Account, sql: Callable[[str], list[object]]):
    sql("CREATE TABLE things (id, value BLOB); INSERT INTO things VALUES (1, x'00ff'), (2, '00ff'), (3, x'')")
    rows = Rows(("id", "value"), ((1, b"\x00\xff"), (2, b"\x00\xff"), (3, b"")))

    assert await compare_rows(account, HARBOUR, "things", rows, key=("id",)) == Comparison(3, 3, 2)


@pytest.mark.parametrize(
    ("kind", "stored", "value", "equal"),
    [
        ("TEXT", "'1'", 1, 1),
        ("TEXT", "'1.0'", 1, 0),
        ("INTEGER", "1", 1.0, 1),
        ("INTEGER", "1", "1", 1),
        ("REAL", "1", 1, 1),
        ("REAL", "0.1", 0.1, 1),
        ("REAL", "0.1", 0.1000000000000001, 0),
        ("NUMERIC", "1", "1.0", 1),
        ("", "1", "1", 0),
        ("", "1", 1.0, 1),
        ("TEXT", "'a'", "A", 0),
        ("TEXT COLLATE NOCASE", "'a'", "A", 1),
    ],
)
async def test_values_are_compared_as_the_column_would_store_them(
    account: Account,
    sql: Callable[[str], list[object]],
    kind: str,
    stored: str,
    value: object,
    equal: int,
):
    sql(f"CREATE TABLE things (id INTEGER, value {kind}); INSERT INTO things VALUES (1, {stored})")

    comparison = await compare_rows(
        account, HARBOUR, "things", Rows(("id", "value"), ((1, value),)), key=("id",)
    )

    assert comparison == Comparison(1, 1, equal)


async def test_comparing_changes_nothing(account: Account, levels: Callable[[str], list[object]]):
    levels("INSERT INTO levels VALUES (1, 'north', 0.1)")

    await compare_rows(account, HARBOUR, "levels", Rows(COLUMNS, ((2, "south", 0.2),)), key=("day",))

    assert levels("SELECT * FROM levels") == [(1, "north", 0.1)]


async def test_a_column_that_is_not_there_is_an_error(
    account: Account, levels: Callable[[str], list[object]]
):
    with pytest.raises(AccountError, match="no such column"):
        await compare_rows(account, HARBOUR, "levels", Rows(("day", "tide"), ((1, 2),)), key=("day",))

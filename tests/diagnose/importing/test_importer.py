from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from virtual_time import VirtualTime

from diagnose.account import Account, AccountKind, OutcomeUnknownError, Secret
from diagnose.account.budget import Unlimited
from diagnose.account.transport import Transport
from diagnose.d1.errors import RowError
from diagnose.embedded.app.faults import Fault, FaultKind, Faults
from diagnose.errors import AccountError
from diagnose.importing import Comparison, Rows, import_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.embedded import EmbeddedAccount

pytestmark = pytest.mark.anyio

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"


async def test_rows_land_in_one_statement_and_are_equal(account: Account, sql: Callable[[str], list[object]]):
    sql("CREATE TABLE candles (time INTEGER PRIMARY KEY, close REAL)")
    rows = Rows(("time", "close"), tuple((86_400 * day, day / 3) for day in range(2_000)))

    result = await import_rows(account, HARBOUR, "candles", rows, key=("time",))

    assert (result.statements, result.written) == (1, 2_000)
    assert result.comparison == Comparison(2_000, 2_000, 2_000)
    assert sql("SELECT count(*), max(time) FROM candles") == [(2_000, 86_400 * 1_999)]


async def test_repeating_it_writes_nothing(account: Account, sql: Callable[[str], list[object]]):
    sql("CREATE TABLE candles (time INTEGER PRIMARY KEY, close REAL)")
    rows = Rows(("time", "close"), ((1, 0.1), (2, 0.2)))
    await import_rows(account, HARBOUR, "candles", rows, key=("time",))

    again = await import_rows(account, HARBOUR, "candles", rows, key=("time",))

    assert again.written == 0
    assert again.comparison.is_complete


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER, FaultKind.INTERNAL_ERROR])
async def test_no_row_is_lost_or_doubled_when_an_answer_is(
    embedded: EmbeddedAccount, sql: Callable[[str], list[object]], kind: FaultKind
):
    sql("CREATE TABLE candles (time INTEGER PRIMARY KEY, close REAL)")
    rows = Rows(("time", "close"), ((1, 0.1), (2, 0.2)))
    app = embedded.app(faults=Faults([Fault(kind=kind, times=1)]))
    transport = Transport.over_app(app, Secret(embedded.token), budget=Unlimited(VirtualTime()))
    async with Account(transport, embedded.account_id, AccountKind.SAVED) as faulty:
        result = await import_rows(faulty, HARBOUR, "candles", rows, key=("time",))

    assert result.written == (0 if kind is FaultKind.DROP_AFTER else 2)
    assert result.comparison == Comparison(2, 2, 2)
    assert sql("SELECT count(*) FROM candles") == [(2,)]


async def test_without_a_key_a_lost_answer_is_no_reason_to_write_twice(
    embedded: EmbeddedAccount, sql: Callable[[str], list[object]]
):
    sql("CREATE TABLE candles (time INTEGER, close REAL)")
    app = embedded.app(faults=Faults([Fault(kind=FaultKind.DROP_AFTER, times=1)]))
    async with Account.over_app(
        app, embedded.account_id, Secret(embedded.token), AccountKind.SAVED
    ) as faulty:
        with pytest.raises(OutcomeUnknownError):
            await import_rows(faulty, HARBOUR, "candles", Rows(("time", "close"), ((1, 0.1),)), key=())

    assert sql("SELECT count(*) FROM candles") == [(1,)]


async def test_an_interrupted_import_is_completed(account: Account, sql: Callable[[str], list[object]]):
    sql("CREATE TABLE candles (time INTEGER PRIMARY KEY, close REAL); INSERT INTO candles VALUES (1, 0.1)")
    rows = Rows(("time", "close"), ((1, 0.1), (2, 0.2), (3, None)))

    result = await import_rows(account, HARBOUR, "candles", rows, key=("time",))

    assert result.written == 2
    assert result.comparison == Comparison(3, 3, 3)


async def test_other_peoples_rows_are_neither_touched_nor_taken_for_ours(
    account: Account, sql: Callable[[str], list[object]]
):
    sql("CREATE TABLE candles (time INTEGER PRIMARY KEY, close REAL); INSERT INTO candles VALUES (1, 9.9)")

    result = await import_rows(
        account, HARBOUR, "candles", Rows(("time", "close"), ((1, 0.1), (2, 0.2))), key=("time",)
    )

    assert result.comparison == Comparison(2, 2, 1)
    assert not result.comparison.is_complete
    assert sql("SELECT * FROM candles ORDER BY time") == [(1, 9.9), (2, 0.2)]


async def test_every_kind_of_value_arrives_as_it_was(account: Account, sql: Callable[[str], list[object]]):
    sql("CREATE TABLE things (id INTEGER PRIMARY KEY, value)")
    values = (
        None,
        0,
        -1,
        2**53 + 1,
        -(2**63),
        0.1,
        1e-300,
        1.7976931348623157e308,
        -0.0,
        "",
        "it's",
        'a "quoted" \\ text',
        "zwölf 🕛",
        "nul \0 inside",
        b"",
        b"\x00\xff",
        "00ff",
    )
    rows = Rows(("id", "value"), tuple(enumerate(values)))

    result = await import_rows(account, HARBOUR, "things", rows, key=("id",))

    assert result.comparison == Comparison(len(values), len(values), len(values))
    landed = sql("SELECT value FROM things ORDER BY id")
    assert [value for (value,) in landed] == list(values)
    assert [type(value) for (value,) in landed] == [type(value) for value in values]


async def test_booleans_are_one_and_zero(account: Account, sql: Callable[[str], list[object]]):
    sql("CREATE TABLE things (id INTEGER PRIMARY KEY, value)")

    result = await import_rows(
        account, HARBOUR, "things", Rows(("id", "value"), ((1, True), (2, False))), key=("id",)
    )

    assert result.comparison.is_complete
    assert sql("SELECT value FROM things ORDER BY id") == [(1,), (0,)]


async def test_the_columns_types_decide_how_values_are_stored_and_compared(
    account: Account, sql: Callable[[str], list[object]]
):
    sql("CREATE TABLE things (id TEXT PRIMARY KEY, whole INTEGER, part REAL, text TEXT)")
    rows = Rows(("id", "whole", "part", "text"), ((7, "12", 3, 4), (8, 5.0, "0.5", 2.5)))

    result = await import_rows(account, HARBOUR, "things", rows, key=("id",))

    assert result.comparison == Comparison(2, 2, 2)
    assert sql("SELECT * FROM things ORDER BY id") == [("7", 12, 3.0, "4"), ("8", 5, 0.5, "2.5")]
    again = await import_rows(account, HARBOUR, "things", rows, key=("id",))
    assert again.written == 0


async def test_names_that_need_quotes(account: Account, sql: Callable[[str], list[object]]):
    sql('CREATE TABLE "order" ("group by" INTEGER PRIMARY KEY, "a""b" TEXT)')
    rows = Rows(("group by", 'a"b'), ((1, "x"),))

    result = await import_rows(account, HARBOUR, "order", rows, key=("group by",))

    assert result.comparison.is_complete


async def test_rows_are_cut_by_bytes(account: Account, sql: Callable[[str], list[object]]):
    sql("CREATE TABLE things (id INTEGER PRIMARY KEY, value)")
    rows = Rows(("id", "value"), tuple((number, "x" * 300_000) for number in range(20)))

    result = await import_rows(account, HARBOUR, "things", rows, key=("id",))

    assert result.statements == 4
    assert result.comparison == Comparison(20, 20, 20)


async def test_no_rows_are_no_statement(account: Account):
    result = await import_rows(account, HARBOUR, "nowhere", Rows(("id",), ()), key=("id",))

    assert (result.statements, result.written) == (0, 0)
    assert result.comparison.is_complete


async def test_a_table_that_is_not_there_is_an_error(account: Account):
    with pytest.raises(AccountError, match="no such table: nowhere"):
        await import_rows(account, HARBOUR, "nowhere", Rows(("id",), ((1,),)), key=("id",))


async def test_a_value_that_d1_cannot_hold_is_an_error(account: Account, sql: Callable[[str], list[object]]):
    sql("CREATE TABLE things (id INTEGER PRIMARY KEY, value)")

    with pytest.raises(RowError, match="nan cannot be stored"):
        await import_rows(account, HARBOUR, "things", Rows(("id", "value"), ((1, math.nan),)), key=("id",))

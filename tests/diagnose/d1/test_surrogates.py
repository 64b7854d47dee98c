from __future__ import annotations

import pytest

from diagnose.d1.engine import Database, Statement
from diagnose.d1.errors import D1Error
from diagnose.d1.surrogates import HalvedText, has_halves, paired, seen, spelled, stand_ins, stored

HIGH, LOW = "\ud83d", "\ude00"
SEEN = "\ufffd" * 3


@pytest.fixture
def database():
    with Database.memory() as database:
        database.run(Statement("CREATE TABLE t(a TEXT, b)"))
        yield database


def test_halves_that_belong_together_are_one_character():
    assert paired(HIGH + LOW) == stored(HIGH + LOW) == "\U0001f600"
    assert not has_halves(HIGH + LOW)


def test_half_a_pair_is_stored_as_three_bytes():
    assert stored("a" + HIGH) == HalvedText(b"a\xed\xa0\xbd")
    assert stored("plain") == "plain"


def test_a_statement_keeps_its_length_in_bytes():
    text = stand_ins(f"SELECT '{HIGH}'")
    assert len(text.encode()) == len(b"SELECT '...'")
    assert seen(text) == f"SELECT '{SEEN}'"


def test_what_is_bound_or_written_is_cast():
    sql = stand_ins(f"SELECT ?, '{LOW}''x', '?', ?2")
    assert spelled(sql, (stored(HIGH), 1), halved=True) == (
        "SELECT (+CAST(?1 AS TEXT)), (+CAST(x'edb8802778' AS TEXT)), '?', ?2"
    )
    assert spelled("SELECT ?", (1,), halved=False) == "SELECT ?"


def test_a_bound_half_is_one_character_in_sql(database):
    result = database.run(Statement("SELECT length(?1) AS n, hex(?1) AS h, ?1, typeof(?1)", (HIGH + "x",)))
    assert result.columns == ("n", "h", "?1", "typeof(?1)")
    assert result.rows == ((2, "EDA0BD78", SEEN + "x", "text"),)


def test_a_written_half_is_one_character_in_sql(database):
    result = database.run(Statement(f"SELECT length('{HIGH}'), hex('a{LOW}'), '{HIGH}' < 1"))
    assert result.rows == ((1, "61EDB880", 0),)
    assert result.columns == (f"length('{SEEN}')", f"hex('a{SEEN}')", f"'{SEEN}' < 1")


def test_a_half_is_stored_found_and_returned(database):
    written = database.run(Statement("INSERT INTO t VALUES(?, ?) RETURNING a, b", (HIGH, 1)))
    assert (written.rows, written.changes) == (((SEEN, 1.0),), 1)
    assert database.run(Statement("SELECT b FROM t WHERE a = ?", (HIGH,))).rows == ((1.0,),)
    assert database.run(Statement("UPDATE t SET b = 2 WHERE a = ? LIMIT ?", (HIGH, 1))).changes == 1


def test_offsets_behind_a_half_are_those_of_the_stored_bytes(database):
    with pytest.raises(D1Error) as caught:
        database.run(Statement(f"SELECT '{HIGH}', nope FROM t"))
    assert caught.value.offset == len(b"SELECT '...', ")


@pytest.mark.parametrize("prefix", ["", ";", "-- why\n", "WITH c AS (SELECT 1) "])
def test_a_half_is_stored_as_text_whatever_stands_in_front(database, prefix):
    database.run(Statement(f"{prefix}INSERT INTO t(a) VALUES(?)", (HIGH,)))
    assert database.run(Statement("SELECT typeof(a) FROM t")).rows == (("text",),)


def test_an_error_quotes_a_half_as_a_reader_sees_it(database):
    with pytest.raises(D1Error) as caught:
        database.run(Statement("SELECT json_extract('[1]', ?)", (f"a{HIGH}",)))
    assert caught.value.cause == f"bad JSON path: 'a{SEEN}': SQLITE_ERROR"

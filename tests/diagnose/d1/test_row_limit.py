from __future__ import annotations

import pytest

from diagnose.d1.engine import Database, Statement
from diagnose.d1.errors import D1Error


@pytest.fixture
def database():
    with Database.memory() as database:
        database.exec(
            "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)\n"
            "INSERT INTO t VALUES(1,'x'),(2,'y'),(3,'z')\n"
            "CREATE TABLE w(k TEXT, n, v, PRIMARY KEY(k, n)) WITHOUT ROWID\n"
            "INSERT INTO w VALUES('a',1,0),('b',2,0)\n"
            'CREATE TABLE "odd ]"(rowid TEXT, v)\n'
            "INSERT INTO \"odd ]\" VALUES('q', 1),('q', 2)"
        )
        yield database


@pytest.mark.parametrize(
    ("sql", "params", "returned", "left"),
    [
        ("DELETE FROM t LIMIT 1", (), (), "2y 3z"),
        ("DELETE FROM t ORDER BY a DESC LIMIT 2;", (), (), "1x"),
        ("DELETE FROM main.t AS q WHERE q.a > 1 LIMIT 1 -- why", (), (), "1x 3z"),
        ("DELETE FROM t WHERE a IN (SELECT 1 LIMIT 1) LIMIT 5", (), (), "2y 3z"),
        ("WITH c AS (SELECT 3 AS a) DELETE FROM t WHERE a IN (SELECT a FROM c) LIMIT 1", (), (), "1x 2y"),
        ("UPDATE t SET b = 'n' ORDER BY a DESC LIMIT 1 OFFSET 1", (), (), "1x 2n 3z"),
        ("UPDATE OR IGNORE t SET b = 'n' WHERE b IS NOT DISTINCT FROM 'x' LIMIT 1", (), (), "1n 2y 3z"),
        (
            "UPDATE t SET b = ? WHERE a > ? RETURNING a, ? ORDER BY a DESC LIMIT ?",
            ("n", 1, "r", 1),
            ((3, "r"),),
            "1x 2y 3n",
        ),
        (
            "UPDATE t SET b = :b WHERE a > ?7 RETURNING :b, @last ORDER BY a LIMIT ?6",
            ("n", 0, 0, 0, 0, 1, 2, "l"),
            (("n", "l"),),
            "1x 2y 3n",
        ),
    ],
)
def test_the_clause_limits_the_rows(database, sql, params, returned, left):
    assert database.run(Statement(sql, params)).rows == returned
    rows = database.run(Statement("SELECT a, b FROM t ORDER BY a")).rows
    assert " ".join(f"{a}{b}" for a, b in rows) == left


def test_a_table_without_row_numbers_is_limited_by_its_key(database):
    assert database.run(Statement("DELETE FROM w ORDER BY n DESC LIMIT 1")).changes == 1
    assert database.run(Statement("SELECT k FROM w")).rows == (("a",),)


def test_a_column_named_rowid_is_not_taken_for_the_row_number(database):
    assert database.run(Statement('DELETE FROM "odd ]" LIMIT 1')).changes == 1


def test_statements_behind_it_run_too(database):
    result = database.run(Statement("DELETE FROM t LIMIT 1 /* ; */ ; SELECT count(*) FROM t"))
    assert (result.rows, result.changes) == (((2,),), 1)


@pytest.mark.parametrize(
    ("sql", "cause"),
    [
        ("DELETE FROM t LIMIT", "incomplete input: SQLITE_ERROR"),
        ("DELETE FROM t LIMIT;", 'near ";": syntax error at offset 19: SQLITE_ERROR'),
        ("DELETE FROM t LIMIT 1 1", 'near "1": syntax error at offset 22: SQLITE_ERROR'),
        ("DELETE FROM t LIMIT 1 RETURNING a", 'near "RETURNING": syntax error at offset 22: SQLITE_ERROR'),
        ("DELETE FROM t ORDER BY a", "ORDER BY without LIMIT on DELETE: SQLITE_ERROR"),
        ("DELETE FROM nope LIMIT 1", "no such table: nope: SQLITE_ERROR"),
        ("/* é */ DELETE FROM t WHERE zz LIMIT 1", "no such column: zz at offset 29: SQLITE_ERROR"),
        ("UPDATE t SET b = 1 ORDER BY zz LIMIT 1", "no such column: zz at offset 28: SQLITE_ERROR"),
        ("INSERT INTO t VALUES(1,2) LIMIT 1", 'near "LIMIT": syntax error at offset 26: SQLITE_ERROR'),
        ("DELETE LIMIT 1", 'near "LIMIT": syntax error at offset 7: SQLITE_ERROR'),
    ],
)
def test_errors_read_as_for_the_original_text(database, sql, cause):
    with pytest.raises(D1Error) as caught:
        database.run(Statement(sql))
    assert caught.value.cause == cause


@pytest.mark.parametrize(
    ("sql", "cause"),
    [
        ("DELETE FROM t WHERE ORDER BY a", 'near "ORDER": syntax error at offset 20: SQLITE_ERROR'),
        (
            "UPDATE t SET b = 1 RETURNING LIMIT * LIMIT 1",
            'near "LIMIT": syntax error at offset 29: SQLITE_ERROR',
        ),
        ("DELETE FROM t ORDER BY a), b LIMIT 2", 'near ")": syntax error at offset 24: SQLITE_ERROR'),
        ("DELETE FROM t ORDER BY", "incomplete input: SQLITE_ERROR"),
        ("DELETE FROM nope ORDER BY a", "no such table: nope: SQLITE_ERROR"),
        ("DELETE FROM t ORDER BY nope", "ORDER BY without LIMIT on DELETE: SQLITE_ERROR"),
    ],
)
def test_what_is_wrong_beside_the_clause_is_told(database, sql, cause):
    with pytest.raises(D1Error) as caught:
        database.run(Statement(sql))
    assert caught.value.cause == cause


@pytest.mark.parametrize("name", ['"a b"', "[a b]", "`a b`", "'a b'"])
def test_a_table_may_stand_in_any_quotes(database, name):
    database.run(Statement('CREATE TABLE "a b" (k TEXT PRIMARY KEY) WITHOUT ROWID'))
    database.run(Statement("INSERT INTO \"a b\" VALUES ('x'), ('y')"))
    database.run(Statement(f"DELETE FROM {name} ORDER BY k LIMIT 1"))
    assert database.run(Statement('SELECT k FROM "a b"')).rows == (("y",),)


def test_columns_are_named_as_they_are_written(database):
    result = database.run(Statement("DELETE FROM t RETURNING a + ? ORDER BY a LIMIT ?", (1, 1)))
    assert (result.columns, result.rows) == (("a + ?",), ((2.0,),))


@pytest.mark.parametrize("sql", ["; DELETE FROM t LIMIT 1", "\ufeffDELETE FROM t LIMIT 1"])
def test_what_stands_in_front_of_the_statement_does_no_harm(database, sql):
    assert database.run(Statement(sql)).changes == 1

from __future__ import annotations

import pytest

from diagnose.d1.engine import Database, Statement
from diagnose.d1.errors import D1Error

NOT_AUTHORIZED = "D1_ERROR: not authorized: SQLITE_AUTH"


@pytest.fixture
def database():
    with Database.memory() as database:
        database.run(Statement("CREATE TABLE t(a, b)"))
        yield database


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH ':memory:' AS x",
        "CREATE TEMP VIEW v AS SELECT 1",
        "CREATE TABLE _Cf_x(a)",
        "CREATE INDEX _cf_i ON t(a)",
        "ALTER TABLE t RENAME TO _cf_t",
        "CREATE VIRTUAL TABLE f USING fts4(x)",
        "SELECT * FROM pragma_page_count",
        "PRAGMA user_version",
    ],
)
def test_denied(database, sql):
    with pytest.raises(D1Error) as caught:
        database.run(Statement(sql))
    assert caught.value.text == NOT_AUTHORIZED


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE t RENAME COLUMN a TO _cf_a",
        "ALTER TABLE t DROP COLUMN b",
        "SELECT count(*) FROM sqlite_temp_master",
        "CREATE VIRTUAL TABLE f USING FTS5(x)",
        "REINDEX t",
        "EXPLAIN SELECT 1",
    ],
)
def test_allowed(database, sql):
    database.run(Statement(sql))


def test_transactions_are_refused_with_advice(database):
    for sql in ("BEGIN", "COMMIT", "ROLLBACK TO x", "SAVEPOINT x", "RELEASE x"):
        with pytest.raises(D1Error, match=r"^D1_ERROR: To execute a transaction, please use "):
            database.run(Statement(sql))


def test_what_only_the_bundled_sqlite_has_looks_absent(database):
    for sql, cause in (
        ("SELECT median(1, 2, 3)", "no such function: median at offset 7: SQLITE_ERROR"),
        ("SELECT * FROM carray(1, 2)", "no such table: carray: SQLITE_ERROR"),
        ("SELECT * FROM dbstat", "no such table: dbstat: SQLITE_ERROR"),
    ):
        with pytest.raises(D1Error) as caught:
            database.run(Statement(sql))
        assert caught.value.cause == cause


def test_analyze_leaves_no_table_that_d1_does_not_have(database):
    database.exec("INSERT INTO t VALUES(1, 2)\nCREATE INDEX i ON t(a)\nANALYZE")
    rows = database.run(Statement("SELECT name FROM sqlite_master WHERE name LIKE 'sqlite%'")).rows
    assert rows == (("sqlite_stat1",),)

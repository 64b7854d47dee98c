from __future__ import annotations

import pytest

from diagnose.d1.engine import Database, Statement
from diagnose.d1.errors import D1Error

BAD = "CAST(x'ff41' AS TEXT)"


@pytest.mark.parametrize(
    "sql", [f"SELECT {BAD} AS a, x'ff' AS b, ?1, NULL;", f"SELECT {BAD}, x'ff', ?1, NULL -- c"]
)
def test_wrong_bytes_in_text_become_replacement_characters(sql):
    with Database.memory() as database:
        assert database.run(Statement(sql, (1.5,))).rows == (("\ufffdA", b"\xff", 1.5, None),)


def test_they_are_read_in_front_of_a_comment_without_an_end():
    with Database.memory() as database:
        assert database.run(Statement(f"SELECT {BAD} /* open; and more")).rows == (("\ufffdA",),)


def test_they_are_read_beside_the_longest_statement():
    sql = f"SELECT {BAD} -- "
    with Database.memory() as database:
        assert database.run(Statement(sql.ljust(100_000, "x"))).rows == (("\ufffdA",),)


@pytest.mark.parametrize(
    ("sql", "params", "rows"),
    [
        (
            f"INSERT INTO t VALUES({BAD}, ?) RETURNING *, b AS c, 'AS', ?",
            (1, "z"),
            ("\ufffdA", 1, 1, "AS", "z"),
        ),
        (
            f"UPDATE t SET a = {BAD}, b = x'ff' RETURNING (SELECT count(*) FROM t), a, b;",
            (),
            (1, "\ufffdA", b"\xff"),
        ),
        (f"DELETE FROM t WHERE ?1 RETURNING quote(b), {BAD}, ?1 -- ?", (1,), ("'y'", "\ufffdA", 1)),
        (f"DELETE FROM t RETURNING {BAD}, b ORDER BY a LIMIT ?", (1,), ("\ufffdA", "y")),
    ],
)
def test_a_write_returns_them_and_happens_once(sql, params, rows):
    with Database.memory() as database:
        database.exec("CREATE TABLE t(a, b)\nINSERT INTO t VALUES('x', 'y')")
        database.exec(
            "CREATE TABLE log(n)\nCREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log VALUES(1); END"
        )
        result = database.run(Statement(sql, params))
        assert (result.rows[0], result.changes) == (rows, 2 if "INSERT" in sql else 1)
        assert database.run(Statement("SELECT count(*) FROM log")).rows == ((result.changes - 1,),)


def test_a_write_whose_clause_cannot_be_told_apart_is_refused():
    with Database.memory() as database:
        database.run(Statement("CREATE TABLE t(a)"))
        with pytest.raises(D1Error, match="not valid UTF-8"):
            database.run(Statement(f"INSERT INTO t VALUES({BAD}) RETURNING a without_as"))
        assert database.run(Statement("SELECT count(*) FROM t")).rows == ((0,),)


def test_the_version_of_the_data_is_that_of_a_durable_object():
    with Database.memory() as database:
        assert database.run(Statement("PRAGMA data_version")).rows == ((2,),)
        assert database.run(Statement("SELECT 1 AS data_version")).rows == ((1,),)

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


def test_they_are_read_beside_the_longest_statement():
    sql = f"SELECT {BAD} -- "
    with Database.memory() as database:
        assert database.run(Statement(sql.ljust(100_000, "x"))).rows == (("\ufffdA",),)


def test_a_write_that_returns_them_is_refused():
    with Database.memory() as database:
        database.run(Statement("CREATE TABLE t(a)"))
        with pytest.raises(D1Error, match="not valid UTF-8"):
            database.run(Statement(f"INSERT INTO t VALUES({BAD}) RETURNING a"))
        assert database.run(Statement("SELECT count(*) FROM t")).rows == ((0,),)

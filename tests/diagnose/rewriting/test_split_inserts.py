from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.d1 import Database, Statement
from diagnose.d1.splitting import statements_in
from diagnose.rewriting.outcome import NotUnderstood
from diagnose.rewriting.split_inserts import split_insert

UPSERT = " ON CONFLICT (a) DO UPDATE SET a = excluded.a"


@pytest.mark.parametrize(
    ("statement", "limit", "first", "second"),
    [
        (
            "INSERT INTO t VALUES (1), (2), (3);",
            34,
            "INSERT INTO t VALUES (1), (2);",
            "INSERT INTO t VALUES (3);",
        ),
        (
            "insert into t (a)\nvalues\n  (1), -- one; (two)\n  (2)\n;",
            50,
            "insert into t (a)\nvalues\n  (1);",
            "insert into t (a)\nvalues -- one; (two)\n  (2)\n;",
        ),
        (
            "REPLACE INTO t VALUES ('a), (b', f(1, (2))), (?1, \")\") RETURNING a",
            60,
            "REPLACE INTO t VALUES ('a), (b', f(1, (2))) RETURNING a;",
            'REPLACE INTO t VALUES (?1, ")") RETURNING a',
        ),
        (
            f"INSERT INTO t VALUES (1),(2){UPSERT} /* x */ ;",
            80,
            f"INSERT INTO t VALUES (1){UPSERT};",
            f"INSERT INTO t VALUES(2){UPSERT} /* x */ ;",
        ),
    ],
)
def test_rows_comments_and_clauses_stay(statement, limit, first, second):
    assert split_insert(statement, limit) == f"{first}\n{second}"
    assert max(len(first), len(second)) <= limit


def test_what_is_short_enough_stays_as_it_is():
    assert split_insert("INSERT INTO t VALUES (1), (2)") == "INSERT INTO t VALUES (1), (2)"


def test_bytes_count_and_every_part_keeps_to_the_limit():
    rows = ",\n".join(f"('é{number}', {number})" for number in range(500))
    parts = split_insert(f"INSERT INTO t VALUES {rows};", 400).split(";\n")
    assert max(len(f"{part};".encode()) for part in parts) <= 400
    assert sum(part.count("('é") for part in parts) == 500


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DELETE FROM t", "it is no INSERT"),
        ("", "it is no INSERT"),
        ("WITH r AS (SELECT 1) INSERT INTO t SELECT * FROM r", "it is no INSERT"),
        ("INSERT INTO t SELECT 1", "not written out behind VALUES"),
        ("INSERT INTO t DEFAULT VALUES", "not written as tuples"),
        ("INSERT INTO t VALUES (1), (2", "not written as tuples"),
        ("INSERT INTO t VALUES (1)", "one row only"),
        ("INSERT INTO t VALUES (1), (234567)", "row 2 alone is longer"),
    ],
)
def test_what_cannot_be_divided(statement, reason):
    with pytest.raises(NotUnderstood, match=reason):
        split_insert(statement, 27)


VALUES = st.one_of(
    st.integers(-(2**31), 2**31),
    st.text(alphabet="ab'\";,()-/*?\né ", max_size=12),
    st.none(),
)


def literal(value):
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


@settings(max_examples=60)
@given(
    st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=30),
    st.sampled_from([", ", ",\n -- a); (b\n", ","]),
)
def test_what_is_split_writes_the_same_rows(rows, comma):
    tuples = comma.join(f"({literal(one)}, {literal(other)})" for one, other in rows)
    script = split_insert(f"INSERT INTO t (a, b) VALUES {tuples};", 120)
    with Database.memory() as database:
        database.run(Statement("CREATE TABLE t (a, b)"))
        for _, statement in statements_in(script):
            assert len(statement.encode()) <= 120
            database.run(Statement(statement))
        assert list(database.run(Statement("SELECT a, b FROM t ORDER BY rowid")).rows) == rows

from __future__ import annotations

import pytest

from diagnose.project.source import (
    Exactly,
    Hole,
    Ordinal,
    Repeated,
    SqlText,
    Text,
    UnknownCount,
    parameter_count,
    placeholders,
)
from diagnose.project.source.sites import columns_of, limit_of, table_of, verb_of

ROWS = UnknownCount("rows")


def test_rendering():
    unit = SqlText((Text("(?"), Ordinal(2, 2), Text(")")))
    sql = SqlText((Text("VALUES "), Repeated(unit, ", ", ROWS, "rows"), Hole("tail")))
    assert sql.render(rows=3, hole="!") == "VALUES (?2), (?4), (?6)!"
    assert sql.render({"rows": 0}) == "VALUES ?"
    assert sql.minimum() == "VALUES (?2)"
    assert sql.head() == "VALUES "
    assert sql.is_complete is False
    assert str(sql) == "VALUES (?2){…}"


def test_an_exact_count_is_kept():
    sql = SqlText((Repeated(SqlText((Text("?"),)), ",", Exactly(2), "two"),))
    assert sql.render(rows=100) == "?,?"
    assert sql.is_complete


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("SELECT ?, ?", 2),
        ("SELECT ?1, ?1, ?2", 2),
        ("SELECT ?5, ?", 6),
        ("SELECT :a, @b, $c, :a", 3),
        ("SELECT '?', \"?\", `?`, [?], ? -- ?\n, /* ? */ ?", 2),
        ("SELECT 'it''s ?'", 0),
    ],
)
def test_parameters_as_sqlite_counts_them(sql, count):
    assert parameter_count(sql) == count
    assert len(placeholders(sql)) >= min(count, 1)


@pytest.mark.parametrize(
    ("sql", "verb", "table", "columns"),
    [
        ('INSERT OR IGNORE INTO "t" ("a", b) VALUES (1, 2)', "INSERT", "t", ("a", "b")),
        ("  -- note\n insert into main.t(a) select 1", "INSERT", "t", ("a",)),
        ("REPLACE INTO [t] (a) VALUES (1)", "REPLACE", "t", ("a",)),
        ("UPDATE t SET a = ?, b = b + 1 WHERE c = 2", "UPDATE", "t", ("a", "b")),
        ("DELETE FROM `t` WHERE a = 1", "DELETE", "t", ()),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "INSERT", "t", ()),
        ("CREATE TABLE IF NOT EXISTS t (a)", "CREATE", "t", ()),
        ("SELECT a FROM t", "SELECT", "t", ()),
        ("", None, None, ()),
    ],
)
def test_what_a_statement_is_about(sql, verb, table, columns):
    text = SqlText((Text(sql),))
    found = (verb_of(text), columns_of(text))
    assert found == (verb, columns)
    assert table_of(text) in {table, "x"} if "WITH" in sql else table_of(text) == table


@pytest.mark.parametrize(
    ("sql", "limit"), [("SELECT 1 LIMIT 5", 5), ("SELECT 1 limit 5 OFFSET 2;", 5), ("SELECT 1 LIMIT ?", None)]
)
def test_the_limit_of_a_query(sql, limit):
    assert limit_of(SqlText((Text(sql),))) == limit

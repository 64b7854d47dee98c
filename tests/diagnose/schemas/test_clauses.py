from __future__ import annotations

import pytest

from diagnose.schemas import ConflictClause, conflict_clause


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("INSERT INTO t (a) VALUES (1)", None),
        ("SELECT 1", None),
        ("insert or ignore into t (a) values (1)", ConflictClause("ignore", "INSERT OR IGNORE")),
        ("INSERT OR REPLACE INTO t (a) VALUES (1)", ConflictClause("replace", "INSERT OR REPLACE")),
        ("REPLACE INTO t (a) VALUES (1)", ConflictClause("replace", "REPLACE")),
        ("INSERT INTO t (a) VALUES (replace('x', 'y', 'z'))", None),
        ("INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING", ConflictClause("ignore", "ON CONFLICT")),
        (
            'INSERT INTO t (a) VALUES (1) ON CONFLICT (a, "b c") DO UPDATE SET d = excluded.d',
            ConflictClause("update", "ON CONFLICT (a, b c)", ("a", "b c")),
        ),
        (
            "INSERT INTO t (a) VALUES (1) ON CONFLICT (lower(a)) DO NOTHING",
            ConflictClause("ignore", "ON CONFLICT"),
        ),
        ("INSERT INTO t (a) VALUES ('ON CONFLICT DO NOTHING')", None),
        (
            "WITH w AS (SELECT 1) INSERT OR IGNORE INTO t (a) SELECT * FROM w",
            ConflictClause("ignore", "INSERT OR IGNORE"),
        ),
    ],
)
def test_clauses(sites, sql, expected):
    (site,) = sites(sql)
    assert conflict_clause(site) == expected

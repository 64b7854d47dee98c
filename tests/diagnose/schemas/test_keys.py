from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.d1 import Database, Statement
from diagnose.project import WatchSettings
from diagnose.schemas import covering_keys, known_key, parse_key


def table(sql, *more):
    with Database.memory() as database:
        for text in (sql, *more):
            database.run(Statement(text))
        return database.schema().tables[0]


@pytest.mark.parametrize(
    ("statements", "written", "covered"),
    [
        (["CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a, b)"], "ab", False),
        (["CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)"], ["id", "a"], True),
        (["CREATE TABLE t (a, b, UNIQUE (a, b))"], "AB", True),
        (["CREATE TABLE t (a, b, UNIQUE (a, b))"], "a", False),
        (["CREATE TABLE t (a, b DEFAULT 'x', UNIQUE (a, b))"], "a", True),
        (["CREATE TABLE t (a, b DEFAULT CURRENT_TIMESTAMP, UNIQUE (a, b))"], "a", False),
        (["CREATE TABLE t (a, b DEFAULT (random()), UNIQUE (a, b))"], "a", False),
        (["CREATE TABLE t (a, b AS (a + 1), UNIQUE (b))"], "a", True),
        (["CREATE TABLE t (a PRIMARY KEY) WITHOUT ROWID"], "a", True),
        (["CREATE TABLE t (a, b)", "CREATE UNIQUE INDEX i ON t (a) WHERE b > 0"], "a", True),
        (["CREATE TABLE t (a, b)", "CREATE UNIQUE INDEX i ON t (lower(a))"], "a", True),
        (["CREATE TABLE t (a, b)", "CREATE INDEX i ON t (a)"], "a", False),
    ],
)
def test_keys_that_the_written_columns_can_violate(statements, written, covered):
    assert bool(covering_keys(table(*statements), list(written))) is covered


def test_the_settings_come_first_then_the_statement_then_other_databases(project):
    opened = project(
        'await self.env.DB.prepare("INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT (b) DO NOTHING").run()'
    )
    (binding,), sites = opened.config.d1, opened.source.sites
    other = table("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c, UNIQUE (c), UNIQUE (a, b))")
    settings = replace(opened.settings, watch=WatchSettings(table="T", database="rates", key=("a",)))
    assert known_key(settings, binding, "t", sites, [other]) == ("a",)
    assert known_key(opened.settings, binding, "t", sites, [other]) == ("b",)
    elsewhere = replace(settings.watch, database="another")
    assert known_key(replace(settings, watch=elsewhere), binding, "t", sites) == ("b",)
    assert known_key(opened.settings, binding, "t", ()) == ()


def test_the_key_of_another_database_must_lie_within_the_written_columns(project):
    opened = project('await self.env.DB.prepare("INSERT OR IGNORE INTO t (a, b) VALUES (1, 2)").run()')
    other = table("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, c, UNIQUE (c), UNIQUE (a, b))")
    assert known_key(opened.settings, opened.config.d1[0], "t", opened.source.sites, [other]) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a,B", ("A", "b")), (" a , a ", ("A",)), ("a,z", None), ("", None), (",", None)],
)
def test_a_key_as_a_user_writes_it(text, expected):
    assert parse_key(text, ("A", "b")) == expected

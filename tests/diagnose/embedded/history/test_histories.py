"""What both ways of keeping the past promise, on the same random work."""

from __future__ import annotations

import random

import pytest

from diagnose.d1 import D1Error, Database, Statement
from diagnose.embedded.history import FolderHistory, HistoryError, MemoryHistory

WRITES = (
    "INSERT INTO {table} (b, c) SELECT hex(randomblob({n} * 40)), value FROM json_each('[1,2,3,4,5,6,7,8]')",
    "INSERT INTO {table} (b) VALUES (randomblob({n} * 1500))",
    "UPDATE {table} SET b = randomblob(300) WHERE a % {n} = 0",
    "DELETE FROM {table} WHERE a % {n} = 0",
    "DELETE FROM {table}",
    "ALTER TABLE {table} ADD COLUMN d{k}",
    "CREATE INDEX i{k} ON {table} (b)",
    "DROP TABLE {table}",
)


def content(database):
    schema = database.run(Statement("SELECT type, name, sql FROM sqlite_schema ORDER BY name")).rows
    tables = [name for kind, name, _ in schema if kind == "table"]
    return schema, {name: database.run(Statement(f"SELECT * FROM {name}")).rows for name in tables}


def write_something(database, chance, k):
    tables = [table.name for table in database.schema().tables]
    database.run_all(Statement(f"CREATE TABLE IF NOT EXISTS t{k % 4} (a INTEGER PRIMARY KEY, b, c)"))
    table = chance.choice([*tables, f"t{k % 4}"])
    text = chance.choice(WRITES).format(table=table, n=chance.randint(2, 9), k=k)
    database.run(Statement(text))


@pytest.fixture(params=["folder", "memory"])
def kept(request, tmp_path):
    """A database and its history."""
    if request.param == "memory":
        with Database.memory() as database:
            yield database, MemoryHistory(database)
        return
    with Database.open(tmp_path / "rows.sqlite") as database:
        yield database, FolderHistory(tmp_path / "past", tmp_path / "rows.sqlite", database)


@pytest.mark.parametrize("seed", range(3))
def test_every_state_that_was_handed_out_comes_back(kept, seed):
    database, history = kept
    chance = random.Random(seed)  # noqa: S311 - a seed makes a failure repeatable
    states = {}
    for k in range(40):
        write_something(database, chance, k)
        history.hand_out(history.current)
        states[history.current] = content(database)
    for state in chance.sample(sorted(states, key=lambda state: state.number), 8):
        assert history.find(state.number) == state
        left, before = history.current, content(database)
        history.restore(state)
        assert content(database) == states[state]
        assert history.current.number == left.number + 1
        assert database.run(Statement("PRAGMA quick_check")).rows == (("ok",),)
        history.restore(left)
        assert content(database) == before
        if chance.random() < 0.5:
            write_something(database, chance, 100 + state.number)


def test_a_refused_statement_leaves_the_state(kept):
    database, history = kept
    database.run(Statement("CREATE TABLE t (a UNIQUE, b REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)"))
    state = history.current
    for text in ("INSERT INTO t VALUES (1, 1), (1, 1)", "INSERT INTO t VALUES (2, 3)", "nonsense"):
        with pytest.raises(D1Error):
            database.run(Statement(text))
        assert history.current == state
    history.hand_out(state)
    database.run(Statement("INSERT INTO t VALUES (1, 1)"))
    assert history.current.number == state.number + 1
    history.restore(state)
    assert database.run(Statement("SELECT * FROM t")).rows == ()


def test_reading_leaves_the_state(kept):
    database, history = kept
    state = history.current
    database.run(Statement("SELECT 1"))
    database.prepare("CREATE TABLE t (a)")
    assert history.current == state


def test_a_moment_names_the_state_that_held_then(kept):
    database, history = kept
    beginning = history.current
    assert history.at(beginning.since - 1) is None
    assert history.at(beginning.since + 10**9) == beginning
    database.run(Statement("CREATE TABLE t (a)"))
    assert history.at(beginning.since - 1) is None
    assert history.at(history.current.since) == history.current
    assert history.find(history.current.number + 1) is None


def test_views_triggers_and_virtual_tables_come_back(kept):
    database, history = kept
    database.run_all(
        Statement(
            "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t; CREATE VIRTUAL TABLE f USING fts5(x);"
            "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO f VALUES (new.a); END;"
            "INSERT INTO t VALUES ('one two')"
        )
    )
    state = history.current
    history.hand_out(state)
    database.run_all(Statement("DROP TRIGGER g; DROP VIEW v; DROP TABLE f; DROP TABLE t"))
    history.restore(state)
    database.run(Statement("INSERT INTO t VALUES ('two three')"))
    assert database.run(Statement("SELECT count(*) FROM f WHERE f MATCH 'two'")).rows == ((2,),)
    assert database.run(Statement("SELECT count(*) FROM v")).rows == ((2,),)


def test_a_damaged_past_is_refused_and_changes_nothing(tmp_path):
    with Database.open(tmp_path / "rows.sqlite") as database:
        history = FolderHistory(tmp_path / "past", tmp_path / "rows.sqlite", database)
        database.run(Statement("CREATE TABLE t (a)"))
        state = history.current
        database.run(Statement("INSERT INTO t VALUES (1)"))
        (journal,) = (tmp_path / "past").glob(f"{state.number:010d}-*")
        damaged = bytearray(journal.read_bytes())
        damaged[512 + 4 + 296] ^= 1  # a byte that counts towards the sum
        journal.write_bytes(damaged)
        with pytest.raises(HistoryError, match="is damaged"):
            history.restore(state)
        assert database.run(Statement("SELECT a FROM t")).rows == ((1,),)
        assert history.current.number == state.number + 1
        assert sorted(file.name for file in (tmp_path / "past").iterdir() if file.suffix == ".new") == []

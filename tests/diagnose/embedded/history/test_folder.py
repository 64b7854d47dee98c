from __future__ import annotations

import errno
import os
import random
import textwrap
import time

import pytest
from killing import write_until_killed

from diagnose.d1 import Database, Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.embedded.history import FolderHistory
from diagnose.embedded.history.entries import Entry, chain
from diagnose.embedded.history.interface import PastState
from diagnose.embedded.history.thinning import NEWEST, budget, by_the_second, every_second_state

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"


@pytest.fixture
def reopened(tmp_path):
    """Opens the same database and its history, again and again."""
    opened = []

    def open_again():
        for database in opened:
            database.close()
        database = Database.open(tmp_path / "rows.sqlite")
        opened.append(database)
        return database, FolderHistory(tmp_path / "past", tmp_path / "rows.sqlite", database)

    yield open_again
    for database in opened:
        database.close()


def count(database):
    ((rows,),) = database.run(Statement("SELECT count(*) FROM t")).rows
    return rows


def test_a_history_is_taken_up_where_it_ended(reopened):
    database, history = reopened()
    beginning = history.current
    database.run(Statement("CREATE TABLE t (a)"))
    database.run(Statement("INSERT INTO t VALUES (1)"))
    states = history.states
    database, history = reopened()
    assert history.states == states
    assert history.states[0] == beginning
    history.restore(states[1])
    assert count(database) == 0


def test_an_untouched_database_has_had_its_state_since_the_beginning(reopened):
    _, history = reopened()
    time.sleep(0.005)
    assert reopened()[1].current == history.current


def test_what_another_program_wrote_ends_the_history(reopened, tmp_path):
    database, history = reopened()
    database.run(Statement("CREATE TABLE t (a)"))
    lost = history.current
    database.close()
    with Database.open(tmp_path / "rows.sqlite") as unwatched:
        unwatched.run(Statement("INSERT INTO t VALUES (1)"))
    database, history = reopened()
    assert history.states == [history.current]
    assert (history.find(lost.number), history.current.number) == (None, lost.number + 1)
    assert [file.name for file in (tmp_path / "past").iterdir()] == ["beginning"]


def test_pages_that_a_restore_freed_and_others_took_come_back(reopened):
    database, history = reopened()
    database.run(Statement("CREATE TABLE t (a)"))
    states = {}
    for size in (40_000, 9_000, 70_000):
        database.run(Statement(f"INSERT INTO t VALUES (hex(randomblob({size})))"))
        states[history.current] = database.run(Statement("SELECT * FROM t")).rows
        database.run(Statement("DELETE FROM t"))
        for state, rows in [*states.items()]:
            history.restore(state)
            assert database.run(Statement("SELECT * FROM t")).rows == rows
            database.run(Statement("UPDATE t SET a = hex(randomblob(50000))"))


def test_a_journal_that_was_never_begun_is_no_past(reopened, tmp_path):
    database, history = reopened()
    database.run(Statement("CREATE TABLE t (a)"))
    database.close()
    (tmp_path / "rows.sqlite-journal").write_bytes(b"")
    database, history = reopened()
    states = history.states
    database.run(Statement("CREATE TABLE IF NOT EXISTS t (a)"))
    assert history.states == states


def test_where_a_file_has_one_name_only_writing_goes_on_without_a_past(reopened, monkeypatch):
    def refuse(*_paths):
        raise OSError(errno.EPERM, "Operation not permitted")

    database, history = reopened()
    database.run(Statement("CREATE TABLE t (a)"))
    lost = history.current
    monkeypatch.setattr(os, "link", refuse)
    database.run(Statement("INSERT INTO t VALUES (1)"))
    assert history.states == [history.current]
    assert (history.current.number, history.find(lost.number)) == (lost.number + 1, None)
    monkeypatch.undo()
    state = history.current
    database.run(Statement("DELETE FROM t"))
    history.restore(state)
    assert count(database) == 1
    assert reopened()[1].find(state.number) == state


def test_a_full_disk_refuses_the_write_and_keeps_the_past(reopened, monkeypatch):
    def refuse(*_paths):
        raise OSError(errno.ENOSPC, "No space left on device")

    database, history = reopened()
    database.run(Statement("CREATE TABLE t (a)"))
    states = history.states
    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OSError, match="No space left"):
        database.run(Statement("INSERT INTO t VALUES (1)"))
    monkeypatch.undo()
    assert (history.states, count(database)) == (states, 0)


def test_a_state_ends_when_the_next_begins(reopened):
    database, history = reopened()
    first = history.current
    database.run(Statement("CREATE TABLE t (a)"))
    assert (history.until(first), history.until(history.current)) == (history.current.since, None)


def test_the_past_is_thinned_but_for_what_was_handed_out(reopened, tmp_path):
    database, history = reopened()
    database.run(Statement("CREATE TABLE t (a)"))
    handed_out = {}
    for row in range(2 * NEWEST + 8):
        database.run(Statement("INSERT INTO t VALUES (1)"))
        if row % 150 == 7:
            history.hand_out(history.current)
            handed_out[history.current] = row + 1
    files = [file for file in (tmp_path / "past").iterdir() if file.suffix == ".journal"]
    assert len(files) == len(history.states) - 1 < NEWEST + 40
    database, history = reopened()
    for state, rows in handed_out.items():
        history.restore(state)
        assert count(database) == rows


def entry(number: int, since: int, tmp_path, size: int = 1) -> Entry:
    return Entry(PastState(number - 1, 0), PastState(number, since), tmp_path, size)


def test_older_entries_are_merged_by_the_second(tmp_path):
    entries = [entry(number, 250 * number, tmp_path) for number in range(1, NEWEST + 11)]
    merged = by_the_second(entries, {6})
    assert [[one.after.number for one in run] for run in merged] == [[1, 2, 3], [4, 5, 6], [8, 9, 10]]
    assert by_the_second(entries[:NEWEST], set()) == []


def test_beyond_the_budget_every_second_state_of_the_older_half_goes(tmp_path):
    entries = [entry(number, 0, tmp_path) for number in range(1, 13)]
    merged = every_second_state(entries, {3})
    assert [[one.after.number for one in run] for run in merged] == [[1, 2], [5, 6]]
    assert every_second_state(entries[:2], {1}) == []
    assert (budget(0), budget(10**9)) == (256_000_000, 2 * 10**9)


def test_a_budget_is_kept_within(reopened, tmp_path, monkeypatch):
    monkeypatch.setattr("diagnose.embedded.history.folder.budget", lambda _bytes: 400_000)
    monkeypatch.setattr("diagnose.embedded.history.folder._OFTEN_ENOUGH_BYTES", 100_000)
    database, history = reopened()
    database.run(Statement("CREATE TABLE t (a)"))
    history.hand_out(history.current)
    first = history.current
    for _ in range(100):
        database.run(Statement("INSERT INTO t VALUES (randomblob(9000))"))
        database.run(Statement("UPDATE t SET a = randomblob(9000) WHERE rowid > 90"))
    size = sum(file.stat().st_size for file in (tmp_path / "past").iterdir())
    assert size < 600_000
    history.restore(first)
    assert count(database) == 0


def test_a_chain_has_no_gap_and_prefers_what_was_merged(tmp_path):
    def between(before: int, after: int) -> Entry:
        return Entry(PastState(before, 0), PastState(after, 0), tmp_path / f"{before}-{after}")

    entries = [between(1, 2), between(3, 4), between(4, 5), between(5, 6), between(3, 5), between(6, 7)]
    assert [one.path.name for one in chain(entries, 6)] == ["3-5", "5-6"]
    assert chain(entries, 9) == []


WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from diagnose.d1 import Statement
    from diagnose.embedded import EmbeddedAccount

    account = EmbeddedAccount.open(Path(sys.argv[1]))
    database = account.find_database("rows") or account.create_database("rows", uuid=sys.argv[2])
    engine, history = account.database(database.uuid), account.history(database.uuid)
    engine.run_all(Statement("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, filler BLOB)"))
    (start,), = engine.run(Statement("SELECT count(*) FROM t")).rows
    for n in range(int(start) + 1, 10_000):
        engine.run(Statement("INSERT INTO t VALUES ((SELECT count(*) + 1 FROM t), randomblob(12000))"))
        if n % 3 == 0:
            history.hand_out(history.current)
            (rows,), = engine.run(Statement("SELECT count(*) FROM t")).rows
            print("state", history.current.number, rows, flush=True)
        if n % 20 == 0:
            history.restore(history.at(history.current.since - 1))
        print("row", n, flush=True)
    """
)


@pytest.mark.parametrize("seed", range(3))
def test_every_state_that_was_handed_out_survives_kills(tmp_path, seed):
    moments = random.Random(seed)  # noqa: S311 - a seed makes a failure repeatable
    folder = tmp_path / "account"
    states = {}
    for _ in range(3):
        for line in write_until_killed(WRITER, folder, UUID, seconds=moments.uniform(0.01, 0.25)):
            word, *numbers = line.split()
            if word == "state" and len(numbers) == 2:
                states[int(numbers[0])] = int(numbers[1])
    assert states
    with EmbeddedAccount.open(folder) as account:
        engine, history = account.database(UUID), account.history(UUID)
        for number, rows in moments.sample(sorted(states.items()), min(6, len(states))):
            state = history.find(number)
            assert state is not None
            history.restore(state)
            assert count(engine) == rows
            assert engine.run(Statement("PRAGMA quick_check")).rows == (("ok",),)

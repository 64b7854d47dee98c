from __future__ import annotations

import time

from diagnose.d1 import Database, Statement
from diagnose.embedded.history import MemoryHistory, memory


def count(database):
    ((rows,),) = database.run(Statement("SELECT count(*) FROM t")).rows
    return rows


def test_the_end_of_a_burst_is_kept(monkeypatch):
    monkeypatch.setattr(memory, "_SHARE_OF_TIME", 0)
    with Database.memory() as database:
        history = MemoryHistory(database)
        database.run(Statement("CREATE TABLE t (a)"))
        for _ in range(50):
            database.run(Statement("INSERT INTO t VALUES (1)"))
        end = history.current
        time.sleep(0.005)
        database.run(Statement("DELETE FROM t"))
        assert history.at(end.since) == end
        history.restore(end)
        assert count(database) == 50


def test_memory_is_bounded_but_for_what_was_handed_out(monkeypatch):
    monkeypatch.setattr(memory, "_BUDGET_BYTES", 2_000_000)
    with Database.memory() as database:
        history = MemoryHistory(database)
        database.run(Statement("CREATE TABLE t (a)"))
        first = history.current
        history.hand_out(first)
        for _ in range(60):
            time.sleep(0.002)
            database.run(Statement("INSERT INTO t VALUES (zeroblob(20000))"))
        assert sum(len(kept.image) for kept in history._kept) < 2_500_000
        history.restore(first)
        assert count(database) == 0

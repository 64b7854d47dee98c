from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from diagnose.d1.engine import Database, Statement
from diagnose.d1.errors import D1Error, D1TypeError
from diagnose.d1.javascript import UNDEFINED
from diagnose.d1.limits import LIMITS


@pytest.fixture
def database():
    with Database.memory() as database:
        database.run(Statement("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL)"))
        yield database


def rows(database, sql):
    return database.run(Statement(sql)).rows


def refused(call, *arguments):
    with pytest.raises(D1Error) as caught:
        call(*arguments)
    return caught.value


def test_a_result_has_rows_and_meta(database):
    written = database.run(Statement("INSERT INTO t VALUES(?, ?, ?)", (7, "x", True)))
    assert (written.changes, written.last_row_id, written.changed_db) == (1, 7, True)
    assert (written.columns, written.rows) == ((), ())
    read = database.run(Statement("SELECT a, b, c FROM t"))
    assert (read.columns, read.rows) == (("a", "b", "c"), ((7, "x", 1.0),))
    assert (read.changes, read.changed_db, read.size_after) == (0, False, written.size_after)
    assert read.duration_ms > 0


def test_the_parameter_limit_names_the_offset_of_parameter_101(database):
    head = "INSERT INTO t(a) VALUES "
    sql = head + ",".join(["(?)"] * 101)
    error = refused(database.run, Statement(sql, tuple(range(101))))
    assert error.offset == len(head) + len("(?),") * 100 + 1
    assert error.text == f"D1_ERROR: too many SQL variables at offset {error.offset}: SQLITE_ERROR"
    assert rows(database, "SELECT count(*) FROM t") == ((0,),)


def test_a_pinned_limit_is_enforced():
    with Database.memory(limits=LIMITS.d1.pinned(bound_parameters=2)) as database:
        assert database.run(Statement("SELECT ?, ?", (1, 2))).rows == ((1.0, 2.0),)
        assert refused(database.run, Statement("SELECT ?, ?, ?", (1, 2, 3))).offset == 13


def test_the_documented_limits_are_enforced_on_request():
    call = f"SELECT json_array({','.join(['1'] * 33)})"
    with Database.memory() as runtime, Database.memory(limits=LIMITS.d1.documented()) as documented:
        assert len(runtime.run(Statement(call)).rows) == 1
        assert refused(documented.run, Statement(call)).cause == (
            "too many arguments on function json_array at offset 7: SQLITE_ERROR"
        )


def test_calls_inside_a_block_are_held_to_other_limits(database):
    call = Statement(f"SELECT json_array({','.join(['1'] * 33)})")
    with database.held_to(LIMITS.d1.documented().pinned(statement_bytes=200)):
        assert "too many arguments on function" in refused(database.run, call).cause
        assert refused(database.run, Statement("SELECT 1 --" + "x" * 200)).cause == (
            "statement too long: SQLITE_TOOBIG"
        )
    assert len(database.run(call).rows) == 1
    assert rows(database, "SELECT 1 --" + "x" * 200) == ((1.0,),)


def test_a_batch_is_one_transaction(database):
    error = refused(
        database.batch,
        [Statement("INSERT INTO t(a) VALUES(1)"), Statement("INSERT INTO nope VALUES(1)")],
    )
    assert error.text == "D1_ERROR: no such table: nope: SQLITE_ERROR"
    assert rows(database, "SELECT count(*) FROM t") == ((0,),)


def test_a_type_error_comes_before_anything_is_sent(database):
    with pytest.raises(D1TypeError):
        database.batch([Statement("INSERT INTO t(a) VALUES(1)"), Statement("SELECT ?", (UNDEFINED,))])


def test_blank_statements_of_a_batch_have_no_result(database):
    results = database.batch([Statement(" "), Statement("SELECT 1"), Statement("  -- nothing")])
    assert [result.rows for result in results] == [((1,),)]


def test_several_statements_return_the_last_rows_and_all_changes(database):
    result = database.run(Statement("INSERT INTO t(a) VALUES(1); INSERT INTO t(a) VALUES(2); SELECT 5 AS x"))
    assert (result.rows, result.changes, result.changed_db) == (((5,),), 2, True)


def test_run_all_returns_every_result(database):
    results = database.run_all(Statement("INSERT INTO t(a) VALUES(1); SELECT a FROM t WHERE a = ?", (1,)))
    assert [(result.changes, result.rows) for result in results] == [(1, ()), (0, ((1,),))]


def test_run_all_rolls_back_as_a_whole(database):
    refused(database.run_all, Statement("INSERT INTO t(a) VALUES(1); SELEC"))
    assert rows(database, "SELECT count(*) FROM t") == ((0,),)


def test_exec_runs_lines(database):
    assert database.exec("\nINSERT INTO t(a) VALUES(1);\n\nINSERT INTO t(a) VALUES(2)\n-- end") == 2
    error = refused(database.exec, "CREATE TABLE n(\n a)")
    assert error.text == "D1_EXEC_ERROR: Error in line 1: CREATE TABLE n(: incomplete input: SQLITE_ERROR"


def test_a_lost_transaction_leaves_the_database_usable(database):
    database.run(Statement("INSERT INTO t(a) VALUES(1)"))
    error = refused(database.exec, "INSERT OR ROLLBACK INTO t(a) VALUES(2),(1)")
    assert error.text.startswith("internal error; reference = ")
    assert rows(database, "SELECT a FROM t") == ((1,),)


def test_a_deferred_violation_is_found_at_the_end():
    with Database.memory() as database:
        database.exec("CREATE TABLE p(id INTEGER PRIMARY KEY)\nCREATE TABLE c(p REFERENCES p(id))")
        error = refused(
            database.batch,
            [Statement("PRAGMA defer_foreign_keys=on"), Statement("INSERT INTO c VALUES(1)")],
        )
        assert error.text.startswith("internal error; reference = ")
        assert rows(database, "SELECT count(*) FROM c") == ((0,),)


def test_prepare_compiles_and_runs_nothing(database):
    prepared = database.prepare("UPDATE t SET b = ?3, c = 1 WHERE a IN (SELECT a FROM t) RETURNING a, b")
    assert (prepared.parameters, prepared.readonly, prepared.columns) == (3, False, ("a", "b"))
    assert prepared.tables_written == (("t", ("b", "c")),)
    assert prepared.tables_read == (("t", ("a", "b")),)
    assert database.prepare("SELECT count(*) FROM t").readonly


def test_prepare_leaves_no_trace_of_earlier_statements(database):
    assert database.prepare("CREATE TABLE n(x); INSERT INTO n VALUES(?)").parameters == 1
    assert database.schema().table("n") is None
    assert refused(database.prepare, "INSERT INTO n VALUES(?)").text == (
        "D1_ERROR: no such table: n: SQLITE_ERROR"
    )


def test_prepare_does_not_count_its_own_statements_as_growth(database):
    database.prepare("CREATE TABLE n(x); SELECT 1")
    assert not database.run(Statement("SELECT 1")).changed_db


def test_a_snapshot_is_independent(database):
    database.run(Statement("INSERT INTO t(a) VALUES(1)"))
    with database.snapshot() as copy:
        copy.run(Statement("DELETE FROM t"))
        database.run(Statement("INSERT INTO t(a) VALUES(2)"))
        assert rows(copy, "SELECT count(*) FROM t") == ((0,),)
    assert rows(database, "SELECT a FROM t") == ((1,), (2,))


def test_a_file_keeps_its_rows(tmp_path):
    path = tmp_path / "d1.sqlite"
    with Database.open(path) as database:
        database.exec("CREATE TABLE t(a)\nINSERT INTO t VALUES(1)")
    with Database.open(path, readonly=True) as database:
        assert rows(database, "SELECT a FROM t") == ((1,),)
        assert refused(database.run, Statement("INSERT INTO t VALUES(2)")).cause == (
            "attempt to write a readonly database: SQLITE_READONLY"
        )


WRITER = """
import sys
from pathlib import Path
from diagnose.d1.engine import Database, Statement
database = Database.open(Path(sys.argv[1]))
database.run(Statement("CREATE TABLE t(a)"))
number = 0
while True:
    number += 1
    database.run(Statement("INSERT INTO t VALUES(?)", (number,)))
    print(number, flush=True)
"""


def test_what_was_written_survives_a_kill(tmp_path):
    path = tmp_path / "d1.sqlite"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        lines = [int(writer.stdout.readline()) for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
        lines += [int(line) for line in writer.stdout if line.endswith("\n")]
    with Database.open(path) as database:
        ((count,),) = rows(database, "SELECT count(*) FROM t")
    assert count >= lines[-1]


def test_any_thread_may_call(database):
    found = []
    thread = threading.Thread(target=lambda: found.append(rows(database, "SELECT 1")))
    thread.start()
    thread.join()
    assert found == [((1,),)]


def test_an_interrupted_call_rolls_back(database, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("diagnose.d1.executing.fetch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        database.run(Statement("INSERT INTO t(a) VALUES(1)"))
    monkeypatch.undo()
    assert database.run(Statement("INSERT INTO t(a) VALUES(1)")).changes == 1


def test_a_query_that_never_ends_is_stopped():
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with Database.memory(limits=LIMITS.d1.pinned(query_seconds=1)) as database:
        with pytest.raises(D1Error, match="exceeded timeout which caused object to be reset"):
            database.run(Statement(endless))
        assert database.run(Statement("SELECT 1 AS n")).rows == ((1,),)


def test_a_script_may_be_longer_than_any_of_its_statements():
    rows = "INSERT INTO t VALUES ('a;b', 1); -- one;\n" * 3_000
    script = f"CREATE TABLE t (a, b);\n{rows}SELECT count(*) FROM t"
    with Database.memory() as database:
        assert database.run_all(Statement(script))[-1].rows == ((3_000,),)
        with pytest.raises(D1Error) as caught:
            database.run(Statement(rows))
        assert caught.value.cause == "statement too long: SQLITE_TOOBIG"
        with pytest.raises(D1Error) as caught:
            database.run_all(Statement(f"{rows}SELECT '{'x' * 100_000}'"))
        assert caught.value.cause == "statement too long: SQLITE_TOOBIG"
        assert database.run(Statement("SELECT count(*) FROM t")).rows == ((3_000,),)


def test_the_parameters_of_a_long_script_belong_to_its_last_statement():
    rows = "INSERT INTO t VALUES (1);\n" * 5_000
    with Database.memory() as database:
        database.run(Statement("CREATE TABLE t (a)"))
        assert database.run_all(Statement(f"{rows}SELECT count(*) + ? FROM t", (2,)))[-1].rows == (
            (5_002.0,),
        )


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("CREATE TABLE t (a);\n-- the end\n", 1),
        ("CREATE TABLE t (a);\n/* the end */", 1),
        ("CREATE TABLE t (a);\n;\n", 1),
        ("CREATE TABLE t (a) -- without a semicolon", 1),
        ("\n-- nothing yet\n", 0),
        ("", 0),
    ],
)
def test_a_migration_may_end_in_a_comment(text, tables):
    with Database.memory() as database:
        database.migrate(text)
        assert database.run(Statement("SELECT count(*) FROM sqlite_master")).rows == ((tables,),)


def test_a_migration_fails_as_a_whole():
    with Database.memory() as database:
        with pytest.raises(D1Error, match="no such table: u"):
            database.migrate("CREATE TABLE t (a);\nINSERT INTO u VALUES (1);\n-- the end\n")
        assert database.run(Statement("SELECT count(*) FROM sqlite_master")).rows == ((0,),)


def test_a_call_waits_for_the_one_that_another_thread_makes(database):
    def insert(first):
        for number in range(first, first + 200):
            database.run(Statement("INSERT INTO t VALUES(?, ?, ?)", (number, "x", number / 2)))

    threads = [threading.Thread(target=insert, args=(first,)) for first in (0, 200, 400)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert rows(database, "SELECT count(*), sum(c) FROM t") == ((600, 89_850.0),)


def test_a_call_can_be_interrupted_from_another_thread(database):
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    endless = f"{numbers} INSERT INTO t(a) SELECT i FROM n"
    caught: list[D1Error] = []
    thread = threading.Thread(target=lambda: caught.append(refused(database.run, Statement(endless))))
    thread.start()

    while thread.is_alive():
        database.interrupt()
        thread.join(0.01)

    assert caught[0].cause.startswith("internal error; reference = ")
    assert rows(database, "SELECT count(*) FROM t") == ((0,),)


def test_a_statement_before_the_last_one_takes_one_step(database):
    database.run(Statement("INSERT INTO t VALUES(1, '1', 0), (2, '{', 0)"))
    assert database.run(Statement("SELECT json(b) FROM t; SELECT 1")).rows == ((1,),)
    error = refused(database.run, Statement("SELECT a FROM t; DROP TABLE t; SELECT 1"))
    assert error.text == "D1_ERROR: database table is locked: SQLITE_LOCKED"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("INSERT INTO t(a) VALUES(1) RETURNING a; SELECT 1", "internal error; reference = " + "0" * 24),
        (
            "EXPLAIN QUERY PLAN INSERT INTO t(a) VALUES(1); SELECT 1",
            "internal error; reference = " + "0" * 24,
        ),
        ("INSERT INTO t(a) VALUES(1) RETURNING a; SELECT ?", "internal error; reference = " + "0" * 24),
        (
            "INSERT INTO t(a) VALUES(1) RETURNING a; SELECT nope",
            "D1_ERROR: no such column: nope at offset 7: SQLITE_ERROR",
        ),
    ],
)
def test_a_write_that_is_left_half_read_loses_the_transaction(database, text, error):
    database.run(Statement("INSERT INTO t(a) VALUES(7)"))
    assert refused(database.run, Statement(text)).text == error
    assert rows(database, "SELECT count(*) FROM t") == ((1,),)


@pytest.mark.parametrize(
    "sql",
    ["INSERT OR ROLLBACK INTO t(a) VALUES(1)", "INSERT INTO child VALUES(5)", "INSERT INTO s VALUES(NULL)"],
)
def test_a_lost_transaction_starts_the_database_anew(database, sql):
    database.exec(
        "CREATE TABLE child(a REFERENCES t DEFERRABLE INITIALLY DEFERRED)\n"
        "CREATE TABLE s(a INTEGER PRIMARY KEY AUTOINCREMENT)\n"
        "INSERT INTO s VALUES(9223372036854775807)\nINSERT INTO t(a) VALUES(1)\nPRAGMA case_sensitive_like=1"
    )
    assert rows(database, "SELECT 'a' LIKE 'A', last_insert_rowid()") == ((0, 1),)
    assert refused(database.run, Statement(sql)).text.startswith(
        ("internal error", "database or disk is full")
    )
    assert rows(database, "SELECT 'a' LIKE 'A', last_insert_rowid()") == ((1, 0),)


def test_analysis_leaves_no_statistics_that_d1_does_not_have(database):
    database.run(Statement("CREATE INDEX i ON t(b)"))
    database.exec("INSERT INTO t VALUES(1, 'x', 2)\nANALYZE\nANALYZE sqlite_schema")
    assert rows(database, "SELECT name FROM sqlite_master WHERE name LIKE 'sqlite_stat%'") == (
        ("sqlite_stat1",),
    )


@pytest.mark.parametrize("text", ["END END", "RELEASE s s"])
def test_what_sqlite_cannot_read_is_told_before_what_it_may_not_do(database, text):
    assert "syntax error" in refused(database.run, Statement(text)).cause


def test_closing_ends_what_another_thread_runs():
    database = Database.memory()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    caught: list[D1Error] = []
    thread = threading.Thread(target=lambda: caught.append(refused(database.run, Statement(endless))))
    thread.start()
    while database._session.turn.acquire(blocking=False):
        database._session.turn.release()

    database.close()
    thread.join()

    assert caught[0].cause.startswith("D1 DB storage operation exceeded timeout")


def test_statistics_are_put_right_once_no_statement_reads_any_more(database):
    text = "INSERT INTO t VALUES(1, 'x', 2); CREATE INDEX i ON t(b); SELECT a FROM t; ANALYZE; SELECT 1"
    assert database.run(Statement(text)).rows == ((1,),)
    assert rows(database, "SELECT name FROM sqlite_master WHERE name LIKE 'sqlite_stat%'") == (
        ("sqlite_stat1",),
    )

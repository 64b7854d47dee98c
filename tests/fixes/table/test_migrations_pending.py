from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio
INSERT = "INSERT INTO rates (day) VALUES ('2025-06-02')"
FILES = {
    "migrations/0001_rates.sql": "CREATE TABLE rates (day TEXT);\n",
    "migrations/0002_source.sql": "ALTER TABLE rates ADD COLUMN source TEXT;\n",
}
NAMES = "SELECT id, name FROM d1_migrations"
TABLE = (
    'CREATE TABLE "d1_migrations"(\n\t\tid         INTEGER PRIMARY KEY AUTOINCREMENT,\n'
    "\t\tname       TEXT UNIQUE,\n\t\tapplied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL\n)"
)


async def test_they_are_applied_in_their_order_as_wrangler_does(
    worker, account, repair, undo, tree, database, definitions
):
    folder = worker(INSERT, files=FILES)
    account(folder, "")
    before = tree(folder)
    (settlement,) = (await repair("TBL004", folder)).settlements
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 2)
    assert settlement.detail == "rates is given the migrations that it lacks"
    assert list(database(folder, NAMES)) == [(1, "0001_rates.sql"), (2, "0002_source.sql")]
    assert definitions(folder) == ((TABLE,), ("CREATE TABLE rates (day TEXT, source TEXT)",))
    assert tree(folder) == before
    assert (await repair("TBL004", folder)).settlements == ()
    left = (await undo(folder)).left
    assert left == (
        "migration 0002_source.sql stays applied to rates",
        "migration 0001_rates.sql stays applied to rates",
    )
    assert len(database(folder, NAMES)) == 2


async def test_the_plan_says_what_stays(worker, account, repair):
    folder = worker(INSERT, files=FILES)
    account(folder, "")
    from diagnose.engine.fixing import Fixer
    from diagnose.engine.registry import load_registry
    from diagnose.engine.runner import Selection
    from diagnose.engine.session import Session, SessionOptions

    async with Session(SessionOptions(path=folder)) as session:
        fixer = Fixer(session, load_registry(), None, session.journal_folder)
        fixer._operator = type("Quiet", (), {"checking": lambda *_: None})()
        ((_, plan),) = await fixer.preview(Selection(select=("TBL004",)))
    assert [step.preview() for step in plan.steps] == [sql.strip() for sql in FILES.values()]
    assert {step.irreversible for step in plan.steps} == {
        "what this migration changes stays when the run is undone"
    }


async def test_tables_that_are_there_are_not_made_again(worker, account, unchanged):
    folder = worker(INSERT, files=FILES)
    account(folder, "CREATE TABLE rates (day TEXT)")
    settlement = await unchanged("TBL004", folder)
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail == (
        "what 0001_rates.sql makes is in the database already, so that it cannot be applied again: if it was "
        "run in another way, enter it: INSERT INTO d1_migrations (name) VALUES ('0001_rates.sql')"
    )


async def test_one_that_would_fail_is_not_tried(worker, account, unchanged):
    folder = worker(INSERT, files={"migrations/0001_index.sql": "CREATE INDEX days ON rates (day);"})
    account(folder, "")
    settlement = await unchanged("TBL004", folder)
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.startswith("0001_index.sql would fail: D1_ERROR: no such table: main.rates")


async def test_rows_that_violate_a_new_key_stop_it_and_nothing_is_entered(
    worker, account, repair, database, definitions
):
    files = {"migrations/0001_key.sql": "CREATE UNIQUE INDEX days ON rates (day);"}
    folder = worker(INSERT, files=files)
    account(folder, "CREATE TABLE rates (day TEXT); INSERT INTO rates VALUES ('a'), ('a')")
    (settlement,) = (await repair("TBL004", folder)).settlements
    assert settlement.outcome is Outcome.NOT_FIXED
    assert "UNIQUE constraint failed: rates.day" in settlement.detail
    assert definitions(folder) == (("CREATE TABLE rates (day TEXT)",),)


async def test_the_migrations_of_another_project_are_left_alone(worker, account, unchanged):
    folder = worker(INSERT, files=FILES)
    account(
        folder,
        "CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
        "INSERT INTO d1_migrations (name) VALUES ('0001_users.sql')",
    )
    settlement = await unchanged("TBL004", folder)
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.startswith("the names that are entered in the database are no files")


async def test_the_missing_table_is_in_order_once_they_are_applied(worker, account, repair):
    folder = worker(INSERT, files=FILES)
    account(folder, "")
    result = await repair("TBL", folder)
    assert [(one.finding.code, one.outcome) for one in result.settlements] == [
        ("TBL004", Outcome.FIXED),
        ("TBL001", Outcome.IN_ORDER),
    ]

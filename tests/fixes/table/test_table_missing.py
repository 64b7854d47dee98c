from __future__ import annotations

import pytest

from diagnose.demo.writing import write_demo
from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio
INSERT = "INSERT INTO rates (day, rate) VALUES ('2025-06-02', 1.5)"
UPSERT = f"{INSERT} ON CONFLICT (day) DO NOTHING"
FILE = "migrations/0001_create_rates.sql"
TABLE = "CREATE TABLE rates (\n  day TEXT NOT NULL,\n  rate REAL,\n  PRIMARY KEY (day)\n);\n"
DEMO = """\
CREATE TABLE price_data (
  symbol TEXT NOT NULL,
  timestamp INTEGER NOT NULL,
  timeframe TEXT NOT NULL,
  open REAL,
  high REAL,
  low REAL,
  close REAL,
  volume_from REAL,
  volume_to REAL,
  source TEXT,
  PRIMARY KEY (symbol, timestamp, timeframe)
);
"""


async def test_the_demo_s_table_is_created_with_types_and_key(tmp_path, repair, undo, tree):
    folder = tmp_path / "demo"
    write_demo(folder)
    before = tree(folder)
    result = await repair("TBL001", folder)
    assert [settlement.outcome for settlement in result.settlements] == [Outcome.FIXED]
    path = "pyswarm/migrations/0001_create_price_data.sql"
    assert tree(folder) == {**before, path: DEMO.encode()}
    assert (await repair("TBL001", folder)).settlements == ()
    assert (await undo(folder)).left == ()
    assert tree(folder) == before


async def test_the_target_of_an_upsert_is_the_key(worker, account, proven):
    folder = worker(UPSERT)
    account(folder, "")
    await proven("TBL001", folder, FILE, TABLE)


async def test_a_rehearsal_tells_the_types_of_what_is_bound(account, proven, worker):
    folder = worker()
    insert = "INSERT INTO rates (day, rate, note) VALUES (?, ?, ?) ON CONFLICT (day) DO NOTHING"
    with (folder / "worker.py").open("a") as file:
        file.write(f'        day = str(2025)\n        rate = 1 / 2\n        sql = "{insert}"\n')
        file.write('        await db.prepare(sql).bind(day, rate, "x").run()\n')
    account(folder, "")
    typed = (
        "CREATE TABLE rates (\n  day TEXT NOT NULL,\n  rate REAL,\n  note TEXT,\n  PRIMARY KEY (day)\n);\n"
    )
    await proven("TBL001", folder, FILE, typed)


async def test_a_table_of_that_name_elsewhere_gives_key_and_types(worker, account, proven):
    folder = worker(INSERT)
    account(folder, "", staging="CREATE TABLE rates (id INTEGER PRIMARY KEY, day TEXT UNIQUE, rate REAL)")
    await proven("TBL001", folder, FILE, TABLE)


async def test_nobody_knows_the_key_so_it_is_asked_for(worker, account, unchanged, proven):
    folder = worker(INSERT)
    account(folder, "")
    settlement = await unchanged("TBL001", folder)
    assert settlement.outcome is Outcome.UNANSWERED
    assert settlement.detail == (
        "Which columns tell one row of rates from another? --option key='COLUMN,COLUMN' (these columns "
        "together, of day, rate); --option key='none' (no key: each import adds its rows again)"
    )
    wrong = await unchanged("TBL001", folder, options={"key": "nothing"})
    assert wrong.outcome is Outcome.UNANSWERED
    await proven("TBL001", folder, FILE, TABLE, options={"key": "day"})


async def test_a_table_without_a_key_is_possible(worker, account, proven):
    folder = worker(INSERT)
    account(folder, "")
    sql = "CREATE TABLE rates (\n  day TEXT,\n  rate REAL\n);\n"
    await proven("TBL001", folder, FILE, sql, options={"key": "none"})


async def test_a_pending_migration_is_applied_with_those_before_it(
    worker, account, repair, tree, definitions, database
):
    files = {
        "migrations/0001_days.sql": "CREATE TABLE days (day)",
        "migrations/0002_rates.sql": "CREATE TABLE rates (day, rate)",
        "migrations/0003_later.sql": "CREATE TABLE later (day)",
    }
    folder = worker(INSERT, files=files)
    account(folder, "")
    before = tree(folder)
    (settlement,) = (await repair("TBL001", folder)).settlements
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 2)
    assert tree(folder) == before
    assert database(folder, "SELECT name FROM d1_migrations ORDER BY id") == (
        ("0001_days.sql",),
        ("0002_rates.sql",),
    )


async def test_rows_that_came_since_keep_the_table(worker, account, repair, undo, database):
    folder = worker(UPSERT)
    account(folder, "")
    await repair("TBL001", folder)
    database(folder, INSERT)
    (left,) = (await undo(folder)).left
    assert left == "table rates of rates holds rows; it stays, and its migration stays applied"
    assert database(folder, "SELECT count(*) FROM rates") == ((1,),)


async def test_columns_that_are_only_read_are_not_made_up(worker, account, unchanged):
    folder = worker(UPSERT, "SELECT source FROM rates")
    account(folder, "")
    settlement = await unchanged("TBL001", folder)
    assert settlement.outcome is Outcome.REFUSED
    assert "no such column: source" in settlement.detail


async def test_a_table_that_is_only_read_is_refused(worker, account, unchanged):
    folder = worker("SELECT day FROM rates")
    account(folder, "")
    settlement = await unchanged("TBL001", folder)
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.startswith("the source does not tell which columns rates has")


async def test_migrations_of_another_tool_are_left_to_it(worker, account, unchanged):
    folder = worker(UPSERT)
    config = folder / "wrangler.toml"
    config.write_text(config.read_text() + 'migrations_pattern = "migrations/*/migration.sql"\n')
    account(folder, "")
    settlement = await unchanged("TBL001", folder)
    assert settlement.detail.startswith("the project's migrations are made by another tool")


async def test_without_an_account_the_file_is_written_and_the_rest_rehearsed(worker, repair, tree):
    folder = worker(UPSERT, files={"migrations/0001_days.sql": "CREATE TABLE days (day)"})
    before = tree(folder)
    result = await repair("TBL001", folder)
    assert [settlement.outcome for settlement in result.settlements] == [Outcome.REHEARSED]
    assert tree(folder) == {**before, "migrations/0002_create_rates.sql": TABLE.encode()}
    assert (await repair("TBL001", folder)).settlements == ()

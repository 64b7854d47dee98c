from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio
IGNORE = "INSERT OR IGNORE INTO rates (day, rate) VALUES ('2025-06-02', 1.5)"
UPSERT = "INSERT INTO rates (day, rate) VALUES ('2025-06-02', 1) ON CONFLICT (day) DO NOTHING"
TABLE = "CREATE TABLE rates (id INTEGER PRIMARY KEY, day TEXT, rate REAL)"
UNIQUE_ROWS = "INSERT INTO rates (day) VALUES ('a'), ('b'), (NULL), (NULL)"
REPEATED_ROWS = "INSERT INTO rates (day) VALUES ('a'), ('a'), ('b'), ('c'), ('c')"
WATCH = '[watch]\ntable = "rates"\nkey = ["day"]\n'
FILE = "migrations/0001_unique_rates.sql"
INDEX = "CREATE UNIQUE INDEX rates_day ON rates (day);\n"


async def test_the_key_of_the_settings_becomes_a_unique_index(worker, account, proven):
    folder = worker(IGNORE, files={"diagnose.toml": WATCH})
    account(folder, f"{TABLE}; {UNIQUE_ROWS}")
    await proven("TBL003", folder, FILE, INDEX)


async def test_the_target_of_the_statement_is_the_key_whatever_the_settings_say(worker, account, proven):
    folder = worker(UPSERT, files={"diagnose.toml": WATCH.replace("day", "rate")})
    account(folder, TABLE)
    await proven("TBL003", folder, FILE, INDEX)


async def test_the_key_of_a_table_elsewhere(worker, account, proven):
    folder = worker(IGNORE)
    account(folder, TABLE, staging="CREATE TABLE rates (day PRIMARY KEY, rate)")
    await proven("TBL003", folder, FILE, INDEX)


async def test_nobody_knows_the_key_so_it_is_asked_for(worker, account, unchanged, proven):
    folder = worker(IGNORE)
    account(folder, TABLE)
    settlement = await unchanged("TBL003", folder)
    assert settlement.outcome is Outcome.UNANSWERED
    assert settlement.detail == (
        "Which columns tell one row of rates from another? "
        "--option key='COLUMN,COLUMN' (these columns together, of day, rate)"
    )
    index = "CREATE UNIQUE INDEX rates_day_rate ON rates (day, rate);\n"
    await proven("TBL003", folder, FILE, index, options={"key": "day,rate"})


async def test_duplicates_are_reported_and_left(worker, account, unchanged, database):
    folder = worker(IGNORE, files={"diagnose.toml": WATCH})
    account(folder, f"{TABLE}; {REPEATED_ROWS}")
    settlement = await unchanged("TBL003", folder)
    assert settlement.outcome is Outcome.REFUSED
    query = "SELECT day, count(*) AS copies FROM rates WHERE day IS NOT NULL GROUP BY day HAVING count(*) > 1"
    assert settlement.detail == (
        "rates holds 2 keys more than once, and a unique index refuses them: "
        f"decide which rows to keep; this shows them: {query}"
    )
    assert database(folder, query) == (("a", 2), ("c", 2))


async def test_without_an_account_the_file_is_written_and_the_rest_rehearsed(worker, repair, tree):
    files = {"diagnose.toml": WATCH, "migrations/0001_rates.sql": TABLE}
    folder = worker(IGNORE, files=files)
    before = tree(folder)
    result = await repair("TBL003", folder)
    assert [settlement.outcome for settlement in result.settlements] == [Outcome.REHEARSED]
    assert tree(folder) == {**before, "migrations/0002_unique_rates.sql": INDEX.encode()}


async def test_migrations_of_another_tool_are_left_to_it(worker, account, unchanged):
    folder = worker(UPSERT)
    config = folder / "wrangler.toml"
    config.write_text(config.read_text() + 'migrations_pattern = "migrations/*/migration.sql"\n')
    account(folder, TABLE)
    settlement = await unchanged("TBL003", folder)
    assert settlement.detail.startswith("the project's migrations are made by another tool")

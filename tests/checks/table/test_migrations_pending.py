from __future__ import annotations

import pytest

from checks.table.migrations_pending import MigrationsPending
from diagnose.model import Confidence, Severity, Status

pytestmark = pytest.mark.anyio
UUID = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"
INSERT = "INSERT INTO rates (day) VALUES ('2025-06-02')"
FILES = {
    "migrations/0001_rates.sql": "CREATE TABLE rates (day TEXT);\n",
    "migrations/0002_source.sql": "ALTER TABLE rates ADD COLUMN source TEXT;\n",
}
ENTERED = (
    "CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, "
    "applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);"
)
END_TO_END = ("E2E001", "E2E002", "E2E004")


def entered(*names):
    rows = ", ".join(f"('{name}')" for name in names)
    return f"{ENTERED}INSERT INTO d1_migrations (name) VALUES {rows};"


async def test_nothing_was_applied(worker, account, findings):
    folder = worker(INSERT, files=FILES)
    account(folder, "")
    (finding,) = await findings("TBL004", folder)
    assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)
    assert finding.confidence is Confidence.HIGH
    assert finding.message == "0001_rates.sql, 0002_source.sql are not applied to rates"
    assert (finding.location.path, finding.location.line) == ("wrangler.toml", 7)
    assert finding.resource == f"d1/{UUID}"
    assert finding.evidence == {
        "binding": "DB",
        "database": "rates",
        "pending": ["0001_rates.sql", "0002_source.sql"],
        "out_of_order": [],
        "already_there": [],
        "refused": [],
        "unknown": [],
    }
    assert finding.explains == ("TBL001", *END_TO_END)


async def test_what_is_missing_is_told_apart(worker, account, findings):
    folder = worker("INSERT INTO rates (day, source) VALUES ('2025-06-02', 'x')", files=FILES)
    account(folder, "CREATE TABLE rates (day TEXT);" + entered("0001_rates.sql"))
    (finding,) = await findings("TBL004", folder)
    assert finding.message == "0002_source.sql is not applied to rates"
    assert finding.explains == ("TBL002", *END_TO_END)


async def test_a_migration_that_the_worker_does_not_need_explains_nothing(worker, account, findings):
    folder = worker(INSERT, files=FILES)
    account(folder, "CREATE TABLE rates (day TEXT);" + entered("0001_rates.sql"))
    (finding,) = await findings("TBL004", folder)
    assert (finding.status, finding.explains) == (Status.WARN, ())


async def test_a_unique_index_explains_the_conflict_clause(worker, account, findings):
    files = {**FILES, "migrations/0003_key.sql": "CREATE UNIQUE INDEX days ON rates (day);"}
    folder = worker(f"{INSERT} ON CONFLICT (day) DO NOTHING", files=files)
    account(
        folder,
        "CREATE TABLE rates (day TEXT, source TEXT);" + entered("0001_rates.sql", "0002_source.sql"),
    )
    (finding,) = await findings("TBL004", folder)
    assert finding.explains == ("TBL003", *END_TO_END)


async def test_everything_is_applied(worker, account, findings):
    folder = worker(INSERT, files=FILES)
    sql = "CREATE TABLE rates (day TEXT, source TEXT);" + entered("0001_rates.sql", "0002_source.sql")
    account(folder, sql)
    (finding,) = await findings("TBL004", folder)
    assert (finding.status, finding.message) == (Status.PASS, "every migration of DB is applied")
    assert finding.evidence == {"binding": "DB", "applied": 2}


async def test_one_that_came_before_an_applied_one(worker, account, findings):
    folder = worker(INSERT, files={**FILES, "migrations/0001_b_note.sql": "CREATE TABLE note (text TEXT);"})
    sql = "CREATE TABLE rates (day TEXT, source TEXT);" + entered("0001_rates.sql", "0002_source.sql")
    account(folder, sql)
    (finding,) = await findings("TBL004", folder)
    assert finding.message == (
        "0001_b_note.sql is not applied to rates; 0001_b_note.sql came before one that is applied"
    )
    assert finding.evidence["out_of_order"] == ["0001_b_note.sql"]


async def test_tables_that_were_made_without_an_entry_are_advice(worker, account, findings):
    folder = worker(INSERT, files=FILES)
    account(folder, "CREATE TABLE rates (day TEXT, source TEXT)")
    (finding,) = await findings("TBL004", folder)
    assert (finding.status, finding.severity) == (Status.WARN, Severity.ADVICE)
    assert finding.message == (
        "0001_rates.sql, 0002_source.sql are not entered as applied to rates, "
        "although what they make is there"
    )
    assert finding.evidence["already_there"] == ["0001_rates.sql", "0002_source.sql"]


async def test_a_harmless_repetition_is_there_as_well(worker, account, findings):
    files = {"migrations/0001_rates.sql": "CREATE TABLE IF NOT EXISTS rates (day TEXT);"}
    folder = worker(INSERT, files=files)
    account(folder, "CREATE TABLE rates (day TEXT)")
    (finding,) = await findings("TBL004", folder)
    assert finding.severity is Severity.ADVICE


async def test_rows_that_a_migration_adds_are_not_there(worker, account, findings):
    files = {"migrations/0001_seed.sql": INSERT}
    folder = worker(INSERT, files=files)
    account(folder, "CREATE TABLE rates (day TEXT)")
    (finding,) = await findings("TBL004", folder)
    assert (finding.severity, finding.evidence["already_there"]) == (Severity.WARNING, [])


async def test_one_that_d1_refuses_is_told(worker, account, findings):
    folder = worker(INSERT, files={"migrations/0001_index.sql": "CREATE INDEX days ON rates (day);"})
    account(folder, "")
    (finding,) = await findings("TBL004", folder)
    (refused,) = finding.evidence["refused"]
    assert refused["migration"] == "0001_index.sql"
    assert "no such table: main.rates" in refused["error"]
    assert "; 0001_index.sql would fail: " in finding.message


async def test_entries_of_another_project_make_it_unsure(worker, account, findings):
    folder = worker(INSERT, files=FILES)
    account(folder, entered("0001_users.sql"))
    (finding,) = await findings("TBL004", folder)
    assert finding.confidence is Confidence.LOW
    assert finding.evidence["unknown"] == ["0001_users.sql"]


async def test_a_table_of_migrations_of_its_own(worker, account, findings):
    folder = worker(INSERT, files={"sql/0001_rates.sql": FILES["migrations/0001_rates.sql"]})
    with (folder / "wrangler.toml").open("a") as config:
        config.write('migrations_table = "applied"\nmigrations_dir = "sql"\n')
    account(
        folder,
        "CREATE TABLE rates (day TEXT);" + entered("0001_rates.sql").replace("d1_migrations", "applied"),
    )
    (finding,) = await findings("TBL004", folder)
    assert finding.status is Status.PASS


async def test_two_bindings_of_one_database_are_one_finding(worker, account, findings):
    folder = worker(INSERT, files=FILES)
    with (folder / "wrangler.toml").open("a") as config:
        config.write(
            f'\n[[d1_databases]]\nbinding = "AGAIN"\ndatabase_name = "history"\ndatabase_id = "{UUID}"\n'
        )
    account(folder, "")
    (finding,) = await findings("TBL004", folder)
    assert finding.evidence["binding"] == "DB"


async def test_without_migrations_nothing_is_pending(worker, account, findings):
    folder = worker(INSERT)
    account(folder, entered("0001_made_elsewhere.sql"))
    (finding,) = await findings("TBL004", folder)
    assert (finding.status, finding.message) == (Status.PASS, "the project has no migrations")


async def test_a_database_that_is_not_in_the_account_is_skipped(worker, saved_account, findings):
    folder = worker(INSERT, files=FILES)
    saved_account(folder, {})
    (finding,) = await findings("TBL004", folder)
    assert finding.status is Status.SKIP
    assert finding.message == "the database behind DB is not in the account"


async def test_without_an_account_nothing_is_known(worker, findings):
    (finding,) = await findings("TBL004", worker(INSERT, files=FILES))
    assert finding.status is Status.SKIP


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(MigrationsPending)
    assert finding.status is Status.ERROR

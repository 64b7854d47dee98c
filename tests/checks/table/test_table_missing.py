from __future__ import annotations

from pathlib import Path

import pytest

from checks.table.table_missing import TableMissing
from diagnose.demo.writing import write_demo
from diagnose.model import Confidence, Location, Severity, Status

CORRECT = sorted((Path(__file__).parents[2] / "fixtures" / "correct").iterdir())
UUID = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"
INSERT = "INSERT INTO rates (day, rate) VALUES ('2025-06-02', 1.5)"
OTHER = {"migrations/0001_other.sql": "CREATE TABLE other (a)"}
pytestmark = pytest.mark.anyio


async def test_the_demo_s_table_stands_in_another_database(findings, tmp_path):
    write_demo(tmp_path / "demo")
    (finding,) = await findings("TBL001", tmp_path / "demo")
    assert finding.status is Status.FAIL
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "table price_data is not in market-archive (DB); market-staging has a table of that name, empty, "
        "with other columns (without volume_from, volume_to)"
    )
    assert finding.resource == "d1/26e02293-0b73-4bf9-8c6e-ec1d5d63dd35/price_data"
    assert finding.location == Location("pyswarm/Data_Import/historical_worker.py", 70, 5)
    assert finding.explains == ("E2E001", "E2E002", "E2E004")
    columns = ["symbol", "timestamp", "timeframe", "open", "high", "low", "close"]
    assert finding.evidence == {
        "binding": "DB",
        "database": "market-archive",
        "table": "price_data",
        "statements": ["pyswarm/Data_Import/historical_worker.py:70"],
        "columns": [*columns, "volume_from", "volume_to", "source"],
        "error": "D1_ERROR: no such table: price_data: SQLITE_ERROR",
        "found_in": [
            {
                "database": "market-staging",
                "columns": ["id", *columns, "volume", "source"],
                "empty": True,
                "missing": ["volume_from", "volume_to"],
            }
        ],
        "migration": None,
        "sql_file": None,
    }


@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(findings, folder):
    without_database = folder.name == "two_workers"  # the worker that is looked at only sends
    expected = Status.SKIP if without_database else Status.PASS
    assert {finding.status for finding in await findings("TBL001", folder, offline=True)} == {expected}


async def test_tables_of_the_account_are_there(findings, worker, account):
    folder = worker(INSERT, "SELECT day FROM latest", "SELECT text FROM words WHERE words MATCH 'a'")
    account(
        folder,
        "CREATE TABLE RATES (day, rate); CREATE VIEW latest AS SELECT * FROM rates;"
        " CREATE VIRTUAL TABLE words USING fts5 (text)",
    )
    (finding,) = await findings("TBL001", folder)
    assert finding.status is Status.PASS
    assert finding.evidence == {"tables": ["latest", "rates", "words"]}


async def test_a_missing_table_is_reported_once_where_it_is_written(findings, worker, account):
    folder = worker("SELECT max(day) FROM rates", INSERT, "SELECT 1 FROM prices")
    account(folder, "CREATE TABLE other (a)")
    rates, prices = await findings("TBL001", folder)
    assert rates.message == "table rates is not in rates (DB)"
    assert rates.location == Location("worker.py", 8, 9)
    assert rates.evidence["statements"] == ["worker.py:7", "worker.py:8"]
    assert rates.evidence["found_in"] == []
    assert prices.resource == f"d1/{UUID}/prices"


async def test_a_table_with_rows_and_the_right_columns_elsewhere(findings, worker, account):
    folder = worker(INSERT)
    account(folder, "", copy="CREATE TABLE rates (rate, day); INSERT INTO rates VALUES (1, 2)")
    (finding,) = await findings("TBL001", folder)
    assert finding.message.endswith("; copy has a table of that name, with rows, with the columns written")


async def test_a_migration_that_is_not_applied_is_named(findings, worker, account):
    folder = worker(INSERT, files={"migrations/0001_rates.sql": "CREATE TABLE rates (day, rate)"})
    account(folder, "")
    (finding,) = await findings("TBL001", folder)
    assert finding.message == (
        "table rates is not in rates (DB); migrations/0001_rates.sql creates it and is not applied"
    )
    assert finding.evidence["migration"] == "migrations/0001_rates.sql"


async def test_migrations_alone_make_it_less_sure(findings, worker):
    (finding,) = await findings("TBL001", worker(INSERT, files=OTHER), offline=True)
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.MEDIUM)
    assert finding.message == "table rates is not in history (DB)"


async def test_another_sql_file_that_creates_it_makes_it_advice(findings, worker):
    files = {**OTHER, "schema.sql": "CREATE TABLE IF NOT EXISTS rates (day, rate)"}
    (finding,) = await findings("TBL001", worker(INSERT, files=files), offline=True)
    assert finding.confidence is Confidence.LOW
    assert finding.message.endswith("as the migrations make it; schema.sql creates it")


async def test_a_table_that_the_worker_creates_is_there(findings, worker):
    folder = worker("CREATE TABLE IF NOT EXISTS rates (day, rate)", INSERT, files=OTHER)
    (finding,) = await findings("TBL001", folder, offline=True)
    assert finding.status is Status.PASS


async def test_names_of_a_with_clause_are_no_tables(findings, worker):
    folder = worker("WITH rates AS (SELECT 1 AS n) SELECT n FROM rates", files=OTHER)
    (finding,) = await findings("TBL001", folder, offline=True)
    assert finding.status is Status.PASS


async def test_without_any_schema_it_is_skipped(findings, worker):
    (finding,) = await findings("TBL001", worker(INSERT), offline=True)
    assert finding.status is Status.SKIP
    assert "diagnose init" in finding.message


async def test_a_database_that_is_not_known_is_skipped_by_itself(findings, worker):
    folder = worker(INSERT, files={"audit/0001_a.sql": "CREATE TABLE audit (a)"})
    config = folder / "wrangler.toml"
    more = '\n[[d1_databases]]\nbinding = "AUDIT"\nmigrations_dir = "audit"\n'
    config.write_text(config.read_text() + more)
    (finding,) = await findings("TBL001", folder, offline=True)
    assert finding.status is Status.SKIP
    assert finding.message.startswith("the tables behind DB are not known")


async def test_a_database_that_the_account_has_not_is_skipped(findings, worker, saved_account):
    folder = worker(INSERT)
    saved_account(folder, {"5f1c3a90-0000-4000-8000-000000000000": ("other", "")})
    (finding,) = await findings("TBL001", folder)
    assert finding.status is Status.SKIP


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(TableMissing)
    assert (finding.status, finding.severity) == (Status.ERROR, Severity.ERROR)

from __future__ import annotations

from pathlib import Path

import pytest

from checks.table.column_mismatch import ColumnMismatch
from diagnose.demo.writing import write_demo
from diagnose.model import Confidence, Location, Status

CORRECT = sorted((Path(__file__).parents[2] / "fixtures" / "correct").iterdir())
UUID = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"
INSERT = "INSERT INTO rates (day, low, high) VALUES ('2025-06-02', 1.5, 2.5)"
pytestmark = pytest.mark.anyio


async def test_all_missing_columns_of_a_table_are_one_finding(findings, worker, account):
    folder = worker("SELECT source FROM rates", INSERT, "UPDATE rates SET note = 'x'")
    account(folder, "CREATE TABLE rates (day TEXT, rate REAL)")
    (finding,) = await findings("TBL002", folder)
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.HIGH)
    assert finding.message == "table rates of rates (DB) has no column low, high, note, source"
    assert finding.location == Location("worker.py", 8, 9)
    assert finding.resource == f"d1/{UUID}/rates"
    assert finding.evidence == {
        "binding": "DB",
        "database": "rates",
        "table": "rates",
        "missing": ["low", "high", "note", "source"],
        "columns": ["day", "rate"],
        "written": ["day", "low", "high", "note"],
        "statements": ["worker.py:8", "worker.py:9", "worker.py:7"],
        "error": "D1_ERROR: table rates has no column named low: SQLITE_ERROR",
    }


@pytest.mark.parametrize("values", ["(1)", "(1, 2, 3)", "(1, 2, 3), (4, 5, 6)"])
async def test_values_for_columns_that_an_insert_does_not_name(findings, worker, account, values):
    folder = worker(f"INSERT INTO rates VALUES {values}")
    account(folder, "CREATE TABLE rates (day TEXT, rate REAL)")
    (finding,) = await findings("TBL002", folder)
    assert finding.status is Status.FAIL
    assert finding.message.startswith("table rates of rates (DB) has 2 columns, and the INSERT in ")
    assert finding.message.endswith(" names none and gives another number of values")
    assert finding.location == Location("worker.py", 7, 9)
    assert (finding.evidence["missing"], finding.evidence["columns"]) == ([], ["day", "rate"])
    number = values.partition(")")[0].count(",") + 1
    assert finding.evidence["error"].startswith(
        f"D1_ERROR: table rates has 2 columns but {number} values were supplied"
    )


async def test_a_missing_table_is_not_its_concern(findings, tmp_path):
    write_demo(tmp_path / "demo")
    (finding,) = await findings("TBL002", tmp_path / "demo")
    assert finding.status is Status.PASS


@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(findings, folder):
    without_database = folder.name == "two_workers"  # the worker that is looked at only sends
    expected = Status.SKIP if without_database else Status.PASS
    assert {finding.status for finding in await findings("TBL002", folder, offline=True)} == {expected}


async def test_what_the_migrations_make_is_less_sure(findings, worker):
    folder = worker(INSERT, files={"migrations/0001_rates.sql": "CREATE TABLE rates (day)"})
    (finding,) = await findings("TBL002", folder, offline=True)
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.MEDIUM)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO rates (DAY, Rate) VALUES (1, 2)",
        "INSERT INTO rates (rowid, day) VALUES (1, 2)",
        "SELECT r.day, count(*) AS days FROM rates r GROUP BY r.day ORDER BY days",
        "SELECT text, rank FROM words WHERE words MATCH 'a' ORDER BY rank",
        "INSERT INTO rates (day) VALUES (1) ON CONFLICT DO UPDATE SET rate = excluded.rate",
    ],
)
async def test_look_alikes_pass(findings, worker, account, statement):
    folder = worker(statement)
    account(folder, "CREATE TABLE rates (day, rate); CREATE VIRTUAL TABLE words USING fts5 (text)")
    (finding,) = await findings("TBL002", folder)
    assert finding.status is Status.PASS


async def test_columns_that_the_worker_adds_are_there(findings, worker, account):
    folder = worker("ALTER TABLE rates ADD COLUMN low", "ALTER TABLE rates ADD high", INSERT)
    account(folder, "CREATE TABLE rates (day)")
    (finding,) = await findings("TBL002", folder)
    assert finding.status is Status.PASS


async def test_without_any_schema_it_is_skipped(findings, worker):
    (finding,) = await findings("TBL002", worker(INSERT), offline=True)
    assert finding.status is Status.SKIP


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(ColumnMismatch)
    assert finding.status is Status.ERROR

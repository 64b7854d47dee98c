from __future__ import annotations

from pathlib import Path

import pytest

from checks.table.conflict_target import ConflictTarget
from diagnose.model import Confidence, Location, Status

CORRECT = sorted((Path(__file__).parents[2] / "fixtures" / "correct").iterdir())
UUID = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"
IGNORE = "INSERT OR IGNORE INTO rates (day, rate) VALUES ('2025-06-02', 1.5)"
UPSERT = "INSERT INTO rates (day, rate) VALUES ('2025-06-02', 1) ON CONFLICT (day) DO NOTHING"
pytestmark = pytest.mark.anyio


async def test_ignore_without_a_key_ignores_nothing(findings, worker, account):
    folder = worker(IGNORE)
    account(folder, "CREATE TABLE rates (id INTEGER PRIMARY KEY AUTOINCREMENT, day TEXT, rate REAL)")
    (finding,) = await findings("TBL003", folder)
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.HIGH)
    assert finding.message == (
        "INSERT OR IGNORE in Default.scheduled never meets a conflict: rates has no unique key within the "
        "written columns, so that each run adds its rows again"
    )
    assert finding.location == Location("worker.py", 7, 9)
    assert finding.resource == f"d1/{UUID}/rates"
    assert finding.explains == ()
    assert finding.evidence == {
        "binding": "DB",
        "database": "rates",
        "table": "rates",
        "clause": "INSERT OR IGNORE",
        "columns": ["day", "rate"],
        "keys": [["id"]],
        "error": None,
    }


async def test_a_target_that_is_no_key_is_refused_by_d1(findings, worker, account):
    folder = worker(UPSERT)
    account(folder, "CREATE TABLE rates (day TEXT, rate REAL, UNIQUE (day, rate))")
    (finding,) = await findings("TBL003", folder)
    assert finding.message == "ON CONFLICT (day) in Default.scheduled matches no unique key of rates"
    assert finding.explains == ("E2E001", "E2E002", "E2E004")
    assert finding.evidence["error"] == (
        "D1_ERROR: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint: SQLITE_ERROR"
    )


@pytest.mark.parametrize(
    ("statement", "sql"),
    [
        (IGNORE, "CREATE TABLE rates (day TEXT PRIMARY KEY, rate REAL)"),
        (IGNORE, "CREATE TABLE rates (day TEXT PRIMARY KEY, rate REAL) WITHOUT ROWID"),
        (IGNORE, "CREATE TABLE rates (day, rate); CREATE UNIQUE INDEX i ON rates (day) WHERE rate > 0"),
        (IGNORE, "CREATE TABLE rates (day, rate); CREATE UNIQUE INDEX i ON rates (lower(day))"),
        (IGNORE, "CREATE TABLE rates (day, rate, source DEFAULT 'ecb', UNIQUE (day, source))"),
        (UPSERT, "CREATE TABLE rates (day TEXT PRIMARY KEY, rate REAL)"),
        ("INSERT OR IGNORE INTO rates VALUES (1, 2)", "CREATE TABLE rates (day PRIMARY KEY, rate)"),
        ("INSERT INTO rates (day) VALUES (1)", "CREATE TABLE rates (day, rate)"),
        (
            "INSERT INTO rates (day) VALUES (1) ON CONFLICT (day) WHERE rate > 0 DO NOTHING",
            "CREATE TABLE rates (day, rate); CREATE UNIQUE INDEX i ON rates (day) WHERE rate > 0",
        ),
    ],
)
async def test_look_alikes_pass(findings, worker, account, statement, sql):
    folder = worker(statement)
    account(folder, sql)
    (finding,) = await findings("TBL003", folder)
    assert finding.status is Status.PASS


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO rates (day, rate) VALUES (1, 2)",
        "REPLACE INTO rates (day, rate) VALUES (1, 2)",
        "INSERT INTO rates (day, rate) VALUES (1, 2) ON CONFLICT DO NOTHING",
        "INSERT OR IGNORE INTO rates VALUES (1, 2)",
    ],
)
async def test_every_clause_needs_a_key(findings, worker, statement):
    folder = worker(statement, files={"migrations/0001_rates.sql": "CREATE TABLE rates (day, rate)"})
    (finding,) = await findings("TBL003", folder, offline=True)
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.MEDIUM)


@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(findings, folder):
    without_database = folder.name == "two_workers"  # the worker that is looked at only sends
    expected = Status.SKIP if without_database else Status.PASS
    assert {finding.status for finding in await findings("TBL003", folder, offline=True)} == {expected}


async def test_without_any_schema_it_is_skipped(findings, worker):
    (finding,) = await findings("TBL003", worker(IGNORE), offline=True)
    assert finding.status is Status.SKIP


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(ConflictTarget)
    assert finding.status is Status.ERROR

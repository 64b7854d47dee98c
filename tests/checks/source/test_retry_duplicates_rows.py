from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest

from checks.source.retry_duplicates_rows import RetryDuplicatesRows
from diagnose.model import Confidence, Location, Severity, Status

CORRECT = sorted((Path(__file__).parents[2] / "fixtures" / "correct").iterdir())
UUID = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"
CONFIG = f"""
name = "prices"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "{UUID}"

[[queues.consumers]]
queue = "prices"
"""
HEAD = """import json
import uuid

from js import fetch
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
"""
QUEUE = """    async def queue(self, batch):
        db = self.env.DB
        for message in batch.messages:
            row = message.body
"""
CRON = """    async def scheduled(self, controller):
        db = self.env.DB
        response = await fetch("https://api.example.com/prices?limit=100")
        for row in json.loads(await response.text()):
"""
INSERT = "INSERT INTO prices (symbol, day, close) VALUES (?, ?, ?)"
VALUES = 'row["symbol"], row["day"], row["close"]'
PLAIN = f'await db.prepare("{INSERT}").bind({VALUES}).run()'
UNKEYED = "CREATE TABLE prices (id INTEGER PRIMARY KEY, symbol TEXT, day INTEGER, close REAL)"
KEYED = "CREATE TABLE prices (symbol TEXT, day INTEGER, close REAL, UNIQUE (symbol, day))"
pytestmark = pytest.mark.anyio


@pytest.fixture
def findings(check, write_project, saved_account):
    async def find(*lines, sql, handler=QUEUE, migrated=False):
        body = textwrap.indent("\n".join(lines), " " * 12) + "\n"
        files = {"wrangler.toml": CONFIG, "worker.py": HEAD + handler + body}
        folder = write_project(files | ({"migrations/0001_init.sql": sql} if migrated else {}))
        if not migrated:
            saved_account(folder, {UUID: ("history", sql)})
        return [finding for finding in await check("SRC007", folder) if finding.code == "SRC007"]

    return find


@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(folder, check, tmp_path):
    shutil.copytree(folder, tmp_path / "correct")
    found = [one for one in await check("SRC007", tmp_path / "correct") if one.code == "SRC007"]
    assert {finding.status for finding in found} <= {Status.PASS, Status.SKIP}


async def test_without_a_key_a_redelivery_is_stored_again(findings):
    (finding,) = await findings(PLAIN, sql=UNKEYED)
    assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)
    assert finding.confidence is Confidence.HIGH
    assert finding.location == Location("worker.py", 13, 13)
    assert finding.resource == f"d1/{UUID}/prices"
    assert finding.message == (
        "INSERT in Default.queue stores its rows in prices a second time when they arrive again: no unique "
        "key within the written columns tells; a queue delivers a message again after a failure, and "
        "sometimes without one"
    )
    assert finding.explains == ()
    assert finding.evidence == {
        "binding": "DB",
        "database": "history",
        "table": "prices",
        "function": "Default.queue",
        "columns": ["symbol", "day", "close"],
        "keys": [["id"]],
        "key": None,
        "by": "queue",
    }


async def test_with_a_key_a_redelivery_is_refused(findings):
    (finding,) = await findings(PLAIN, sql=KEYED, migrated=True)
    assert (finding.status, finding.confidence) == (Status.WARN, Confidence.MEDIUM)
    assert finding.message == (
        "INSERT in Default.queue is refused when its rows arrive again (UNIQUE constraint failed: symbol, "
        "day of prices): a queue delivers a message again after a failure, and sometimes without one"
    )
    assert finding.evidence["key"] == ["symbol", "day"]
    assert finding.explains == ("E2E003",)


@pytest.mark.parametrize(("sql", "confidence"), [(KEYED, Confidence.MEDIUM), (UNKEYED, Confidence.LOW)])
async def test_a_cron_that_may_fetch_the_same_again(findings, sql, confidence):
    (finding,) = await findings(PLAIN, sql=sql, handler=CRON)
    assert (finding.status, finding.confidence, finding.evidence["by"]) == (Status.WARN, confidence, "cron")
    assert finding.message.endswith("the next run may fetch the same rows again")
    assert finding.explains == ()


async def test_a_random_key_tells_nothing_apart(findings):
    statement = "INSERT INTO prices (id, symbol, day) VALUES (?, ?, ?)"
    line = f'await db.prepare("{statement}").bind(str(uuid.uuid4()), row["symbol"], row["day"]).run()'
    (finding,) = await findings(line, sql="CREATE TABLE prices (id TEXT PRIMARY KEY, symbol, day)")
    assert finding.evidence["key"] is None
    assert finding.evidence["keys"] == [["id"]]


@pytest.mark.parametrize(
    ("statement", "sql"),
    [
        (INSERT + " ON CONFLICT (symbol, day) DO NOTHING", KEYED),
        (INSERT.replace("INSERT", "INSERT OR IGNORE"), KEYED),
        (INSERT.replace("INSERT", "INSERT OR REPLACE"), UNKEYED),
        (INSERT.replace("prices", "price_logs"), UNKEYED.replace("prices", "price_logs")),
        (INSERT.replace("prices", "price_events"), UNKEYED.replace("prices", "price_events")),
        (INSERT.replace("prices", "import_errors"), UNKEYED.replace("prices", "import_errors")),
        (
            (
                "INSERT INTO prices (symbol, day, close) SELECT ?1, ?2, ?3 WHERE NOT EXISTS "
                "(SELECT 1 FROM prices WHERE symbol = ?1 AND day = ?2)"
            ),
            UNKEYED,
        ),
        (INSERT, KEYED + "; CREATE TRIGGER old BEFORE INSERT ON prices BEGIN SELECT RAISE(IGNORE); END"),
        (INSERT, "CREATE TABLE prices (symbol, day, close); CREATE UNIQUE INDEX i ON prices (lower(symbol))"),
        (
            INSERT.replace("symbol", "message_id"),
            "CREATE TABLE prices (message_id TEXT PRIMARY KEY, day INTEGER, close REAL)",
        ),
        (INSERT, KEYED.replace("UNIQUE (symbol, day)", "UNIQUE (symbol, day) ON CONFLICT REPLACE")),
        (INSERT.replace("prices", "elsewhere"), KEYED),
        ("UPDATE prices SET symbol = ?, day = ?, close = ?", UNKEYED),
    ],
)
async def test_statements_that_bear_a_repetition_pass(findings, statement, sql):
    (finding,) = await findings(f'await db.prepare("{statement}").bind({VALUES}).run()', sql=sql)
    assert (finding.status, finding.message) == (Status.PASS, "rows that arrive twice are stored once")


@pytest.mark.parametrize(
    "line",
    [
        'await db.prepare("DELETE FROM prices WHERE day = ?").bind(row["day"]).run()',
        'known = await db.prepare("SELECT 1 FROM prices WHERE day = ?").bind(row["day"]).first()',
        'await db.prepare("UPDATE prices SET close = ? WHERE day = ?").bind(row["close"], row["day"]).run()',
        'await db.prepare("INSERT OR IGNORE INTO deliveries (message_id) VALUES (?)").bind(message.id).run()',
    ],
)
async def test_statements_beside_it_see_to_a_repetition(findings, line):
    sql = f"{UNKEYED}; CREATE TABLE deliveries (message_id TEXT PRIMARY KEY)"
    (finding,) = await findings(line, PLAIN, sql=sql)
    assert finding.status is Status.PASS


async def test_a_row_that_a_cron_makes_itself_is_no_import(findings):
    handler = "    async def scheduled(self, controller):\n        db = self.env.DB\n        if db:\n"
    line = (
        'await db.prepare("INSERT INTO prices (symbol, day, close) VALUES (?, ?, ?)").bind("a", 1, 2).run()'
    )
    (finding,) = await findings(line, sql=UNKEYED, handler=handler)
    assert finding.status is Status.PASS


@pytest.mark.parametrize(("handler", "status"), [(CRON, Status.PASS), (QUEUE, Status.WARN)])
async def test_a_cron_adds_snapshots_on_purpose(findings, handler, status):
    line = PLAIN.replace("close)", "fetched_at)")
    sql = UNKEYED.replace("close REAL", "fetched_at INTEGER")
    (finding,) = await findings(line, sql=sql, handler=handler)
    assert finding.status is status


async def test_an_unknown_database_is_skipped(findings, check, write_project, saved_account):
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": f"{HEAD}{QUEUE}            {PLAIN}\n"})
    second = '[[d1_databases]]\nbinding = "OTHER"\ndatabase_name = "o"\n'
    (folder / "wrangler.toml").write_text(
        CONFIG.replace(UUID, "6a0f0c55-1c1f-4c8e-8a44-6f8d5c3b2a10")
        + second
        + 'database_id = "5f1c3a90-0000-4000-8000-000000000001"\n'
    )
    saved_account(folder, {"5f1c3a90-0000-4000-8000-000000000001": ("o", UNKEYED)})
    (finding,) = [one for one in await check("SRC007", folder) if one.code == "SRC007"]
    assert (finding.status, finding.message) == (
        Status.SKIP,
        "the database behind DB is not in the account",
    )


async def test_without_tables_it_is_skipped(check, write_project):
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": f"{HEAD}{QUEUE}            {PLAIN}\n"})
    (finding,) = [one for one in await check("SRC007", folder) if one.code == "SRC007"]
    assert finding.status is Status.SKIP
    assert finding.message.startswith("the tables are not known")


async def test_a_broken_check_is_an_error(crash):
    (finding,) = await crash(RetryDuplicatesRows)
    assert finding.status is Status.ERROR

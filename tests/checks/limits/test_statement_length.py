from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.limits.statement_length import StatementLength
from diagnose.engine.runner import run_check
from diagnose.model import Confidence, Location, Severity, Status

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "tests" / "fixtures"
GOOD = sorted([*(FIXTURES / "correct").iterdir(), *(FIXTURES / "bare").iterdir()])

CONFIG = """
name = "import"
[[d1_databases]]
binding = "DB"
database_name = "history"
"""
SCHEMA = "CREATE TABLE prices (symbol TEXT, price REAL);\n"
ROWS = """
values = ", ".join(f"('{row['symbol']}', {row['time']}, {row['open']}, {row['close']})" for row in rows)
await db.prepare(f"INSERT INTO prices (symbol, time, open, close) VALUES {values}").run()
"""
WIDE = """
values = ", ".join(f"('binance-spot', 'one-minute-candles', 'usd', {row['a']})" for row in rows)
await db.prepare(f"INSERT INTO prices (source, kind, unit, price) VALUES {values}").run()
"""
JSON_EACH = """
sql = "INSERT INTO prices (a) SELECT value FROM json_each(?)"
await db.prepare(sql).bind(json.dumps(rows)).run()
"""
BOUND = """
marks = ", ".join(["(?, ?, ?)"] * len(rows))
await db.prepare(f"INSERT INTO prices (a, b, c) VALUES {marks}").bind(*rows).run()
"""


def insert(rows):
    """An INSERT of rows with 20 bytes each, commas included, and 27 bytes around them."""
    return "INSERT INTO prices VALUES " + ",".join(["('ABCDEFGHI', 1.25)"] * rows) + ";"


def of_bytes(size):
    return f"INSERT INTO prices VALUES ('{'x' * (size - 34)}', 1);"


async def test_the_limit_is_one_hundred_thousand_bytes(findings, write_project):
    fits, long = of_bytes(100_000), of_bytes(100_001)
    assert (len(fits), len(long)) == (100_000, 100_001)
    folder = write_project({"wrangler.toml": CONFIG, "migrations/0001_rows.sql": SCHEMA + fits + "\n"})
    (finding,) = await findings("LIM002", folder)
    assert (finding.status, finding.evidence) == (Status.PASS, {"files": 1, "sites": 0})
    write_project({"migrations/0001_rows.sql": SCHEMA + fits + "\n\n-- the rest\n" + long + "\n"})
    (finding,) = await findings("LIM002", folder)
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.ERROR)
    assert finding.confidence is Confidence.HIGH
    assert finding.location == Location("migrations/0001_rows.sql", 5)
    assert finding.message == "a statement of 100,001 bytes is longer than the 100,000 that D1 reads"
    assert finding.evidence == {
        "bytes": 100_001,
        "limit": 100_000,
        "error": "D1_ERROR: statement too long: SQLITE_TOOBIG",
        "statement": long[:200],
        "named_at": None,
    }


async def test_the_engine_agrees():
    from diagnose.d1 import D1Error, Database, Statement

    with Database.memory() as database:
        database.run(Statement(SCHEMA))
        assert database.run(Statement(of_bytes(100_000))).rows == ()
        with pytest.raises(D1Error) as caught:
            database.run(Statement(of_bytes(100_001)))
    assert caught.value.text == "D1_ERROR: statement too long: SQLITE_TOOBIG"


async def test_bytes_are_counted_not_characters(findings, write_project):
    statement = f"INSERT INTO prices VALUES ('{'é' * 50_000}', 1);"
    folder = write_project({"wrangler.toml": CONFIG, "migrations/1.sql": statement})
    (finding,) = await findings("LIM002", folder)
    assert finding.evidence["bytes"] == 100_034


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("package.json", '{"scripts": {"seed": "wrangler d1 execute history --remote --file=./seed.sql"}}'),
        ("package.json", '{"scripts": {"seed": "npx wrangler d1 execute DB --file \\"seed.sql\\" && x"}}'),
        ("Makefile", "seed:\n\twrangler d1 execute history \\\n\t\t--file seed.sql\n"),
        ("tools/seed.sh", "#!/bin/sh\nnpx wrangler d1 execute history --local --file ../seed.sql\n"),
        ("tools/seed.sh", "npx wrangler d1 execute history --file seed.sql\n"),
        (".github/workflows/deploy.yml", "steps:\n  - run: wrangler d1 execute history --file 'seed.sql'\n"),
    ],
)
async def test_files_that_a_script_executes(script, text, findings, write_project):
    folder = write_project({"wrangler.toml": CONFIG, "seed.sql": SCHEMA + insert(5_000), script: text})
    (finding,) = await findings("LIM002", folder)
    assert (finding.status, finding.location) == (Status.FAIL, Location("seed.sql", 2))
    assert finding.evidence["bytes"] == 100_026
    assert str(finding.evidence["named_at"]).startswith(f"{script}:")


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("README.md", "wrangler d1 execute history --file seed.sql"),
        ("Makefile", "seed:\n\t# wrangler d1 execute history --file seed.sql\n"),
        ("Makefile", "seed:\n\tsqlite3 local.db < seed.sql\n"),
        ("seed.sh", "wrangler d1 execute history --file $1\n"),
        ("seed.sh", "wrangler d1 execute history --file other.sql\n"),
        ("seed.sh", "wrangler d1 execute history --command 'SELECT 1'; psql --file seed.sql\n"),
        ("seed.sh", "wrangler d1 export history --output seed.sql\n"),
        ("node_modules/x/package.json", '{"scripts": {"s": "wrangler d1 execute h --file seed.sql"}}'),
    ],
)
async def test_files_that_nothing_executes_are_not_looked_at(script, text, findings, write_project):
    folder = write_project({"wrangler.toml": CONFIG, "seed.sql": insert(5_000), script: text})
    (finding,) = await findings("LIM002", folder)
    assert (finding.status, finding.evidence["files"]) == (Status.PASS, 0)


async def test_many_short_statements_and_a_long_trigger_are_in_order(findings, write_project):
    body = "UPDATE prices SET price = price + 1; " * 1_000
    trigger = f"CREATE TRIGGER grow AFTER INSERT ON prices BEGIN {body} END;\n"
    many = "INSERT INTO prices VALUES ('a;b', 1); -- one;\n" * 5_000
    folder = write_project({"wrangler.toml": CONFIG, "migrations/1.sql": SCHEMA + trigger + many})
    (finding,) = await findings("LIM002", folder)
    assert finding.status is Status.PASS


async def test_a_migration_that_cannot_be_read_is_skipped(findings, write_project):
    folder = write_project({"wrangler.toml": CONFIG, "migrations/1.sql": b"\xff\xfe"})
    found = await findings("LIM002", folder)
    assert [finding.status for finding in found] == [Status.SKIP, Status.PASS]
    assert found[0].message == "migrations/1.sql is not UTF-8"


async def test_rows_written_into_the_text(project, findings):
    (finding,) = await findings("LIM002", project(WIDE))
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.HIGH)
    assert finding.message == (
        "the text of the INSERT in Default.store has at least 100,052 bytes for the 2,000 rows that the code "
        "puts into it; D1 reads 100,000"
    )
    assert finding.location == Location("worker.py", 17, 9)
    assert finding.explains == ("E2E001", "E2E002", "E2E004")
    assert finding.evidence["rows_break_at"] == 1_999
    (other,) = await findings("LIM001", project(WIDE))
    assert other.status is Status.PASS


async def test_a_long_text_is_long_without_any_row(project, findings):
    body = f"await db.prepare(\"INSERT INTO prices VALUES ('{'x' * 100_000}')\").run()"
    (finding,) = await findings("LIM002", project(body))
    assert (finding.status, finding.evidence["rows_break_at"]) == (Status.FAIL, 1)
    assert finding.message == ("the text of the INSERT in Default.store has 100,030 bytes; D1 reads 100,000")
    (other,) = await findings("LIM001", project(body))
    assert other.status is Status.PASS


@pytest.mark.parametrize(
    ("rows", "status", "severity"),
    [
        ("unbounded", Status.WARN, Severity.WARNING),
        ("posted", Status.PASS, Severity.ERROR),
        ("fetched[:1998]", Status.PASS, Severity.ERROR),
        ("fetched[:1999]", Status.FAIL, Severity.ERROR),
        ("[row for row in unbounded if row]", Status.PASS, Severity.ERROR),
    ],
)
async def test_the_weight_follows_from_who_decides_the_length(rows, status, severity, project, findings):
    (finding,) = await findings("LIM002", project(WIDE, rows))
    assert (finding.status, finding.severity) == (status, severity)


async def test_rows_without_a_bound_are_a_warning(project, findings):
    (finding,) = await findings("LIM002", project(WIDE, "unbounded"))
    assert finding.confidence is Confidence.MEDIUM
    assert finding.message == (
        "the text of the INSERT in Default.store grows by at least 50 bytes for each of len(rows), and "
        "nothing sets a bound; D1 reads 100,000, so it breaks at row 1,999 at the latest"
    )


@pytest.mark.parametrize(
    "body",
    [
        ROWS,  # 2,000 rows of at least 12 bytes: what they really have is not known
        JSON_EACH,
        BOUND,
        'for row in rows:\n    await db.prepare(f"INSERT INTO prices (a) VALUES ({row})").run()',
        'columns = ", ".join(rows[0].keys())\nawait db.prepare(f"SELECT {columns} FROM prices").all()',
    ],
)
async def test_look_alikes_pass(body, project, findings):
    (finding,) = await findings("LIM002", project(body))
    assert finding.status is Status.PASS


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
async def test_good_projects_pass(folder, findings, tmp_path):
    shutil.copytree(folder, tmp_path / "good")
    assert {finding.status for finding in await findings("LIM002", tmp_path / "good")} == {Status.PASS}


async def test_source_that_cannot_be_read_is_told(findings, write_project):
    config = CONFIG.replace("[[", 'main = "gone.py"\n[[', 1)
    found = await findings("LIM002", write_project({"wrangler.toml": config}))
    assert [finding.status for finding in found] == [Status.SKIP, Status.PASS]
    assert found[0].message.startswith("statements in the source are not looked at: gone.py")


async def test_without_a_config_it_is_skipped(findings, write_project):
    (finding,) = await findings("LIM002", write_project({"wrangler.toml": "name = "}))
    assert finding.status is Status.SKIP


class Broken(StatementLength):
    """Fails."""

    async def run(self, ctx):
        yield self.passed(str(ctx.source.sites[99]))


async def test_a_crash_is_an_error(project, context):
    async with context(project(WIDE)) as ctx:
        (finding,) = await run_check(Broken, ctx)
    assert finding.status is Status.ERROR

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.source.multi_line_exec import MultiLineExec
from diagnose.model import Confidence, Location, Severity, Status

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
CORRECT = sorted((ROOT / "tests" / "fixtures" / "correct").iterdir())
CONFIG = """
name = "import"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "0b6f6a5c-36ae-4a3a-9d0a-6f7f3c1f4a11"
"""
WORKER = """from textwrap import dedent

from workers import WorkerEntrypoint

TABLE = "prices"
SCHEMA = '''
    CREATE TABLE IF NOT EXISTS prices (
        time INTEGER PRIMARY KEY,
        close REAL
    );
    CREATE INDEX IF NOT EXISTS prices_close ON prices (close);
'''
LINES = '''
    CREATE TABLE IF NOT EXISTS prices (time INTEGER PRIMARY KEY, close REAL);
    CREATE INDEX IF NOT EXISTS prices_close ON prices (close);
'''


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        name = controller.cron
        {line}
"""


@pytest.fixture
def findings(check, write_project):
    async def find(line, worker=WORKER):
        folder = write_project({"wrangler.toml": CONFIG, "worker.py": worker.replace("{line}", line)})
        return [each for each in await check("SRC003", folder, offline=True) if each.code == "SRC003"]

    return find


async def test_a_schema_over_several_lines(findings):
    (finding,) = await findings("await self.env.DB.exec(SCHEMA)")
    assert (finding.status, finding.severity, finding.confidence) == (
        Status.FAIL,
        Severity.ERROR,
        Confidence.HIGH,
    )
    assert finding.message == (
        "`DB.exec` in Default.scheduled takes each line for a statement, and line 1 is none: "
        "`CREATE TABLE IF NOT EXISTS prices (`"
    )
    assert finding.location == Location("worker.py", 22, 9)
    assert finding.explains == ("E2E001", "E2E002")
    assert finding.evidence == {
        "binding": "DB",
        "function": "Default.scheduled",
        "line": "CREATE TABLE IF NOT EXISTS prices (",
        "number": 1,
        "error": (
            "D1_EXEC_ERROR: Error in line 1: CREATE TABLE IF NOT EXISTS prices (: "
            "incomplete input: SQLITE_ERROR"
        ),
        "statements": 2,
    }


@pytest.mark.parametrize(
    ("line", "confidence"),
    [
        ("await self.env.DB.exec(dedent(SCHEMA))", Confidence.HIGH),
        ("await self.env.DB.exec(f'DELETE FROM {TABLE}\\nWHERE close = 0')", Confidence.HIGH),
        ("await self.env.DB.exec(f'CREATE TABLE {name} (\\n x INTEGER)')", Confidence.MEDIUM),
    ],
)
async def test_a_text_that_is_put_together(line, confidence, findings):
    (finding,) = await findings(line)
    assert (finding.status, finding.confidence) == (Status.FAIL, confidence)


@pytest.mark.parametrize(
    "line",
    [
        "await self.env.DB.exec(LINES)",
        "await self.env.DB.exec(SCHEMA.replace('\\n', ' '))",
        "await self.env.DB.prepare(SCHEMA).run()",
        "await self.env.DB.exec('DELETE FROM prices')",
        "await self.env.DB.exec(f'DROP TABLE {name}')",
        "exec('x = (\\n1)')",
        "pass",
    ],
)
async def test_what_is_in_order(line, findings):
    (finding,) = await findings(line)
    assert finding.status is Status.PASS
    assert finding.message == "no text for `exec()` breaks a line"


async def test_a_text_that_the_source_does_not_tell_is_skipped(findings):
    (finding,) = await findings("await self.env.DB.exec(open('schema.sql').read())")
    assert finding.status is Status.SKIP
    assert finding.message == ("what Default.scheduled passes to `DB.exec` cannot be told from the source")


async def test_what_no_handler_reaches_is_advice(findings):
    unused = "\n\nasync def unused(env):\n    await env.DB.exec(SCHEMA)\n"
    (finding,) = await findings("pass", WORKER + unused)
    assert (finding.severity, finding.confidence) == (Severity.ADVICE, Confidence.LOW)


@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(folder, check, tmp_path):
    shutil.copytree(folder, tmp_path / "correct")
    found = await check("SRC003", tmp_path / "correct", offline=True)
    (finding,) = [finding for finding in found if finding.code == "SRC003"]
    assert finding.status is Status.PASS


async def test_without_source_it_is_skipped(check, write_project):
    found = await check("SRC003", write_project({"wrangler.toml": 'name = "import"\n'}), offline=True)
    (finding,) = [finding for finding in found if finding.code == "SRC003"]
    assert finding.status is Status.SKIP


async def test_a_check_that_breaks_is_an_error(crash):
    (finding,) = await crash(MultiLineExec)
    assert finding.status is Status.ERROR

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from checks.limits.value_size import ValueSize
from diagnose.engine.runner import run_check
from diagnose.model import Confidence, Location, Severity, Status

pytestmark = pytest.mark.anyio
FIXTURES = Path(__file__).parents[2] / "fixtures"
GOOD = sorted([*(FIXTURES / "correct").iterdir(), *(FIXTURES / "bare").iterdir()])

ROWS = """
values = [[row["time"], row["open"], "one-minute-candles"] for row in rows]
sql = "INSERT INTO prices (time, open, kind) SELECT value->>0, value->>1, value->>2 FROM json_each(?1)"
await db.prepare(sql).bind(json.dumps(values)).run()
"""
HUNDRED_THOUSAND = '(await (await fetch("https://api.example.com/rows?limit=100000")).json())["rows"]'
PAGES = """
values = []
for page in range(100):
    more = (await (await fetch(f"https://api.example.com/rows?limit=2000&page={page}")).json())["rows"]
    for row in more:
        values.append([row["time"], row["open"], row["high"], row["low"]])
sql = "INSERT INTO prices SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?1)"
await db.prepare(sql).bind(json.dumps(values)).run()
"""
PASSED_ON = """
sql = "INSERT INTO prices (time) SELECT value->>'time' FROM json_each(?1)"
await db.prepare(sql).bind(json.dumps(rows)).run()
"""
PARTS = """
for start in range(0, len(rows), 5_000):
    part = [[row["time"], row["open"], "one-minute-candles"] for row in rows[start : start + 5_000]]
    sql = "INSERT INTO prices (time, open, kind) SELECT value->>0, value->>1, value->>2 FROM json_each(?1)"
    await db.prepare(sql).bind(json.dumps(part)).run()
"""
GUARDED = """
if len(rows) > 10_000:
    raise ValueError("too many")
""" + ROWS.strip("\n")
BODY = """
class Default(WorkerEntrypoint):
    async def fetch(self, request):
        text = await request.text()
        {guard}
        await self.env.DB.prepare("INSERT INTO hooks (body) VALUES (?)").bind(text).run()
        return Response("ok")
"""
SETTINGS = """
[[responses]]
url = "https://api.example.com/*"
body_file = "rows.json"

[rows]
path = "rows"
columns = { time = "time" }
"""


async def test_one_hundred_thousand_rows_in_one_text(project, findings):
    (finding,) = await findings("LIM004", project(ROWS, HUNDRED_THOUSAND))
    assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "a value that the INSERT in Default.store binds has at least 2,700,002 bytes with 100,000 rows of 27 "
        "bytes or more; D1 stores 2,000,000 per value"
    )
    assert finding.location == Location("worker.py", 18, 9)
    assert finding.explains == ("E2E001", "E2E002")
    assert finding.evidence == {
        "binding": "DB",
        "table": "prices",
        "function": "Default.store",
        "bytes": 2_700_002,
        "limit": 2_000_000,
        "rows": 100_000,
        "row_bytes": 27,
        "measured": False,
        "body": None,
    }


async def test_pages_are_counted_but_may_end_early(project, findings):
    (finding,) = await findings("LIM004", project(PAGES.replace("range(100)", "range(99)")))
    assert finding.status is Status.PASS
    (finding,) = await findings("LIM004", project(PAGES.replace("range(100)", "range(200)")))
    assert (finding.status, finding.confidence) == (Status.WARN, Confidence.MEDIUM)
    assert finding.message == (
        "a value that the INSERT in Default.store binds may have 4,000,002 bytes with 400,000 rows of 10 "
        "bytes or more; D1 stores 2,000,000 per value"
    )


async def test_recorded_answers_give_the_size_of_rows_that_are_passed_on(project, findings):
    folder = project(PASSED_ON, HUNDRED_THOUSAND)
    (finding,) = await findings("LIM004", folder)
    assert finding.status is Status.PASS
    (folder / "diagnose.toml").write_text(SETTINGS)
    (folder / "rows.json").write_text(json.dumps({"rows": [{"time": 1_700_000_000}] * 3}))
    (finding,) = await findings("LIM004", folder)
    assert (finding.status, finding.confidence) == (Status.WARN, Confidence.MEDIUM)
    assert (finding.evidence["row_bytes"], finding.evidence["measured"]) == (20, True)
    assert "has at least 2,000,001 bytes with 100,000 rows of 20 bytes; D1" in finding.message


@pytest.mark.parametrize(("size", "status"), [(2_000_000, Status.PASS), (2_000_001, Status.WARN)])
async def test_a_blob_made_in_the_text(size, status, project, findings):
    body = f'await db.prepare("INSERT INTO files (content) VALUES (zeroblob({size}))").run()'
    (finding,) = await findings("LIM004", project(body))
    assert finding.status is status


async def test_a_request_body_as_it_came_is_a_hint(project, findings):
    folder = project("pass")
    worker = folder / "worker.py"
    head = worker.read_text().split("class Default")[0]
    worker.write_text(head + BODY.format(guard="pass"))
    (finding,) = await findings("LIM004", folder)
    assert (finding.status, finding.severity) == (Status.WARN, Severity.ADVICE)
    assert finding.confidence is Confidence.LOW
    assert finding.evidence["body"] == "request.text()"
    worker.write_text(head + BODY.format(guard="if len(text) > 1_000_000: raise ValueError"))
    (finding,) = await findings("LIM004", folder)
    assert finding.status is Status.PASS


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (ROWS, "fetched"),
        (ROWS, "unbounded"),
        (ROWS, "posted"),
        (PARTS, HUNDRED_THOUSAND),
        (GUARDED, HUNDRED_THOUSAND),
        (PASSED_ON, HUNDRED_THOUSAND),
        ('await db.prepare("INSERT INTO t (a) VALUES (?)").bind(json.dumps(rows[0])).run()', "fetched"),
        ('await db.prepare("SELECT zeroblob(?)").bind(9_000_000).first()', "fetched"),
    ],
)
async def test_look_alikes_pass(body, rows, project, findings):
    (finding,) = await findings("LIM004", project(body, rows))
    assert finding.status is Status.PASS


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
async def test_good_projects_pass(folder, findings, tmp_path):
    shutil.copytree(folder, tmp_path / "good")
    assert {finding.status for finding in await findings("LIM004", tmp_path / "good")} == {Status.PASS}


async def test_without_source_it_is_skipped(findings, write_project):
    (finding,) = await findings("LIM004", write_project({"wrangler.toml": 'name = "import"\n'}))
    assert finding.status is Status.SKIP


class Broken(ValueSize):
    """Fails."""

    async def run(self, ctx):
        yield self.passed(str(ctx.source.sites[99]))


async def test_a_crash_is_an_error(project, context):
    async with context(project(ROWS)) as ctx:
        (finding,) = await run_check(Broken, ctx)
    assert finding.status is Status.ERROR

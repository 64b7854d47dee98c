from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.source.swallowed_error import SwallowedError
from diagnose.engine.runner import run_check
from diagnose.engine.session import Session, SessionOptions
from diagnose.model import Confidence, Location, Severity, Status
from diagnose.plugin import Target

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

[[queues.producers]]
binding = "QUEUE"
queue = "prices"
"""
WORKER = """import asyncio
import json
from contextlib import suppress

from workers import Response, WorkerEntrypoint

INSERT = "INSERT OR IGNORE INTO {table} (a) SELECT value FROM json_each(?)"


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        db = self.env.DB
        rows = json.loads(await request.text())
        failures = []
{body}
"""
WRITE = "await db.prepare(INSERT).bind(json.dumps(rows)).run()"
OK = 'return Response("ok")'


@pytest.fixture
def findings(check, write_project):
    async def find(*lines, table="prices"):
        body = "\n".join(f"        {line}" for line in lines)
        folder = write_project({"wrangler.toml": CONFIG, "worker.py": WORKER.format(body=body, table=table)})
        found = await check("SRC001", folder, offline=True)
        return [finding for finding in found if finding.code == "SRC001"]

    return find


@pytest.mark.anyio
async def test_the_demo_swallows_and_invents_a_count(check, tmp_path):
    shutil.copytree(ROOT / "diagnose" / "demo" / "project", tmp_path / "demo")
    found = [f for f in await check("SRC001", tmp_path / "demo", offline=True) if f.code == "SRC001"]
    swallowed, *counts = found
    assert swallowed.status is Status.FAIL
    assert swallowed.confidence is Confidence.HIGH
    assert swallowed.location == Location("pyswarm/Data_Import/historical_worker.py", 100, 9)
    assert swallowed.evidence["kind"] == "except"
    assert swallowed.evidence["tables"] == ["price_data"]
    assert swallowed.evidence["writes"] == ["pyswarm/Data_Import/historical_worker.py:70"]
    assert [(f.evidence["medium"], f.severity, f.confidence) for f in counts] == [
        ("response", Severity.WARNING, Confidence.MEDIUM)
    ]


@pytest.mark.anyio
@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(folder, check, tmp_path):
    shutil.copytree(folder, tmp_path / "correct")
    found = await check("SRC001", tmp_path / "correct", offline=True)
    (finding,) = [finding for finding in found if finding.code == "SRC001"]
    assert finding.status is Status.PASS


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("lines", "kind", "message"),
    [
        (
            ["try:", f"    {WRITE}", "except Exception as error:", "    print(error)", OK],
            "except",
            (
                "the handler swallows an error of the write: the failure goes unnoticed "
                "(Default.fetch writes to prices)"
            ),
        ),
        (["try:", f"    {WRITE}", "except:", "    pass", OK], "except", None),
        (["with suppress(Exception):", f"    {WRITE}", OK], "suppress", None),
        ([f"asyncio.create_task({WRITE.removeprefix('await ')})", OK], "fire-and-forget", None),
        (["task = asyncio.ensure_future(self.env.QUEUE.send('x'))", OK], "fire-and-forget", None),
    ],
)
async def test_a_failure_that_nobody_notices(lines, kind, message, findings):
    (finding,) = await findings(*lines)
    assert finding.status is Status.FAIL
    assert finding.severity is Severity.ERROR
    assert finding.evidence["kind"] == kind
    assert finding.evidence["function"] == "Default.fetch"
    if message:
        assert finding.message == message


@pytest.mark.anyio
@pytest.mark.parametrize(
    "handler",
    [
        ["    print(error)", "    raise"],
        ["    return Response(str(error), status=500)"],
        ["    failures.append(str(error))", "return Response.json({'failures': failures})"],
        ["    raise RuntimeError('import failed') from error"],
    ],
)
async def test_a_handler_that_passes_the_error_on(handler, findings):
    (finding,) = await findings("try:", f"    {WRITE}", "except Exception as error:", *handler, OK)
    assert finding.status is Status.PASS


@pytest.mark.anyio
@pytest.mark.parametrize("call", [WRITE.removeprefix("await "), "self.env.QUEUE.send('x')"])
async def test_a_forgotten_await_is_for_another_check(call, findings):
    (finding,) = await findings(call, OK)
    assert finding.status is Status.PASS


@pytest.mark.anyio
@pytest.mark.parametrize("table", ["request_logs", "cache", "api_metrics", "page_hits"])
async def test_a_lost_log_line_is_of_low_confidence(table, findings):
    (finding,) = await findings("try:", f"    {WRITE}", "except Exception:", "    pass", OK, table=table)
    assert finding.confidence is Confidence.LOW


@pytest.mark.anyio
async def test_a_number_of_sent_rows_is_a_warning(findings):
    (finding,) = await findings(WRITE, 'return Response.json({"inserted": len(rows)})')
    assert finding.status is Status.WARN
    assert finding.severity is Severity.WARNING
    assert finding.message == (
        "the response reports len(rows) as the number of rows: "
        "that is how many were sent, not how many D1 stored"
    )
    assert finding.evidence["kind"] == "count"


@pytest.mark.anyio
async def test_a_log_that_counts_is_silent_beside_a_response(findings):
    log = 'print(f"inserted {len(rows)} of {len(rows)}")'
    (finding,) = await findings(WRITE, log, OK)
    assert (finding.severity, finding.evidence["medium"]) == (Severity.ADVICE, "log")
    (finding,) = await findings(WRITE, log, 'return Response.json({"inserted": len(rows)})')
    assert (finding.severity, finding.evidence["medium"]) == (Severity.WARNING, "response")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    ['{"inserted": result.meta.changes}', '{"received": len(rows), "inserted": result.meta.changes}'],
)
async def test_what_d1_counted_passes(answer, findings):
    (finding,) = await findings(f"result = {WRITE}", f"return Response.json({answer})")
    assert finding.status is Status.PASS


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["bytes", "characters", "content_length", "size"])
async def test_the_length_of_a_text_is_no_number_of_rows(name, findings):
    (finding,) = await findings(
        "text = await request.text()", WRITE, f'return Response.json({{"{name}": len(text)}})'
    )
    assert finding.status is Status.PASS


@pytest.mark.anyio
async def test_without_source_it_is_skipped(check, write_project):
    found = await check("SRC001", write_project({"wrangler.toml": 'name = "import"\n'}), offline=True)
    (finding,) = [finding for finding in found if finding.code == "SRC001"]
    assert finding.status is Status.SKIP


class Crashing(SwallowedError):  # noqa: N818 - not an exception
    """Fails."""

    async def run(self, ctx):
        yield self.passed(str(ctx.source.sites[99]))


@pytest.mark.anyio
async def test_a_crash_is_an_error(write_project):
    folder = write_project(
        {"wrangler.toml": CONFIG, "worker.py": WORKER.format(body=f"        {OK}", table="prices")}
    )
    async with Session(SessionOptions(path=folder, target=Target.OFFLINE)) as session:
        (finding,) = await run_check(Crashing, await session.context())
    assert finding.status is Status.ERROR

from __future__ import annotations

from pathlib import Path

import pytest

from checks.queue.no_queue_in_pipeline import NoQueueInPipeline
from diagnose.demo.writing import write_demo
from diagnose.model import Confidence, FixInfo, Location, Safety, Severity, Status

pytestmark = pytest.mark.anyio
FIXTURES = Path(__file__).parents[2] / "fixtures"
GOOD = sorted([*(FIXTURES / "correct").iterdir(), *(FIXTURES / "bare").iterdir()])
CONFIG = """
name = "rates"
main = "worker.py"
compatibility_date = "2025-11-10"

[[d1_databases]]
binding = "DB"
"""
PRODUCER = '[[queues.producers]]\nbinding = "RATES"\nqueue = "rates"\n'
WORKER = """import json

from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        fetched = (await (await fetch("https://rates.example.com/?limit=2000")).json())["rates"]
        pushed = json.loads(await request.text())
        rows = {rows}
        db = self.env.DB
{body}
        return Response("ok")
"""
MANY_PARAMETERS = """
sql = "INSERT INTO rates (day, rate) VALUES " + ", ".join(["(?, ?)"] * len(rows))
await db.prepare(sql).bind(*[value for row in rows for value in row]).run()
"""
MANY_QUERIES = """
for row in rows:
    await db.prepare("INSERT INTO rates (day) VALUES (?)").bind(row).run()
"""
ONE_PARAMETER = """
sql = "INSERT INTO rates (day) SELECT value FROM json_each(?1)"
await db.prepare(sql).bind(json.dumps(rows)).run()
"""
SLICES = """
for start in range(0, len(rows), 50):
    part = rows[start : start + 50]
    sql = "INSERT INTO rates (day, rate) VALUES " + ", ".join(["(?, ?)"] * len(part))
    await db.prepare(sql).bind(*[value for row in part for value in row]).run()
"""
ONE_ROW = 'await db.prepare("INSERT INTO log (rows) VALUES (?)").bind(len(rows)).run()'
SEND = "await self.env.RATES.send(json.dumps(rows))" + MANY_PARAMETERS


@pytest.fixture
def found(check, write_project):
    async def find(body, *, rows="fetched", config=CONFIG, **choices):
        lines = "\n".join(f"        {line}" for line in body.strip().split("\n"))
        worker = WORKER.format(rows=rows, body=lines)
        folder = write_project({"wrangler.toml": config, "worker.py": worker})
        findings = await check("QUE001", folder, offline=True, **choices)
        (finding,) = [finding for finding in findings if finding.code == "QUE001"]
        return finding

    return find


async def test_the_demo_has_no_queue(check, tmp_path):
    write_demo(tmp_path / "demo")
    (finding,) = [f for f in await check("QUE001", tmp_path / "demo") if f.code == "QUE001"]
    assert (finding.status, finding.severity) == (Status.WARN, Severity.ADVICE)
    assert finding.confidence is Confidence.MEDIUM
    assert finding.message == (
        "no queue in config or code: expected fetch → queue → consumer → D1, configured fetch → D1, "
        "and the direct write in insert_candles_to_d1 does not fit"
    )
    assert finding.location == Location("pyswarm/Data_Import/historical_worker.py", 70, 5)
    assert finding.evidence == {
        "expected": "fetch → queue → consumer → D1",
        "configured": "fetch → D1",
        "config": "pyswarm/wrangler_historical_import.toml",
        "source": "pyswarm/Data_Import/historical_worker.py",
        "binding": "DB",
        "table": "price_data",
        "function": "insert_candles_to_d1",
        "reason": "parameters",
    }
    assert finding.fix == FixInfo(available=True, safety=Safety.REVIEW)


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
async def test_good_projects_pass(check, folder):
    findings = [f for f in await check("QUE001", folder, offline=True) if f.code == "QUE001"]
    assert {finding.status for finding in findings} == {Status.PASS}


@pytest.mark.parametrize(
    ("body", "plan", "reason"),
    [
        (MANY_PARAMETERS, "paid", "parameters"),
        (MANY_QUERIES, "paid", "queries"),
    ],
)
async def test_a_direct_write_that_does_not_fit(found, body, plan, reason):
    finding = await found(body, plan=plan)
    assert (finding.status, finding.evidence["reason"]) == (Status.WARN, reason)


@pytest.mark.parametrize(
    ("body", "choices"),
    [
        (ONE_PARAMETER, {}),
        (SLICES, {}),
        (ONE_ROW, {}),
        (MANY_PARAMETERS, {"rows": "pushed"}),
        (MANY_QUERIES, {"rows": "pushed"}),
        (MANY_PARAMETERS, {"config": CONFIG + PRODUCER}),
        (SEND, {"config": CONFIG + PRODUCER}),
    ],
)
async def test_look_alikes_pass(found, body, choices):
    assert (await found(body, **choices)).status is Status.PASS


async def test_without_source_it_is_skipped(check, write_project):
    findings = await check("QUE001", write_project({"wrangler.toml": 'name = "rates"\n'}), offline=True)
    assert [f.status for f in findings if f.code == "QUE001"] == [Status.SKIP]


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(NoQueueInPipeline)
    assert finding.status is Status.ERROR

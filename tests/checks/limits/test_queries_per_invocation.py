from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.limits.queries_per_invocation import QueriesPerInvocation
from diagnose.engine.runner import run_check
from diagnose.model import Confidence, Severity, Status

CORRECT = sorted((Path(__file__).parents[2] / "fixtures" / "correct").iterdir())

ROW_BY_ROW = """
for row in rows:
    await db.prepare("INSERT INTO prices (a) VALUES (?)").bind(row).run()
"""
BATCH = """
insert = db.prepare("INSERT INTO prices (a) VALUES (?)")
await db.batch([insert.bind(row) for row in rows])
"""


@pytest.mark.anyio
async def test_one_query_per_row_is_too_many(project, findings):
    (finding,) = await findings("LIM003", project(ROW_BY_ROW))
    assert finding.status is Status.FAIL
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "one invocation sends 2,000 queries for the INSERT in Default.store; the paid plan allows 1,000"
    )
    assert finding.location.path == "worker.py"
    assert finding.evidence == {
        "binding": "DB",
        "table": "prices",
        "verb": "INSERT",
        "function": "Default.store",
        "calls": 2_000,
        "statements": 2_000,
        "limit": 1_000,
        "free": "exceeds",
        "paid": "exceeds",
    }


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("plan", "body", "rows", "status", "severity", "verdicts"),
    [
        ("free", ROW_BY_ROW, "fetched[:51]", Status.FAIL, Severity.ERROR, ("exceeds", "within")),
        ("free", ROW_BY_ROW, "fetched[:50]", Status.PASS, Severity.ERROR, ("within", "within")),
        ("paid", ROW_BY_ROW, "fetched[:51]", Status.PASS, Severity.ERROR, ("exceeds", "within")),
        ("paid", BATCH, "fetched", Status.WARN, Severity.WARNING, ("depends", "depends")),
        ("free", BATCH, "fetched[:400]", Status.WARN, Severity.WARNING, ("depends", "within")),
    ],
)
async def test_both_plans_and_both_readings_of_batch(
    plan, body, rows, status, severity, verdicts, project, findings
):
    (finding,) = await findings("LIM003", project(body, rows), plan=plan)
    assert (finding.status, finding.severity) == (status, severity)
    assert (finding.evidence["free"], finding.evidence["paid"]) == verdicts


@pytest.mark.anyio
@pytest.mark.parametrize("rows", ["unbounded", "posted"])
async def test_a_loop_of_unknown_length_is_no_problem(rows, project, findings):
    (finding,) = await findings("LIM003", project(ROW_BY_ROW, rows))
    assert finding.status is Status.PASS
    assert finding.evidence == {"statements": 0, "unknown": 1}


@pytest.mark.anyio
@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(folder, findings, tmp_path):
    shutil.copytree(folder, tmp_path / "correct")
    (finding,) = await findings("LIM003", tmp_path / "correct")
    assert finding.status is Status.PASS


@pytest.mark.anyio
async def test_without_source_it_is_skipped(findings, write_project):
    (finding,) = await findings("LIM003", write_project({"wrangler.toml": 'name = "import"\n'}))
    assert finding.status is Status.SKIP


class Broken(QueriesPerInvocation):
    """Fails."""

    async def run(self, ctx):
        yield self.passed(str(ctx.source.sites[99]))


@pytest.mark.anyio
async def test_a_crash_is_an_error(project, context):
    async with context(project(ROW_BY_ROW)) as ctx:
        (finding,) = await run_check(Broken, ctx)
    assert finding.status is Status.ERROR


CONSUMING = """
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def queue(self, batch):
        insert = self.env.DB.prepare("INSERT INTO words (word, note) VALUES (?, ?)")
        for message in batch.messages:
            words = message.body.split()[:200]
            {write}
"""
ONE_BATCH = "await self.env.DB.batch([insert.bind(word, message.id) for word in words])"
EACH_WORD = "[await insert.bind(word, message.id).run() for word in words]"


@pytest.mark.anyio
@pytest.mark.parametrize(("write", "calls"), [(ONE_BATCH, None), (EACH_WORD, 2_000)])
async def test_a_full_delivery_counts_where_batch_does_not_decide(write_project, check, write, calls):
    config = 'name = "a"\nmain = "w.py"\n[[queues.consumers]]\nqueue = "notes"\n'
    folder = write_project({"wrangler.toml": config, "w.py": CONSUMING.format(write=write)})
    (finding,) = await check("LIM003", folder, offline=True)
    assert finding.evidence.get("calls") == calls
    assert finding.is_problem is (calls is not None)

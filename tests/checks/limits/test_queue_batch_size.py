from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.limits.queue_batch_size import QueueBatchSize
from diagnose.engine.runner import run_check
from diagnose.model import Confidence, Location, Severity, Status
from diagnose.rewriting.queue_helpers import MESSAGE_BATCHES

pytestmark = pytest.mark.anyio
FIXTURES = Path(__file__).parents[2] / "fixtures"
GOOD = sorted([*(FIXTURES / "correct").iterdir(), *(FIXTURES / "bare").iterdir()])

BATCH = 'await self.env.JOBS.sendBatch([{"body": {"id": row["id"]}} for row in rows])'
QUERIED = """
stored = await db.prepare("SELECT id FROM jobs WHERE open = 1").all()
await self.env.JOBS.sendBatch([{"body": job["id"]} for job in stored.results])
"""
SLICES = """
for start in range(0, len(rows), 100):
    part = rows[start : start + 100]
    await self.env.JOBS.sendBatch([{"body": row["id"]} for row in part])
"""
FLUSHED = """
batch = []
for row in rows:
    batch.append({"body": row["id"]})
    if len(batch) == 100:
        await self.env.JOBS.sendBatch(batch)
        batch = []
if batch:
    await self.env.JOBS.sendBatch(batch)
"""
WIDE = f'await self.env.JOBS.sendBatch([{{"body": "{"x" * 3_000}"}} for row in rows])'


async def test_one_message_for_each_row(project, findings):
    (finding,) = await findings("LIM006", project(BATCH))
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.ERROR)
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "one `JOBS.sendBatch` in Default.store carries the 2,000 messages that the code asks for; "
        "Queues take 100"
    )
    assert finding.location == Location("worker.py", 16, 9)
    assert finding.explains == ("E2E001", "E2E002", "E2E003")
    assert finding.evidence == {
        "binding": "JOBS",
        "function": "Default.store",
        "messages": 2_000,
        "bytes": 18_000,
        "limit_messages": 100,
        "limit_bytes": 256_000,
    }


@pytest.mark.parametrize(
    ("rows", "status", "severity", "confidence"),
    [
        ("unbounded", Status.FAIL, Severity.ERROR, Confidence.HIGH),
        ("[row for row in unbounded if row]", Status.FAIL, Severity.ERROR, Confidence.MEDIUM),
        ("posted", Status.WARN, Severity.WARNING, Confidence.HIGH),
        ("fetched[:101]", Status.FAIL, Severity.ERROR, Confidence.HIGH),
        ("fetched[:100]", Status.PASS, Severity.ERROR, Confidence.HIGH),
        ("posted[:25]", Status.PASS, Severity.ERROR, Confidence.HIGH),
    ],
)
async def test_the_weight_follows_from_who_decides_the_length(
    rows, status, severity, confidence, project, findings
):
    (finding,) = await findings("LIM006", project(BATCH, rows))
    assert (finding.status, finding.severity, finding.confidence) == (status, severity, confidence)


async def test_messages_without_a_bound(project, findings):
    (finding,) = await findings("LIM006", project(BATCH, "unbounded"))
    assert finding.message == (
        "one `JOBS.sendBatch` in Default.store carries a message for each of len(rows), and nothing sets a "
        "bound; Queues take 100"
    )
    assert (finding.evidence["messages"], finding.evidence["bytes"]) == (None, None)


async def test_rows_that_a_where_selects_are_a_warning(project, findings):
    (finding,) = await findings("LIM006", project(QUERIED))
    assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)


async def test_few_messages_can_be_too_many_bytes(project, findings):
    (finding,) = await findings("LIM006", project(WIDE, "fetched[:85]"))
    assert finding.status is Status.PASS
    (finding,) = await findings("LIM006", project(WIDE, "fetched[:100]"))
    assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)
    assert finding.message == (
        "one `JOBS.sendBatch` in Default.store may carry 300,300 bytes in 100 messages; Queues take 256,000"
    )
    messages = ", ".join([f'{{"body": "{"x" * 3_000}"}}'] * 90)
    (finding,) = await findings("LIM006", project(f"await self.env.JOBS.sendBatch([{messages}])"))
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.ERROR)
    assert finding.message == (
        "one `JOBS.sendBatch` in Default.store carries at least 270,269 bytes in 90 messages; "
        "Queues take 256,000"
    )


@pytest.mark.parametrize(
    "body",
    [
        'await self.env.JOBS.send({"id": 1})',
        'await self.env.JOBS.sendBatch([{"body": 1}, {"body": 2}])',
        SLICES,
        FLUSHED,
        "await other.sendBatch([row for row in rows])",
    ],
)
async def test_look_alikes_pass(body, project, findings):
    (finding,) = await findings("LIM006", project(body))
    assert finding.status is Status.PASS


async def test_slices_of_unknown_width_are_skipped(project, findings):
    body = """
width = int(self.env.WIDTH)
for start in range(0, len(rows), width):
    await self.env.JOBS.sendBatch([{"body": row["id"]} for row in rows[start : start + width]])
"""
    (finding,) = await findings("LIM006", project(body))
    assert finding.status is Status.SKIP
    assert finding.message == (
        "the sendBatch in Default.store takes slices (rows[start : start + width]) whose length the source "
        "does not settle"
    )


async def test_lists_of_unknown_length_are_skipped(project, findings):
    body = "await self.env.JOBS.sendBatch(json.loads(self.env.SYMBOLS))"
    (finding,) = await findings("LIM006", project(body))
    assert finding.status is Status.SKIP
    assert "sends a list (json.loads(self.env.SYMBOLS)) whose length" in finding.message


async def test_cut_by_messages_and_bytes_passes(project, findings):
    body = 'messages = [{"body": row["id"]} for row in rows]\n'
    folder = project(
        body + "for batch in message_batches(messages):\n    await self.env.JOBS.sendBatch(batch)"
    )
    worker = folder / "worker.py"
    worker.write_text(worker.read_text() + "\n\n" + MESSAGE_BATCHES.text)
    (finding,) = await findings("LIM006", folder)
    assert (finding.status, finding.evidence) == (Status.PASS, {"batches": 1})


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
async def test_good_projects_pass(folder, findings, tmp_path):
    shutil.copytree(folder, tmp_path / "good")
    assert {finding.status for finding in await findings("LIM006", tmp_path / "good")} == {Status.PASS}


async def test_without_source_it_is_skipped(findings, write_project):
    (finding,) = await findings("LIM006", write_project({"wrangler.toml": 'name = "import"\n'}))
    assert finding.status is Status.SKIP


class Broken(QueueBatchSize):
    """Fails."""

    async def run(self, ctx):
        yield self.passed(str(ctx.source.sites[99]))


async def test_a_crash_is_an_error(project, context):
    async with context(project(BATCH)) as ctx:
        (finding,) = await run_check(Broken, ctx)
    assert finding.status is Status.ERROR


RELAY = """
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def queue(self, batch):
        fresh = []
        for message in batch.messages:
            if message.attempts == 1:
                fresh.append({"body": message.body})
        await self.env.JOBS.sendBatch(fresh)
"""


async def test_what_is_passed_on_is_no_more_than_was_delivered(write_project, check):
    config = 'name = "a"\nmain = "w.py"\n[[queues.consumers]]\nqueue = "in"\nmax_batch_size = 100\n'
    (finding,) = await check("LIM006", write_project({"wrangler.toml": config, "w.py": RELAY}), offline=True)
    assert finding.status is Status.PASS, finding.message

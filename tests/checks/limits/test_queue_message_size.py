from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from checks.limits.queue_message_size import QueueMessageSize
from diagnose.engine.runner import run_check
from diagnose.model import Confidence, Location, Severity, Status
from diagnose.rewriting.queue_helpers import MESSAGE_PARTS

pytestmark = pytest.mark.anyio
FIXTURES = Path(__file__).parents[2] / "fixtures"
GOOD = sorted([*(FIXTURES / "correct").iterdir(), *(FIXTURES / "bare").iterdir()])

CANDLE = (
    '{"time": c["time"], "open": c["open"], "high": c["high"], "low": c["low"], "close": c["close"], '
    '"volumefrom": c["volumefrom"], "volumeto": c["volumeto"]}'
)
ONE_MESSAGE = f"""
candles = [{CANDLE} for c in rows]
await self.env.CANDLES.send(json.dumps({{"symbol": "BTC", "candles": candles}}), contentType="text")
"""
PASSED_ON = 'await self.env.CANDLES.send({"symbol": "BTC", "candles": rows})'
NESTED = """
for row in rows:
    await self.env.JOBS.send({"id": row["id"], "tags": [{"name": tag["n"]} for tag in row["tags"]]})
"""
SLICES = f"""
for start in range(0, len(rows), 500):
    part = rows[start : start + 500]
    await self.env.JOBS.send(json.dumps([{CANDLE} for c in part]))
"""
QUERIED = """
stored = await db.prepare("SELECT * FROM jobs").all()
await self.env.JOBS.send([{"id": job["id"]} for job in stored.results])
"""
SETTINGS = """
[[responses]]
url = "https://api.example.com/rows*"
body_file = "rows.json"

[rows]
path = "rows"
columns = { time = "time", open = "open" }
"""


def recorded(rows):
    return json.dumps({"rows": [{"time": 1_700_000_000 + number, "open": 100.25} for number in range(rows)]})


async def test_two_thousand_candles_do_not_fit(project, findings):
    (finding,) = await findings("LIM005", project(ONE_MESSAGE))
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.ERROR)
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "a message of `CANDLES.send` in Default.store has at least 150,029 bytes with 2,000 rows of 75 bytes "
        "or more; Queues take 128,000 per message"
    )
    assert finding.location == Location("worker.py", 17, 9)
    assert finding.explains == ("E2E001", "E2E002", "E2E003")
    assert finding.evidence == {
        "binding": "CANDLES",
        "method": "send",
        "function": "Default.store",
        "bytes": 150_029,
        "limit": 128_000,
        "rows": 2_000,
        "row_bytes": 75,
        "measured": False,
    }


@pytest.mark.parametrize(
    ("rows", "status", "severity"),
    [
        ("fetched", Status.FAIL, Severity.ERROR),
        ("unbounded", Status.WARN, Severity.WARNING),
        ("[row for row in unbounded if row]", Status.PASS, Severity.ERROR),
        ("posted", Status.PASS, Severity.ERROR),
        ("fetched[:1000]", Status.PASS, Severity.ERROR),
        ("fetched[:1900]", Status.WARN, Severity.WARNING),
    ],
)
async def test_the_weight_follows_from_who_decides_the_length(rows, status, severity, project, findings):
    (finding,) = await findings("LIM005", project(ONE_MESSAGE, rows))
    assert (finding.status, finding.severity) == (status, severity)


async def test_rows_without_a_bound(project, findings):
    (finding,) = await findings("LIM005", project(ONE_MESSAGE, "unbounded"))
    assert finding.confidence is Confidence.MEDIUM
    assert finding.message == (
        "a message of `CANDLES.send` in Default.store holds as many rows as the fetch answers, and nothing "
        "sets a bound; Queues take 128,000 bytes per message"
    )
    assert (finding.evidence["bytes"], finding.evidence["rows"]) == (None, None)


async def test_the_limit_is_128_000_bytes_with_100_for_queues_themselves(project, findings):
    async def status(size):
        found = await findings("LIM005", project(f'await self.env.LOG.send("{"x" * (size - 2)}")'))
        return [(finding.status, finding.severity) for finding in found]

    assert await status(127_900) == [(Status.PASS, Severity.ERROR)]
    assert await status(127_901) == [(Status.WARN, Severity.WARNING)]
    assert await status(128_000) == [(Status.WARN, Severity.WARNING)]
    assert await status(128_001) == [(Status.FAIL, Severity.ERROR)]


async def test_recorded_answers_give_the_size_of_rows_that_are_passed_on(project, findings):
    folder = project(PASSED_ON)
    (finding,) = await findings("LIM005", folder)
    assert finding.status is Status.PASS
    (folder / "diagnose.toml").write_text(SETTINGS)
    (folder / "rows.json").write_text(recorded(2_000))
    (finding,) = await findings("LIM005", folder)
    assert finding.status is Status.PASS
    wide = [{"time": 1_700_000_000, "open": 100.25, "note": "x" * 60}] * 50
    (folder / "rows.json").write_text(json.dumps({"rows": wide}))
    (finding,) = await findings("LIM005", folder)
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.MEDIUM)
    row = len(json.dumps(wide[0], separators=(",", ":"))) + 1
    assert (finding.evidence["row_bytes"], finding.evidence["measured"]) == (row, True)
    assert finding.message.startswith(
        "a message of `CANDLES.send` in Default.store has at least "
        f"{2_000 * row + 28:,} bytes with 2,000 rows of {row} bytes;"
    )


@pytest.mark.parametrize("answer", ["", "[]", '{"rows": 1}'])
async def test_answers_without_rows_give_no_size(answer, project, findings):
    folder = project(PASSED_ON)
    (folder / "diagnose.toml").write_text(SETTINGS)
    (folder / "rows.json").write_text(answer)
    (finding,) = await findings("LIM005", folder)
    assert finding.status is Status.PASS


@pytest.mark.parametrize(
    "body",
    [
        'await self.env.JOBS.send({"id": rows[0]["id"]})',
        NESTED,
        SLICES,
        QUERIED,
        "await self.env.JOBS.sendBatch([{'body': {'id': c['id']}} for c in rows[:100]])",
        "await self.env.JOBS.send(rows)",
        "await self.env.JOBS.send(len(rows))",
    ],
)
async def test_look_alikes_pass(body, project, findings):
    (finding,) = await findings("LIM005", project(body))
    assert finding.status is Status.PASS


async def test_rows_that_are_passed_on_have_their_recorded_size_without_a_path_too(project, findings):
    folder = project(PASSED_ON)
    (folder / "diagnose.toml").write_text(SETTINGS.partition("[rows]")[0])
    (folder / "rows.json").write_text(json.dumps({"rows": [{"note": "x" * 90}] * 3}))
    (finding,) = await findings("LIM005", folder)
    assert (finding.evidence["rows"], finding.evidence["measured"]) == (2_000, True)


async def test_small_rows_without_a_bound_pass(project, findings):
    (finding,) = await findings(
        "LIM005", project("await self.env.JOBS.send([{'id': r['id']} for r in rows])", "unbounded")
    )
    assert finding.status is Status.PASS


async def test_another_binding_s_send_is_no_queue(project, findings):
    folder = project(f'await self.env.MAIL.send("{"x" * 130_000}")')
    (finding,) = await findings("LIM005", folder)
    assert finding.status is Status.FAIL
    with (folder / "wrangler.toml").open("a") as config:
        config.write('[[send_email]]\nname = "MAIL"\n')
    (finding,) = await findings("LIM005", folder)
    assert (finding.status, finding.evidence) == (Status.PASS, {"sends": 0, "largest": 0})


async def test_cut_by_bytes_passes(project, findings):
    folder = project(
        f"for part in message_parts([{CANDLE} for c in rows]):\n    await self.env.JOBS.send(part)"
    )
    worker = folder / "worker.py"
    worker.write_text(worker.read_text() + "\n\n" + MESSAGE_PARTS.text)
    (finding,) = await findings("LIM005", folder)
    assert finding.status is Status.PASS


async def test_code_that_no_handler_reaches_is_advice(project, findings):
    folder = project("pass")
    worker = folder / "worker.py"
    unreached = "\n\nasync def unused(env):\n    await env.LOG.send('" + "x" * 130_000 + "')\n"
    worker.write_text(worker.read_text() + unreached)
    (finding,) = await findings("LIM005", folder)
    assert (finding.status, finding.severity, finding.confidence) == (
        Status.WARN,
        Severity.ADVICE,
        Confidence.LOW,
    )


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
async def test_good_projects_pass(folder, findings, tmp_path):
    shutil.copytree(folder, tmp_path / "good")
    assert {finding.status for finding in await findings("LIM005", tmp_path / "good")} == {Status.PASS}


async def test_without_source_it_is_skipped(findings, write_project):
    (finding,) = await findings("LIM005", write_project({"wrangler.toml": 'name = "import"\n'}))
    assert finding.status is Status.SKIP


class Broken(QueueMessageSize):
    """Fails."""

    async def run(self, ctx):
        yield self.passed(str(ctx.source.sites[99]))


async def test_a_crash_is_an_error(project, context):
    async with context(project(ONE_MESSAGE)) as ctx:
        (finding,) = await run_check(Broken, ctx)
    assert finding.status is Status.ERROR

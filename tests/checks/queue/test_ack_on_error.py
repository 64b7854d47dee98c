from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.queue.ack_on_error import AckOnError
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

[[queues.consumers]]
queue = "prices"
"""
WORKER = """import json
from contextlib import suppress

from workers import WorkerEntrypoint


async def store(env, body):
    statement = "INSERT INTO prices (symbol, day) VALUES (?, ?) ON CONFLICT (symbol, day) DO NOTHING"
    await env.DB.prepare(statement).bind(body["symbol"], body["day"]).run()


class Default(WorkerEntrypoint):
    async def queue(self, batch):
        for message in batch.messages:
{body}
"""
WRITE = "await store(self.env, message.body)"
LOG = 'await self.env.DB.prepare("INSERT INTO request_logs (id) VALUES (?)").bind(message.id).run()'
STATE = 'await self.env.DB.prepare("UPDATE feeds SET seen = ?").bind(message.id).run()'


@pytest.fixture
def findings(check, write_project):
    async def find(*lines, code="QUE005", worker=WORKER):
        body = "\n".join(f"            {line}" for line in lines)
        folder = write_project({"wrangler.toml": CONFIG, "worker.py": worker.replace("{body}", body)})
        return [finding for finding in await check(code, folder, offline=True) if finding.code == code]

    return find


@pytest.mark.anyio
@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(folder, check, tmp_path):
    shutil.copytree(folder, tmp_path / "correct")
    found = await check("QUE005", tmp_path / "correct", offline=True)
    assert {finding.status for finding in found if finding.code == "QUE005"} == {Status.PASS}


@pytest.mark.anyio
async def test_an_ack_in_the_except(findings):
    (finding,) = await findings(
        "try:", f"    {WRITE}", "except Exception as error:", "    print(error)", "    message.ack()"
    )
    assert finding.status is Status.FAIL
    assert finding.severity is Severity.ERROR
    assert finding.confidence is Confidence.HIGH
    assert finding.location == Location("worker.py", 17, 13)
    assert finding.message == (
        "the handler keeps the error of a write, and the queue takes the message as done "
        "(Default.queue writes to prices)"
    )
    assert finding.explains == ("E2E002", "E2E004")
    assert finding.evidence == {
        "kind": "except",
        "function": "Default.queue",
        "ack": "worker.py:19",
        "writes": ["worker.py:9"],
        "tables": ["prices"],
        "texts": [],
    }


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("lines", "kind", "line"),
    [
        (["message.ack()", WRITE], "early-ack", 15),
        (["try:", f"    {WRITE}", "finally:", "    message.ack()"], "ack-in-finally", 18),
        (["with suppress(Exception):", f"    {WRITE}"], "suppress", 15),
        (["try:", f"    {WRITE}", "except Exception:", "    pass"], "except", 17),
        (
            [
                "try:",
                f"    {WRITE}",
                "except Exception as error:",
                '    if "SQLITE_BUSY" in str(error):',
                "        message.retry()",
            ],
            "never-sent",
            17,
        ),
    ],
)
async def test_each_kind_of_loss(lines, kind, line, findings):
    (finding,) = await findings(*lines)
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.HIGH)
    assert (finding.evidence["kind"], finding.location.line) == (kind, line)


@pytest.mark.anyio
async def test_what_is_retried_is_in_order(findings):
    (finding,) = await findings(
        "try:", f"    {WRITE}", "    message.ack()", "except Exception:", "    message.retry()"
    )
    assert finding.status is Status.PASS
    assert finding.message == "a message whose write fails is not acknowledged"


@pytest.mark.anyio
async def test_a_lost_log_line_is_nothing(findings):
    (finding,) = await findings(WRITE, "try:", f"    {LOG}", "except Exception:", "    pass")
    assert finding.status is Status.PASS


@pytest.mark.anyio
async def test_a_row_of_state_beside_the_data_is_of_low_confidence(findings):
    (finding,) = await findings(WRITE, "try:", f"    {STATE}", "except Exception:", "    pass")
    assert finding.confidence is Confidence.LOW
    assert finding.evidence["tables"] == ["feeds"]


@pytest.mark.anyio
async def test_one_place_is_reported_by_one_check(findings):
    lines = ["try:", f"    {WRITE}", "except Exception as error:", "    print(error)"]
    (finding,) = await findings(*lines, code="SRC001")
    assert finding.status is Status.PASS
    worker = WORKER.replace("async def queue(self, batch):", "async def scheduled(self, batch):")
    (finding,) = await findings(*lines, code="SRC001", worker=worker)
    assert finding.status is Status.FAIL


@pytest.mark.anyio
async def test_a_worker_without_a_consumer_passes(findings):
    worker = WORKER.replace("async def queue(self, batch):", "async def scheduled(self, batch):")
    (finding,) = await findings("try:", f"    {WRITE}", "except Exception:", "    pass", worker=worker)
    assert (finding.status, finding.message) == (Status.PASS, "the worker consumes no queue")


@pytest.mark.anyio
async def test_without_source_it_is_skipped(write_project, check):
    folder = write_project({"wrangler.toml": CONFIG.replace('main = "worker.py"\n', "")})
    (finding,) = [finding for finding in await check("QUE005", folder) if finding.code == "QUE005"]
    assert finding.status is Status.SKIP
    assert finding.message.startswith("there is no worker source")


@pytest.mark.anyio
async def test_a_broken_check_is_an_error_of_its_own(write_project):
    folder = write_project(
        {"wrangler.toml": CONFIG, "worker.py": WORKER.replace("{body}", "            pass")}
    )

    class BrokenAckOnError(AckOnError):
        async def run(self, ctx):
            raise RuntimeError("out of order")
            yield

    async with Session(SessionOptions(path=folder, target=Target.OFFLINE)) as session:
        (finding,) = await run_check(BrokenAckOnError, await session.context())
    assert finding.status is Status.ERROR

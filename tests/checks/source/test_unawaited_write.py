from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checks.source.unawaited_write import UnawaitedWrite
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

[[queues.producers]]
binding = "QUEUE"
queue = "prices"
"""
WORKER = """import asyncio

from workers import WorkerEntrypoint


async def store(env, row):
    await env.DB.prepare("INSERT INTO prices VALUES (?)").bind(row).run()


@in_the_background
async def later(env, row):
    await store(env, row)


def started(env, row):
    return env.DB.prepare("INSERT INTO prices VALUES (?)").bind(row).run()


class Default(WorkerEntrypoint):
    async def queue(self, batch):
        env, rows = self.env, [message.body for message in batch.messages]
        insert = env.DB.prepare("INSERT INTO prices VALUES (?)")
{body}
"""
INSIDE = 23


@pytest.fixture
def findings(check, write_project):
    async def find(*lines):
        body = "\n".join(f"        {line}" for line in lines)
        folder = write_project({"wrangler.toml": CONFIG, "worker.py": WORKER.format(body=body)})
        return [each for each in await check("SRC002", folder, offline=True) if each.code == "SRC002"]

    return find


async def test_a_coroutine_that_never_starts(findings):
    (finding,) = await findings("for row in rows:", "    store(env, row)")
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.ERROR)
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "`store(env, row)` in Default.queue is not awaited: "
        "a coroutine that is not awaited never starts, so nothing is written"
    )
    assert finding.location == Location("worker.py", INSIDE + 1, 13)
    assert finding.explains == ("E2E002",)
    assert finding.evidence == {
        "call": "store(env, row)",
        "function": "Default.queue",
        "starts": False,
        "writes": ["worker.py:7"],
        "tables": ["prices"],
    }


async def test_a_call_that_starts_and_is_lost(findings):
    (finding,) = await findings("env.QUEUE.send('x')")
    assert finding.message == (
        "`env.QUEUE.send('x')` in Default.queue is not awaited: it starts, but nothing waits for it: "
        "the worker may end before it is done, and its error is lost"
    )
    assert (finding.evidence["starts"], finding.evidence["tables"]) == (True, ["QUEUE"])


@pytest.mark.parametrize(
    ("lines", "call", "starts"),
    [
        (["insert.bind(1).run()"], "insert.bind(1).run()", True),
        (["result = insert.bind(1).run()"], "insert.bind(1).run()", True),
        (["env.DB.batch([insert.bind(row) for row in rows])"], None, True),
        (["env.DB.exec('DELETE FROM prices')"], None, True),
        (["env.DB.prepare('DELETE FROM prices RETURNING *').all()"], None, True),
        (["started(env, 1)"], "started(env, 1)", True),
        (["asyncio.gather(*(store(env, row) for row in rows))"], None, True),
        (["[store(env, row) for row in rows]"], "store(env, row)", False),
        (["tasks = [store(env, row) for row in rows]"], "store(env, row)", False),
        (["tasks = []", "for row in rows:", "    tasks.append(store(env, row))"], "store(env, row)", False),
        (["print(insert.bind(1).run().meta.changes)"], "insert.bind(1).run()", True),
        (["result = insert.bind(1).run()", "print(result.meta.changes)"], "insert.bind(1).run()", True),
        (["result = insert.bind(1).run()", "print('stored', result)"], "insert.bind(1).run()", True),
        (["done = store(env, 1)", "logger.info(f'stored: {done}')"], "store(env, 1)", False),
        (["rows and store(env, rows[0])"], "store(env, rows[0])", False),
        (["asyncio.wait_for(store(env, 1), 5)"], "asyncio.wait_for(store(env, 1), 5)", False),
    ],
)
async def test_a_call_that_nothing_waits_for(lines, call, starts, findings):
    (finding,) = await findings(*lines)
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.HIGH)
    assert finding.evidence["call"] == (call or lines[0])
    assert finding.evidence["starts"] is starts


@pytest.mark.parametrize(
    ("lines", "call"),
    [
        (["async def finish():", "    await store(env, 1)", "self.ctx.waitUntil(finish)"], "finish"),
        (["self.ctx.waitUntil(lambda: store(env, 1))"], "lambda: store(env, 1)"),
    ],
)
async def test_a_function_that_is_not_called(lines, call, findings):
    (finding,) = await findings(*lines)
    assert finding.message == (
        f"`{call}` in Default.queue is not awaited: it is handed on without being called, "
        "so nothing is written"
    )
    assert (finding.evidence["call"], finding.evidence["starts"]) == (call, False)


@pytest.mark.parametrize(
    "lines",
    [
        ["await store(env, 1)"],
        ["tasks = [store(env, row) for row in rows]", "await asyncio.gather(*tasks)"],
        [
            "tasks = []",
            "for row in rows:",
            "    tasks.append(store(env, row))",
            "await asyncio.gather(*tasks)",
        ],
        ["tasks = [store(env, row) for row in rows]", "for task in tasks:", "    await task"],
        ["pending = insert.bind(1).run()", "await pending"],
        ["pending = insert.bind(1).run()", "result = await pending", "print(result.meta.changes)"],
        ["pending = insert.bind(1).run()", "pending = await pending", "print(pending.meta.changes)"],
        ["return started(env, 1)"],
        ["await started(env, 1)"],
        ["self.ctx.waitUntil(store(env, 1))"],
        ["task = asyncio.create_task(store(env, 1))", "await task"],
        ["await env.DB.batch([insert.bind(row) for row in rows])"],
        ["statements = []", "statements.append(insert.bind(1))"],
        ["insert.bind(1)"],
        ["asyncio.get_event_loop().run_until_complete(store(env, 1))"],
        ["async with asyncio.TaskGroup() as group:", "    group.create_task(store(env, 1))"],
        ["await asyncio.wait_for(store(env, 1), 5)"],
        ["print((await insert.bind(1).run()).meta.changes)"],
        ["insert.bind(1).run().catch(print)"],
        ["env.DB.prepare('SELECT 1').first()"],
        ["jobs = {}", "jobs['one'] = store(env, 1)", "await jobs['one']"],
        ["run = lambda row: store(env, row)", "await run(1)"],
        ["later(env, 1)"],
        ["async def finish():", "    await store(env, 1)", "self.ctx.waitUntil(finish())"],
        ["self.ctx.waitUntil(print)"],
        ["pending = store(env, 1)", "print(pending)", "await pending"],
        ["pending = store(env, 1)", "print(f'{await pending}')"],
        ["pending = store(env, 1)", "print(await pending)"],
        ["pending = store(env, 1)", "print(loop.run_until_complete(pending))"],
    ],
)
async def test_what_something_waits_for(lines, findings):
    (finding,) = await findings(*lines)
    assert finding.status is Status.PASS
    assert finding.message == "every write is awaited"


async def test_a_task_on_purpose_is_for_another_check(findings):
    (finding,) = await findings("asyncio.create_task(store(env, 1))")
    assert finding.status is Status.PASS


async def test_a_log_line_that_is_sent_without_waiting_is_advice(findings):
    (finding,) = await findings('env.DB.prepare("INSERT INTO request_logs VALUES (1)").run()')
    assert finding.confidence is Confidence.LOW


async def test_what_no_handler_reaches_is_advice(check, write_project):
    worker = WORKER.format(body="        pass") + "\n\nasync def unused(env):\n    store(env, 1)\n"
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": worker})
    (finding,) = [each for each in await check("SRC002", folder, offline=True) if each.code == "SRC002"]
    assert (finding.severity, finding.confidence) == (Severity.ADVICE, Confidence.LOW)


@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(folder, check, tmp_path):
    shutil.copytree(folder, tmp_path / "correct")
    found = await check("SRC002", tmp_path / "correct", offline=True)
    (finding,) = [finding for finding in found if finding.code == "SRC002"]
    assert finding.status is Status.PASS


async def test_without_source_it_is_skipped(check, write_project):
    found = await check("SRC002", write_project({"wrangler.toml": 'name = "import"\n'}), offline=True)
    (finding,) = [finding for finding in found if finding.code == "SRC002"]
    assert finding.status is Status.SKIP


async def test_a_check_that_breaks_is_an_error(crash):
    (finding,) = await crash(UnawaitedWrite)
    assert finding.status is Status.ERROR

from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio

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
WORKER = """from workers import WorkerEntrypoint


async def store(env, row):
    await env.DB.prepare("INSERT INTO prices VALUES (?)").bind(row).run()


class Default(WorkerEntrypoint):
    async def queue(self, batch):
        env, rows = self.env, [message.body for message in batch.messages]
        insert = env.DB.prepare("INSERT INTO prices VALUES (?)")
{body}
"""


@pytest.fixture
def project(write_project):
    def write(*lines, worker=WORKER):
        body = "\n".join(f"        {line}" for line in lines)
        return write_project({"wrangler.toml": CONFIG, "worker.py": worker.replace("{body}", body)})

    return write


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["store(env, 1)  # one"], ["await store(env, 1)  # one"]),
        (["result = insert.bind(1).run()"], ["result = await insert.bind(1).run()"]),
        (["(insert", "    .bind(1)", "    .run())"], ["(await insert", "    .bind(1)", "    .run())"]),
        (["print(insert.bind(1).run().meta)"], ["print((await insert.bind(1).run()).meta)"]),
        (["[store(env, row) for row in rows]"], ["[await store(env, row) for row in rows]"]),
        (["rows and store(env, rows[0])"], ["rows and await store(env, rows[0])"]),
        (
            ["result = insert.bind(1).run()", "print(result.meta.changes)"],
            ["result = await insert.bind(1).run()", "print(result.meta.changes)"],
        ),
        (
            ["env.DB.exec('DELETE FROM prices')", "for row in rows:", "    store(env, row)"],
            ["await env.DB.exec('DELETE FROM prices')", "for row in rows:", "    await store(env, row)"],
        ),
    ],
)
async def test_the_call_is_awaited_and_restored(before, after, project, repair, undo, tree):
    folder = project(*before)
    files = tree(folder)
    result = await repair("SRC002", folder, offline=True)
    assert {each.outcome for each in result.settlements} <= {Outcome.FIXED, Outcome.IN_ORDER}
    body = "\n".join(f"        {line}" for line in after)
    assert tree(folder)["worker.py"].decode() == WORKER.replace("{body}", body)
    again = await repair("SRC002", folder, offline=True)
    assert again.settlements == ()
    await undo(folder, offline=True)
    assert tree(folder) == files


@pytest.mark.parametrize(
    ("worker", "why"),
    [
        (
            WORKER.replace("async def queue", "def queue").replace("{body}", "        store(env, 1)"),
            "Default.queue is not rewritten: the call is not made in an `async def`",
        ),
        (
            WORKER.replace("{body}", "        (store(env, row) for row in rows)"),
            "Default.queue is not rewritten: nothing takes anything from the generator that makes the calls",
        ),
    ],
)
async def test_where_await_cannot_stand_it_is_refused(worker, why, project, repair, tree):
    folder = project(worker=worker)
    files = tree(folder)
    (settlement,) = (await repair("SRC002", folder, offline=True)).settlements
    assert settlement.outcome is Outcome.REFUSED
    assert why in settlement.detail
    assert tree(folder) == files

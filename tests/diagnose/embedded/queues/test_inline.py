"""The whole way: a Python worker that sends, its messages, and the Python worker that is given them."""

from __future__ import annotations

import json

import pytest

from diagnose.d1 import Statement
from diagnose.embedded import ConsumerSettings, EmbeddedAccount, drain, nothing_recorded
from diagnose.embedded.clock import VirtualClock
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.embedded.invocation import Trigger
from diagnose.embedded.runtime import InlineRuntime

pytestmark = pytest.mark.anyio

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
WORKER = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        for start in range(0, 25, 5):
            batch = [{"body": {"n": n}} for n in range(start, start + 5)]
            done = await self.env.JOBS.sendBatch(batch)
        return Response.json({"waiting": done["metadata"]["metrics"]["backlogCount"]})

    async def queue(self, batch):
        for message in batch.messages:
            n = message.body["n"]
            if n == 13:
                raise ValueError("unlucky")
            await self.env.DB.prepare("INSERT INTO t VALUES (?1, ?2)").bind(n, message.attempts).run()
            message.ack()
"""


async def test_a_poisoned_message_takes_those_behind_it_along_and_loses_none(make_upload):
    with EmbeddedAccount.memory() as account:
        account.clock = VirtualClock(0)
        account.create_database("history", uuid=UUID)
        account.database(UUID).run(Statement("CREATE TABLE t (n INTEGER PRIMARY KEY, attempts INTEGER)"))
        jobs, failed = account.create_queue("jobs").id, account.create_queue("failed").id
        upload = make_upload(
            text=WORKER,
            bindings=(
                {"type": "d1", "name": "DB", "id": UUID},
                {"type": "queue", "name": "JOBS", "queue_name": "jobs"},
            ),
            compatibility_date="2026-05-01",
            compatibility_flags=("python_workers",),
        )
        account.put_script(upload_and_deploy(account.state, "importer", upload))
        settings = ConsumerSettings(max_retries=1, dead_letter_queue="failed")
        account.attach_consumer(jobs, "importer", settings)
        runtime = InlineRuntime(allow_unsandboxed=True)
        sent = await account.invoke("importer", Trigger(), responses=nothing_recorded, runtime=runtime)
        assert json.loads(sent.answer.body) == {"waiting": 25}
        drained = await drain(account, runtime=runtime, responses=nothing_recorded)
        rows = account.database(UUID).run(Statement("SELECT n, attempts FROM t ORDER BY n")).rows
        dead = account.peek(failed)

    # 13 to 19 are given again behind 20 to 24, in a batch that ends with 17: it fails as a whole once more.
    assert [row[0] for row in rows] == [*range(13), 18, 19, *range(20, 25)]
    assert [n for n, attempts in rows if attempts == 2] == [18, 19]
    assert [one.body for one in dead] == [f'{{"n":{n}}}'.encode() for n in range(13, 18)]
    assert [len(one.messages) for one in drained.deliveries] == [10, 10, 10, 2]
    assert drained.seconds == 5.0
    errors = [one.invocation.exception.message for one in drained.deliveries if one.invocation.exception]
    assert errors == ["unlucky", "unlucky"]

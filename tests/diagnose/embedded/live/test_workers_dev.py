from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest

from diagnose.embedded.deploying import find
from diagnose.embedded.invocation import HttpAnswer, Invocation, WorkerException
from diagnose.embedded.live import Live
from diagnose.embedded.live.lanes import MOST_WAITING
from diagnose.embedded.runtime import InlineRuntime
from diagnose.errors import SandboxError

pytestmark = pytest.mark.anyio

HOST = "importer.embedded.workers.dev"
THREW = WorkerException(name="KeyError", message="'candles'", traceback="")


@pytest.fixture
async def ask(account, anyio_backend):
    """A request to the port of an account that executes workers."""
    clients = []

    def make(live: Live):
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=account.app(live=live)), base_url="http://127.0.0.1:8787"
        )
        clients.append(client)

        async def request(
            path: str = "/", *, method: str = "GET", host: str = HOST, **more
        ) -> httpx.Response:
            headers = {"host": host, **more.pop("headers", {})}
            return await client.request(method, path, headers=headers, **more)

        return request

    yield make
    for client in clients:
        await client.aclose()


async def test_the_worker_sees_its_own_address_and_the_answer_comes_back_as_it_is(live, deploy, ask):
    answer = HttpAnswer(
        status=418,
        headers={"content-type": "text/tea", "x-rows": "7", "content-length": "999", "connection": "close"},
        body=b"short and stout",
    )
    deploy()
    executing = live(lambda _: Invocation(outcome="ok", answer=answer))
    answered = await ask(executing)(
        "/im%20port?a=1&b=%2F",
        method="POST",
        host="Importer.Embedded.Workers.Dev:8787",
        content=b"rows",
        headers={"x-kind": "candles"},
    )

    assert (answered.status_code, answered.content) == (418, b"short and stout")
    assert answered.headers["x-rows"] == "7"
    assert answered.headers["content-length"] == "15"
    assert "cf-ray" not in answered.headers
    (trigger,) = executing._invoker.runtime.triggers
    assert (trigger.method, trigger.path, trigger.body) == (
        "POST",
        f"https://{HOST}/im%20port?a=1&b=%2F",
        b"rows",
    )
    assert trigger.headers["x-kind"] == "candles"
    assert trigger.headers["cf-connecting-ip"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "status", "body"),
    [
        ("nobody.embedded.workers.dev", 404, "There is nothing here yet"),
        ("importer.other.workers.dev", 404, "There is nothing here yet"),
        ("embedded.workers.dev", 404, "There is nothing here yet"),
        ("a.importer.embedded.workers.dev", 404, "There is nothing here yet"),
    ],
)
async def test_nobody_answers_elsewhere(live, deploy, ask, host, status, body):
    deploy()
    answered = await ask(live())(host=host)

    assert (answered.status_code, answered.text) == (status, body)


async def test_a_worker_that_is_not_on_workers_dev_has_cloudflares_page(account, live, deploy, ask):
    deploy()
    account.put_script(replace(find(account.state, "importer"), subdomain=False))
    answered = await ask(live())()

    assert (answered.status_code, answered.text) == (404, "error code: 1042")


@pytest.mark.parametrize(
    ("invocation", "status", "body"),
    [
        (Invocation(outcome="exception", exception=THREW), 500, "error code: 1101"),
        (Invocation(outcome="killed", reason="it did not end"), 500, "error code: 1101"),
        (Invocation(outcome="exceededCpu"), 503, "error code: 1102"),
        (Invocation(outcome="exceededMemory"), 503, "error code: 1102"),
        (Invocation(outcome="refused", refused="crypto.subtle"), 501, "diagnose: crypto.subtle"),
    ],
)
async def test_what_goes_wrong_in_a_worker_is_one_line(live, deploy, ask, invocation, status, body):
    deploy()
    answered = await ask(live(lambda _: invocation))()

    assert (answered.status_code, answered.text) == (status, body)


async def test_other_languages_are_not_executed(live, deploy, ask):
    deploy("export default {}", main="index.js")
    answered = await ask(live())()

    assert answered.status_code == 501
    assert answered.text == (
        "diagnose: importer (index.js) is not Python, and only Python workers are executed here"
    )


async def test_without_a_sandbox_nothing_is_executed(live, deploy, ask):
    def handle(_trigger):
        raise SandboxError("no Landlock", hint="--allow-worker-code")

    deploy()
    answered = await ask(live(handle))()

    assert (answered.status_code, answered.text) == (501, "diagnose: no Landlock; --allow-worker-code")


async def test_a_worker_that_does_not_answer_turns_more_requests_away(live, deploy, ask):
    go = asyncio.Event()

    def handle(_trigger):
        async def act(_bindings):
            await go.wait()
            return Invocation(outcome="ok", answer=HttpAnswer(status=200))

        return act

    deploy()
    request = ask(live(handle))
    requests = [asyncio.ensure_future(request()) for _ in range(MOST_WAITING + 1)]
    (first,), _ = await asyncio.wait(requests, return_when=asyncio.FIRST_COMPLETED)
    go.set()
    statuses = [answered.status_code for answered in await asyncio.gather(*requests)]

    assert first.result().text == "diagnose: 100 events wait for importer"
    assert sorted(statuses) == [200] * MOST_WAITING + [503]


async def test_everything_else_is_the_api(account, live, deploy, ask):
    deploy()
    executing = live()
    bearer = {"authorization": f"Bearer {account.token}"}
    answered = await ask(executing)(
        f"/client/v4/accounts/{account.account_id}/queues", host="127.0.0.1:8787", headers=bearer
    )

    assert answered.json()["success"] is True
    assert executing._invoker.runtime.triggers == []


WORKER = """\
from urllib.parse import urlparse
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        path = urlparse(request.url).path
        print("asked for", path)
        if path == "/boom":
            raise KeyError("candles")
        await self.env.DB.prepare("INSERT INTO levels VALUES (?)").bind(path).run()
        await self.env.JOBS.send({"path": path})
        return Response.json({"host": urlparse(request.url).hostname})

    async def queue(self, batch):
        for message in batch.messages:
            insert = self.env.DB.prepare("INSERT INTO levels VALUES ('queued ' || ?)")
            await insert.bind(message.body["path"]).run()
"""


async def test_a_real_worker_from_the_request_to_the_row_of_its_message(account, deploy, ask, anyio_backend):
    from diagnose.d1 import Statement
    from diagnose.embedded import ConsumerSettings
    from diagnose.embedded.clock import SystemClock

    (uuid,) = account.databases
    account.clock = SystemClock()
    account.database(uuid).run(Statement("CREATE TABLE levels (what TEXT)"))
    deploy(
        WORKER,
        bindings=(
            {"type": "d1", "name": "DB", "id": uuid},
            {"type": "queue", "name": "JOBS", "queue_name": "jobs"},
        ),
        compatibility_date="2026-06-01",
        compatibility_flags=("python_workers",),
    )
    account.attach_consumer(
        account.find_queue("jobs").id, "importer", ConsumerSettings(batch_size=1, max_wait_time_ms=0)
    )
    consumed = asyncio.Event()
    async with Live(account, InlineRuntime()) as executing:
        account.observed.watch(lambda seen: consumed.set() if seen.kind == "queue" else None)
        request = ask(executing)
        failed, answered = await request("/boom"), await request("/import")
        await consumed.wait()

    assert (failed.status_code, failed.text) == (500, "error code: 1101")
    assert answered.json() == {"host": HOST}
    rows = account.database(uuid).run(Statement("SELECT what FROM levels")).rows
    assert rows == (("/import",), ("queued /import",))
    boom, imported, queued = account.observed.invocations
    assert ([log.message for log in boom.logs], boom.outcome) == ([("asked for /boom",)], "exception")
    assert [escaped.message for escaped in boom.exceptions] == ["'candles'"]
    assert 'entry.py", line 10, in fetch' in boom.exceptions[0].stack
    assert imported.event["response"] == {"status": 200}
    assert queued.event == {"queue": "jobs", "batchSize": 1}

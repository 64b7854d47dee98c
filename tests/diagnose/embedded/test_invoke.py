from __future__ import annotations

import pytest

from diagnose.d1 import LIMITS, D1Error, Statement
from diagnose.embedded import EmbeddedAccount, QueryCount, RefusalError, count_queries, nothing_recorded
from diagnose.embedded.invocation import (
    BindingError,
    ExecutedStatement,
    HttpAnswer,
    Invocation,
    OutboundRequest,
    OutgoingMessage,
    Trigger,
)
from diagnose.embedded.runtime import InlineRuntime

pytestmark = pytest.mark.anyio

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
ONE = Statement("SELECT 1")


class Handler:
    """A runtime whose worker is a Python coroutine of the test."""

    def __init__(self, handler) -> None:
        self._handler = handler
        self.worker = None
        self.bindings = None

    async def invoke(self, worker, trigger, bindings, *, limits) -> Invocation:
        self.worker, self.bindings = worker, bindings
        await self._handler(bindings)
        return Invocation(outcome="ok", answer=HttpAnswer(status=200), duration_ms=limits.wall_seconds)


async def invoke(account, handler, *, responses=nothing_recorded, **more) -> Handler:
    runtime = Handler(handler)
    await account.invoke("importer", Trigger(), responses=responses, runtime=runtime, **more)
    return runtime


@pytest.fixture
def deployed(deploy_worker):
    """Makes an account of a plan, with a worker bound to a database."""
    accounts = []

    def make(plan="paid", bindings=()) -> EmbeddedAccount:
        account = EmbeddedAccount.memory(plan=plan)
        accounts.append(account)
        account.create_database("history", uuid=UUID)
        account.create_queue("jobs")
        deploy_worker(account, bindings=({"type": "d1", "name": "DB", "id": UUID}, *bindings))
        return account

    yield make
    for account in accounts:
        account.close()


async def test_the_deployed_version_reaches_the_accounts_database(deployed):
    account = deployed()

    async def handler(env):
        await env.d1_run("DB", Statement("CREATE TABLE t (a)"))
        await env.d1_batch("DB", (Statement("INSERT INTO t VALUES (?1)", ("x",)),) * 3)
        assert await env.d1_exec("DB", "INSERT INTO t VALUES (1)\nINSERT INTO t VALUES (2)") == 2

    runtime = await invoke(account, handler)
    assert account.database(UUID).run(Statement("SELECT count(*) FROM t")).rows == ((5,),)
    assert runtime.bindings.queries == QueryCount(calls=3, statements=6)


async def test_the_runtime_is_given_code_kinds_and_values(deployed):
    bindings = (
        {"type": "plain_text", "name": "MODE", "text": "fast"},
        {"type": "json", "name": "LIST", "json": [1]},
        {"type": "secret_text", "name": "KEY", "text": "kept"},
        {"type": "queue", "name": "Q", "queue_name": "jobs"},
        {"type": "kv_namespace", "name": "KV", "namespace_id": "x"},
    )

    async def handler(env):
        pass

    runtime = await invoke(
        deployed(bindings=bindings), handler, base="src", secret_values={"KEY": "s3", "HOME": "/root"}
    )
    assert runtime.worker.bindings == {
        "DB": "d1", "MODE": "var", "LIST": "var", "KEY": "secret", "Q": "queue", "KV": "kv_namespace",
    }  # fmt: skip
    assert runtime.worker.vars == {"MODE": "fast", "LIST": [1], "KEY": "s3"}
    assert runtime.worker.modules == {"entry.py": b"async def fetch(): ...\n"}
    assert runtime.worker.base == "src"


@pytest.mark.parametrize("plan", ["free", "paid"])
async def test_queries_end_at_the_number_of_the_plan(deployed, plan):
    allowed = LIMITS.d1.queries_per_invocation.of(plan)

    async def handler(env):
        for _ in range(allowed):
            await env.d1_run("DB", ONE)
        for refused in (env.d1_run("DB", ONE), env.d1_batch("DB", (ONE,)), env.d1_exec("DB", "SELECT 1")):
            with pytest.raises(D1Error, match=r"^Too many API requests by single worker invocation"):
                await refused

    account = deployed(plan)
    await invoke(account, handler)
    await invoke(account, handler)  # each invocation is counted for itself


async def test_a_batch_is_one_query_under_the_lenient_reading(deployed):
    async def handler(env):
        for _ in range(50):
            await env.d1_batch("DB", (ONE,) * 10)

    runtime = await invoke(deployed("free"), handler)
    assert runtime.bindings.queries == QueryCount(calls=50, statements=500)


async def test_recorded_answers_are_given_and_counted(deployed):
    def responses(request):
        return HttpAnswer(status=200, body=b"[]") if request.url == "https://known.example/" else None

    async def handler(env):
        assert (await env.fetch(OutboundRequest(url="https://known.example/"))).body == b"[]"
        assert await env.fetch(OutboundRequest(url="https://other.example/")) is None
        for _ in range(48):
            await env.fetch(OutboundRequest(url="https://known.example/"))
        with pytest.raises(BindingError, match=r"^Too many subrequests\.$"):
            await env.fetch(OutboundRequest(url="https://known.example/"))

    await invoke(deployed("free"), handler, responses=responses)


async def test_messages_are_taken_within_the_limits(deployed):
    message = OutgoingMessage(content_type="json", body=b"{}")

    async def handler(env):
        await env.send("Q", (message,), batch=False)
        await env.send("Q", (message,) * 100, batch=True)
        with pytest.raises(BindingError, match="batch message count of 101 exceeds limit of 100"):
            await env.send("Q", (message,) * 101, batch=True)
        with pytest.raises(BindingError, match="DB is no queue binding"):
            await env.send("DB", (message,), batch=False)

    await invoke(deployed(bindings=({"type": "queue", "name": "Q", "queue_name": "jobs"},)), handler)


async def test_a_binding_whose_database_was_deleted_says_so(deployed):
    account = deployed()
    account.delete_database(UUID)

    async def handler(env):
        with pytest.raises(D1Error, match="could not be found"):
            await env.d1_run("DB", ONE)

    await invoke(account, handler)


async def test_a_worker_that_is_not_there_cannot_be_invoked(embedded):
    with pytest.raises(RefusalError) as caught:
        await embedded.invoke("nobody", Trigger(), responses=nothing_recorded, runtime=Handler(None))
    assert caught.value.code == 10007


def test_both_readings_are_counted_from_what_was_recorded():
    def executed(batch=None, error=None) -> ExecutedStatement:
        return ExecutedStatement(binding="DB", method="run", sql="SELECT 1", batch=batch, error=error)

    refused = executed(error="D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'")
    failed = executed(error="D1_ERROR: no such table: t: SQLITE_ERROR")
    lines = ExecutedStatement(binding="DB", method="exec", sql="SELECT 1\n\nSELECT 2\n")
    statements = (executed(), failed, refused, executed(0), executed(0), executed(1), lines)
    assert count_queries(Invocation(outcome="ok", statements=statements)) == QueryCount(5, 7)


WORKER = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        for n in range(60):
            await self.env.DB.prepare("INSERT INTO t VALUES (?)").bind(n).run()
        return Response("done")
"""


async def test_the_inline_runtime_meets_the_limit_of_the_free_plan(embedded, deploy_worker):
    embedded.plan = "free"
    embedded.create_database("history", uuid=UUID)
    embedded.database(UUID).run(Statement("CREATE TABLE t (n)"))
    deploy_worker(
        embedded,
        text=WORKER,
        bindings=({"type": "d1", "name": "DB", "id": UUID},),
        compatibility_date="2025-10-01",
        compatibility_flags=("python_workers",),
    )
    runtime = InlineRuntime(allow_unsandboxed=True)
    done = await embedded.invoke("importer", Trigger(), responses=nothing_recorded, runtime=runtime)
    assert done.outcome == "exception"
    assert "Too many API requests by single worker invocation" in done.exception.message
    assert count_queries(done).calls == 51
    assert embedded.database(UUID).run(Statement("SELECT count(*) FROM t")).rows == ((50,),)


async def test_on_a_served_account_statements_take_their_turn(deployed):
    account = deployed()
    account.app()
    assert account.turns is not None
    taken = []
    take = account.turns.take

    async def watched(uuid, work):
        taken.append(uuid)
        return await take(uuid, work)

    account.turns.take = watched

    async def handler(env):
        await env.d1_run("DB", ONE)
        account.delete_database(UUID)
        with pytest.raises(D1Error, match="could not be found"):
            await env.d1_run("DB", ONE)

    await invoke(account, handler)
    assert taken == [UUID, UUID]


async def test_a_worker_is_given_the_secrets_that_its_account_keeps(deployed):
    account = deployed(bindings=({"type": "secret_text", "name": "KEY", "text": "kept"},))

    async def handler(env): ...

    assert (await invoke(account, handler)).worker.vars == {"KEY": "kept"}
    replaced = await invoke(account, handler, secret_values={"KEY": "given"})
    assert replaced.worker.vars == {"KEY": "given"}


async def test_queries_of_workers_are_counted(deployed):
    account = deployed()

    async def handler(env):
        await env.d1_run("DB", Statement("CREATE TABLE t (a)"))
        await env.d1_batch("DB", (Statement("INSERT INTO t VALUES (1)"), Statement("SELECT a FROM t")))

    await invoke(account, handler)
    counted = {key.text: (totals.queries, totals.writes) for key, totals in account.query_counts.totals}
    assert counted == {
        "CREATE TABLE t (a)": (1, 1),
        "INSERT INTO t VALUES (1)": (1, 1),
        "SELECT a FROM t": (1, 0),
    }
    assert {key.database_id for key, _ in account.query_counts.totals} == {UUID}

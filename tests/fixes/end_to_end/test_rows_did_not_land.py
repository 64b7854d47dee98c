from __future__ import annotations

import pytest

from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.engine.registry import load_registry
from diagnose.engine.session import Session, SessionOptions
from diagnose.model import Finding, Severity, Status

pytestmark = pytest.mark.anyio

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
TABLE = "CREATE TABLE levels (day INTEGER PRIMARY KEY, metres REAL);"
FILES = {
    "wrangler.toml": 'name = "tides"\nmain = "worker.py"\ncompatibility_date = "2026-04-01"\n'
    'compatibility_flags = ["python_workers"]\n\n[[d1_databases]]\nbinding = "DB"\n'
    f'database_name = "harbour"\ndatabase_id = "{HARBOUR}"\n',
    "worker.py": "from workers import Response, WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
    "    async def fetch(self, request):\n"
    '        insert = self.env.DB.prepare("INSERT OR IGNORE INTO levels (day, metres) VALUES (?, ?)")\n'
    "        await insert.bind(1, 0.5).run()\n        await insert.bind(2, 0.7).run()\n"
    '        return Response("ok")\n',
}
FINDING = Finding(
    code="E2E002",
    name="rows-did-not-land",
    status=Status.FAIL,
    severity=Severity.ERROR,
    message="the rows of an earlier run did not land",
)


@pytest.fixture
def folder(write_project, saved_account):
    """A repaired worker, and an account in which its rows are still missing."""

    def write(table: str = TABLE):
        project = write_project(FILES)
        saved_account(project, {HARBOUR: ("harbour", table)})
        return project

    return write


async def planned(project):
    async with Session(SessionOptions(path=project)) as session:
        return await load_registry().fixes["E2E002"]().plan(await session.context(), FINDING)


def stored(project):
    with EmbeddedAccount.load_snapshot(project / ".diagnose" / "account") as account:
        return list(account.database(HARBOUR).run(Statement("SELECT * FROM levels ORDER BY day")).rows)


async def perform(project, *, again: bool = False):
    """Apply the plan as `fix` does, then take it back; what is stored after each."""
    async with Session(SessionOptions(path=project, writable=True)) as session:
        plan = await load_registry().fixes["E2E002"]().plan(await session.context(), FINDING)
        workspace = await session.workspace()
        (step,) = plan.steps
        step = await step.prepare(workspace)
        await step.apply(workspace)
        assert await step.verify(workspace) is None
        if again:
            await step.apply(workspace)
        session.forget()
        nothing = await load_registry().fixes["E2E002"]().plan(await session.context(), FINDING)
        return step, nothing


async def take_back(project, step):
    async with Session(SessionOptions(path=project, writable=True)) as session:
        return await step.undo(await session.workspace())


async def test_the_plan_is_one_import(folder):
    project = folder()

    plan = await planned(project)

    assert [step.title for step in plan.steps] == ["import 2 rows into levels of database harbour"]
    assert plan.steps[0].key == ("day",)
    assert stored(project) == []


async def test_rows_are_written_once_and_taken_back(folder):
    project = folder(TABLE + "INSERT INTO levels VALUES (2, 0.7), (9, 9.9);")

    step, nothing = await perform(project, again=True)
    assert stored(project) == [(1, 0.5), (2, 0.7), (9, 9.9)]
    assert (nothing.steps, nothing.why) == ((), "all 2 rows are in levels already")

    assert await take_back(project, step) is None
    assert stored(project) == [(2, 0.7), (9, 9.9)]


async def test_without_a_key_it_is_refused(folder):
    plan = await planned(folder("CREATE TABLE levels (day INTEGER, metres REAL)"))

    assert plan.refusal is not None
    assert plan.why == "levels has no unique key within the written columns"


async def test_while_the_worker_still_fails_it_is_refused(folder):
    plan = await planned(folder("CREATE TABLE levels (day INTEGER PRIMARY KEY)"))

    assert plan.refusal is not None
    assert plan.why.startswith("the worker's import still fails: D1_ERROR: ")


QUEUES = '\n[[queues.producers]]\nbinding = "LEVELS"\nqueue = "levels"\n'
CONSUMER = '\n[[queues.consumers]]\nqueue = "levels"\nmax_retries = 0\n'
QUEUED = (
    "from workers import Response, WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
    "    async def fetch(self, request):\n"
    "        for day in (1, 2):\n"
    "            await self.env.LEVELS.send(str(day), contentType='text')\n"
    '        return Response("queued")\n\n'
)
CONSUMING = (
    "    async def queue(self, batch):\n"
    '        insert = self.env.DB.prepare("INSERT OR IGNORE INTO levels (day, metres) VALUES (?, 0.5)")\n'
    "        for message in batch.messages:\n"
    "            await insert.bind(int(message.body)).run()\n"
)


@pytest.fixture
def queued(write_project, saved_account):
    """A producer, its consumer in the same worker or beside it, and an account with both queues."""

    def write(worker: str = QUEUED + CONSUMING, config: str = "", **files: str):
        main = config or FILES["wrangler.toml"].replace("2026-04-01", "2026-05-01") + QUEUES + CONSUMER
        named = {name.replace("__", "/"): text for name, text in files.items()}
        project = write_project({"wrangler.toml": main, "worker.py": worker} | named)
        saved_account(project, {HARBOUR: ("harbour", TABLE)})
        with EmbeddedAccount.open(project / ".diagnose" / "account") as account:
            account.create_queue("levels")
        return project

    return write


async def test_what_the_consumer_binds_is_imported(queued):
    project = queued()

    step, nothing = await perform(project)

    assert stored(project) == [(1, 0.5), (2, 0.5)]
    assert nothing.why == "all 2 rows are in levels already"
    assert await take_back(project, step) is None
    assert stored(project) == []


async def test_while_messages_are_given_up_it_is_refused(queued):
    plan = await planned(queued(QUEUED + CONSUMING.replace("int(message.body)", "message.body.day")))

    assert plan.refusal is not None
    assert plan.why == "messages are still given up by their consumer (E2E003): 2"


async def test_while_messages_wait_it_is_refused(queued):
    config = FILES["wrangler.toml"].replace("2026-04-01", "2026-05-01") + QUEUES
    plan = await planned(queued(config=config))

    assert plan.refusal is not None
    assert plan.why == "messages are left in levels: 2, no worker consumes it"


async def test_a_table_of_another_worker_is_repaired_through_its_config(write_project):
    wrangler, database, rest = FILES["wrangler.toml"].partition("[[d1_databases]]")
    wrangler = wrangler.replace("2026-04-01", "2026-05-01")
    writer = wrangler.replace('"tides"', '"writer"') + database + rest + CONSUMER
    project = write_project(
        {
            "wrangler.toml": wrangler + QUEUES,
            "worker.py": QUEUED,
            "writer/wrangler.toml": writer,
            "writer/worker.py": QUEUED.partition("    async")[0] + CONSUMING,
            "writer/migrations/0001.sql": TABLE,
        }
    )

    plan = await planned(project)

    assert plan.refusal is not None
    assert plan.why == "levels is in a database of another worker"

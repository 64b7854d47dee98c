"""What is found in an account over HTTP is what is found in the same account when it is saved."""

from __future__ import annotations

import pytest

from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.embedded.invocation import OutgoingMessage
from diagnose.engine.ranking import root_causes
from diagnose.model import Status

pytestmark = pytest.mark.anyio
HARBOUR, PIER = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001", "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c002"
CONFIG = f"""\
name = "tides"
main = "worker.py"
compatibility_date = "2026-04-01"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "pier"
database_id = "{HARBOUR}"

[[queues.producers]]
binding = "LEVELS"
queue = "levels"

[[queues.consumers]]
queue = "levels"
dead_letter_queue = "levels-failed"
"""
WORKER = """\
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        insert = "INSERT INTO levels (day) VALUES (1) ON CONFLICT (day) DO NOTHING"
        await self.env.DB.prepare(insert).run()
        await self.env.DB.prepare("UPDATE levels SET depth = 2").run()
        await self.env.DB.prepare("INSERT INTO gone (day) VALUES (1)").run()
        await self.env.LEVELS.send("1")

    async def queue(self, batch):
        for message in batch.messages:
            await self.env.DB.prepare("INSERT INTO days (day) VALUES (?)").bind(message.body).run()
"""
FILES = {"wrangler.toml": CONFIG, "worker.py": WORKER}
TABLES = "CREATE TABLE levels (day INTEGER, metres REAL); CREATE TABLE days (day INTEGER);"
RIGHT = (
    "CREATE TABLE levels (day INTEGER PRIMARY KEY, depth REAL); CREATE TABLE days (day INTEGER);"
    "CREATE TABLE gone (day INTEGER)"
)
CODES = ("CFG006", "TBL001", "TBL002", "TBL003", "DEP001", "QUE002", "QUE003")


def told(findings, code):
    return [
        (one.status, one.severity, one.confidence, one.message, one.location, one.resource, one.evidence)
        for one in findings
        if one.code == code
    ]


@pytest.fixture
def broken(write_project, saved_account):
    """A queue, a consumer and tables are missing, a name is that of another database, nothing is deployed."""
    folder = write_project(FILES)
    databases = {HARBOUR: ("harbour", TABLES), PIER: ("pier", "CREATE TABLE gone (day INTEGER)")}
    with EmbeddedAccount.open(saved_account(folder, databases)) as account:
        account.create_queue("levels")
    return folder


@pytest.fixture
def right(write_project, saved_account):
    """The same project in an account that has everything."""
    folder = write_project({**FILES, "wrangler.toml": CONFIG.replace('"pier"', '"harbour"')})
    with EmbeddedAccount.open(saved_account(folder, {HARBOUR: ("harbour", RIGHT)})) as account:
        queue = account.create_queue("levels")
        failed = account.create_queue("levels-failed")
        upload = Upload(
            main_module="worker.py",
            modules={"worker.py": Module(content=WORKER.encode(), content_type="text/x-python")},
        )
        account.put_script(upload_and_deploy(account.state, "tides", upload))
        account.attach_consumer(queue.id, "tides")
        account.enqueue(failed.id, [OutgoingMessage(content_type="json", body=b"{}")] * 2)
    return folder


async def everything(check, folder):
    return [finding for code in CODES for finding in await check(code, folder)]


async def test_every_problem_is_found_over_http_as_well(broken, check, check_over_http):
    saved = await everything(check, broken)
    over_http = await check_over_http(",".join(CODES), broken)
    for code in CODES:
        assert told(over_http, code) == told(saved, code)
        assert {one.status for one in saved if one.code == code} & {Status.FAIL, Status.WARN}, code


async def test_what_is_in_order_is_so_over_http(right, check, check_over_http):
    saved = await everything(check, right)
    over_http = await check_over_http(",".join(CODES), right)
    for code in CODES:
        assert told(over_http, code) == told(saved, code)
        assert {one.status for one in over_http if one.code == code} == {Status.PASS}, code


async def test_what_a_queue_gave_up_is_found_over_http(right, check, check_over_http):
    saved = [one for one in told(await check("E2E003", right), "E2E003") if one[0] is Status.FAIL]
    over_http = [
        one for one in told(await check_over_http("E2E003", right), "E2E003") if one[0] is Status.FAIL
    ]
    assert [one[3] for one in saved] != []
    assert over_http == saved


async def test_a_consumer_that_a_deploy_attaches_follows_from_the_missing_deploy(broken, check_over_http):
    found = await check_over_http("DEP001,QUE003", broken)
    assert [(cause.code, cause.explains) for cause in root_causes(found)] == [("DEP001", ("QUE003",))]


async def test_the_deploy_attaches_the_consumer_and_nothing_is_refused(broken, repair_over_http):
    result = await repair_over_http("QUE002,DEP001,QUE003", broken)
    assert [(one.finding.code, one.outcome.value) for one in result.settlements] == [
        ("QUE002", "fixed"),
        ("DEP001", "fixed"),
        ("QUE003", "in order"),
    ]
    assert [one.code for one in result.findings if one.is_problem] == []

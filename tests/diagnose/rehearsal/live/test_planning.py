from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.account import Account, Secret
from diagnose.account.visiting import Address
from diagnose.embedded.tokens import EVERYTHING, Permission
from diagnose.errors import UsageError
from diagnose.project import open_project
from diagnose.rehearsal.live import LivePlan, LiveRefusal, plan_live
from diagnose.rehearsal.watching import Watch

pytestmark = pytest.mark.anyio

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
WRANGLER = """\
name = "importer"
main = "entry.py"
compatibility_date = "2026-06-01"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "0f0f0f0f-0000-4000-8000-00000000ffff"

[[queues.producers]]
binding = "JOBS"
queue = "jobs"

[[queues.consumers]]
queue = "jobs"
"""
ENTRY = """\
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await self.env.DB.prepare("INSERT INTO prices VALUES (1)").run()
        return Response("ok")

    async def queue(self, batch):
        await self.env.DB.prepare("INSERT INTO prices VALUES (2)").run()
"""
REQUEST = '[trigger]\nkind = "fetch"\nmethod = "POST"\npath = "/import?token=s3"\n'


@pytest.fixture
def project(write_project):
    def make(settings: str = REQUEST, config: str = WRANGLER):
        return open_project(
            write_project({"wrangler.toml": config, "entry.py": ENTRY, "diagnose.toml": settings})
        )

    return make


async def test_a_request_to_workers_dev(project, account):
    plan = await plan_live(project(), account)

    assert isinstance(plan, LivePlan)
    assert plan.address == Address(origin="https://importer.embedded.workers.dev")
    # The database is the deployed worker's, whatever the config says.
    assert plan.watches == (Watch("DB", UUID, "prices"),)
    assert [queue.name for queue in plan.queues] == ["jobs", "dead"]
    assert plan.describe("account") == (
        "--live triggers the deployed worker importer of the account:"
        " POST https://importer.embedded.workers.dev/import\n"
        f"  it writes to: prices (DB {UUID})\n"
        "  messages go through: jobs, dead\n"
        "  What it writes is real, and cannot be undone."
    )


async def test_an_account_on_this_machine_is_asked_at_its_port(project, embedded):
    from diagnose.embedded.serving import BackgroundServer

    with BackgroundServer(embedded) as server:
        async with Account.cloudflare(
            Secret(embedded.token), embedded.account_id, server.base_url
        ) as account:
            plan = await plan_live(project(), account)

    assert isinstance(plan, LivePlan)
    assert plan.address == Address(
        origin=server.base_url.removesuffix("/client/v4"), host="importer.embedded.workers.dev"
    )


async def test_the_settings_name_the_address(project, account):
    plan = await plan_live(project(REQUEST + 'url = "https://import.example.com/"\n'), account)

    assert isinstance(plan, LivePlan)
    assert plan.address == Address(origin="https://import.example.com")


@pytest.mark.parametrize(
    "url",
    [
        "http://import.example.com",
        "https://a.example/path",
        "import.example.com",
        "https://u@a.example",
        "https://[a",
    ],
)
async def test_an_address_that_cannot_be_used_is_named(project, account, url):
    with pytest.raises(UsageError, match=r"`url` of \[trigger\] cannot be used"):
        await plan_live(project(REQUEST + f'url = "{url}"\n'), account)


async def test_a_message(project, account):
    plan = await plan_live(project('[trigger]\nkind = "queue"\nbody = "a"\n'), account)

    assert isinstance(plan, LivePlan)
    assert (plan.address, plan.where) == (None, "one message into the queue jobs")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('[trigger]\nkind = "scheduled"\n', "a cron trigger cannot be fired"),
        ('[trigger]\nkind = "fetch"\nheaders_env = { a = "UNSET_4411" }\n', "UNSET_4411, which is not set"),
        ('[trigger]\nkind = "queue"\n', "needs a message"),
        ("", "--live sends nothing that was guessed"),
    ],
)
async def test_what_cannot_be_sent(project, account, settings, why):
    plan = await plan_live(project(settings), account)

    assert isinstance(plan, LiveRefusal)
    assert why in plan.reason


async def test_a_worker_that_answers_nowhere_or_is_not_there(project, account, embedded):
    embedded.put_script(replace(embedded.scripts["importer"], subdomain=False))
    nowhere = await plan_live(project(), account)
    account.forget()
    embedded.delete_script("importer")
    absent = await plan_live(project(), account)

    assert isinstance(nowhere, LiveRefusal)
    assert nowhere.reason.startswith("importer answers neither at workers.dev nor at a custom domain")
    assert absent == LiveRefusal("the account has no deployed worker importer (DEP001)")


async def test_a_project_without_source(write_project, account):
    plan = await plan_live(open_project(write_project({"wrangler.toml": 'name = "importer"\n'})), account)

    assert plan == LiveRefusal("there is no config and source of a worker that could be triggered")


async def test_queues_that_the_token_may_not_read_are_left_out(project, embedded):
    from diagnose.account import AccountKind

    poor = embedded.issue_token(permissions=EVERYTHING - {Permission.QUEUES_READ, Permission.QUEUES_EDIT})
    async with Account.over_app(
        embedded.app(), embedded.account_id, Secret(poor), AccountKind.REAL
    ) as account:
        request = await plan_live(project(), account)
        message = await plan_live(project('[trigger]\nkind = "queue"\nbody = "a"\n'), account)

    assert isinstance(request, LivePlan)
    assert request.queues == ()
    assert message == LiveRefusal("the account has no queue jobs that the token may read (QUE002)")

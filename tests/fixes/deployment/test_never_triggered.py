from __future__ import annotations

import pytest

from diagnose.demo.writing import write_demo
from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.engine.settlement import Outcome
from diagnose.model import Status

pytestmark = pytest.mark.anyio
CONFIG = "pyswarm/wrangler_historical_import.toml"
WORKER = "pyswarm/Data_Import/historical_worker.py"
NAME = "price-history-import"
CRON = {"trigger": "cron:0 3 * * *"}
IMPORT = "from workers import Response, WorkerEntrypoint, fetch"
IMPORTED = "from workers import Request, Response, WorkerEntrypoint, fetch"
AFTER = '        return Response("Not found", status=404)\n'
METHOD = """
    async def scheduled(self, controller):
        \"\"\"Start the import at the times of the cron trigger.\"\"\"
        response = await self.fetch(Request("https://scheduled.invalid/trigger", method="POST"))
        if response.status >= 400:
            raise RuntimeError(f"the scheduled import was answered with status {response.status}")
"""


@pytest.fixture
def demo(tmp_path):
    folder = tmp_path / "demo"
    write_demo(folder)
    return folder


def repaired(before):
    worker = before[WORKER].decode().replace(IMPORT, IMPORTED).replace(AFTER, AFTER + METHOD)
    config = before[CONFIG].decode() + '\n[triggers]\ncrons = ["0 3 * * *"]\n'
    return {**before, WORKER: worker.encode(), CONFIG: config.encode()}


def script(folder):
    with EmbeddedAccount.load_snapshot(folder / ".diagnose" / "account") as account:
        return account.state.scripts[NAME]


async def test_only_the_user_says_what_starts_the_import(demo, repair, tree):
    before = tree(demo)
    (settlement,) = (await repair("DEP004", demo)).settlements
    assert settlement.outcome is Outcome.UNANSWERED
    assert settlement.detail == (
        "What shall start the import? --option trigger='cron:0 3 * * *' "
        "(every day at 03:00 UTC; any cron expression with five fields)"
    )
    assert tree(demo) == before


@pytest.mark.parametrize("answer", ["cron:0 3 * *", "cron:61 3 * * *", "route:example.com/*", "yes"])
async def test_what_is_no_answer_is_asked_again(demo, repair, tree, answer):
    before = tree(demo)
    (settlement,) = (await repair("DEP004", demo, options={"trigger": answer})).settlements
    assert settlement.outcome is Outcome.UNANSWERED
    assert settlement.detail.startswith(f"{answer!r} is none of the answers.")
    assert tree(demo) == before


async def test_a_cron_and_a_handler_for_it(demo, repair, undo, tree):
    before = tree(demo)
    (settlement,) = (await repair("DEP004", demo, options=CRON)).settlements
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 2)
    assert tree(demo) == repaired(before)
    assert (await repair("DEP004", demo, options=CRON)).settlements == ()
    await undo(demo)
    assert tree(demo) == before


async def test_the_new_handler_performs_the_import(demo, repair, check):
    await repair("DEP004", demo, options=CRON)
    settings = demo / "diagnose.toml"
    text = settings.read_text()
    for line in ('method = "POST"\npath = "/trigger"\nreported = "inserted"\n',):
        text = text.replace(line, "")
    settings.write_text(text.replace('kind = "fetch"', 'kind = "scheduled"'))
    (finding,) = [finding for finding in await check("E2E001", demo) if finding.code == "E2E001"]
    assert finding.status is Status.PASS
    fetched = [event["text"] for event in finding.evidence["timeline"] if event["kind"] == "fetch"]
    assert len(fetched) == 1


async def test_a_deployed_worker_is_deployed_again_with_its_cron(demo, repair, undo, tree):
    with EmbeddedAccount.open(demo / ".diagnose" / "account") as account:
        old = Upload(
            main_module="old.py", modules={"old.py": Module(content=b"", content_type="text/x-python")}
        )
        account.put_script(upload_and_deploy(account.state, NAME, old))
    before = tree(demo)
    (settlement,) = (await repair("DEP004", demo, options=CRON)).settlements
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 3)
    deployed = script(demo)
    assert [entry.cron for entry in deployed.schedules] == ["0 3 * * *"]
    assert deployed.versions[-1].modules["historical_worker.py"].content == repaired(before)[WORKER]
    await undo(demo)
    assert tree(demo) == before
    assert script(demo).schedules == ()
    assert script(demo).deployments[0].versions == ((script(demo).versions[0].id, 100.0),)


@pytest.mark.parametrize(
    ("trigger", "reason"),
    [
        ('[trigger.headers]\nauthorization = "x"\n', "needs headers or a body"),
        ('[trigger.headers_env]\nauthorization = "NO_SUCH_VARIABLE_HERE"\n', "NO_SUCH_VARIABLE_HERE"),
    ],
)
async def test_a_request_that_needs_more_is_left_to_a_person(demo, repair, tree, trigger, reason):
    settings = demo / "diagnose.toml"
    settings.write_text(settings.read_text() + "\n" + trigger)
    before = tree(demo)
    (settlement,) = (await repair("DEP004", demo, options=CRON)).settlements
    assert settlement.outcome is Outcome.REFUSED
    assert reason in settlement.detail
    assert tree(demo) == before


SCHEDULED = """from workers import WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        rates = await (await fetch("https://rates.example.com")).json()
        await self.env.DB.prepare("INSERT INTO rates (n) VALUES (?)").bind(len(rates)).run()
"""
FETCH = SCHEDULED.replace("scheduled(self, controller)", "fetch(self, request)")


async def test_a_scheduled_handler_needs_the_cron_alone(write_project, repair, undo, tree):
    config = (
        '{\n  "name": "rates", // daily\n  "main": "worker.py",\n  "d1_databases": [{ "binding": "DB" }]\n}\n'
    )
    folder = write_project({"wrangler.jsonc": config, "worker.py": SCHEDULED})
    before = tree(folder)
    (settlement,) = (await repair("DEP004", folder, options=CRON)).settlements
    assert settlement.outcome is Outcome.FIXED
    assert tree(folder)["worker.py"] == before["worker.py"]
    assert tree(folder)["wrangler.jsonc"].decode() == (
        '{\n  "name": "rates", // daily\n  "main": "worker.py",\n  "d1_databases": [{ "binding": "DB" }],\n'
        '  "triggers": {\n    "crons": [\n      "0 3 * * *"\n    ]\n  }\n}\n'
    )
    await undo(folder)
    assert tree(folder) == before


async def test_a_route_where_nothing_reaches_the_fetch_handler(write_project, repair, undo, tree):
    config = 'name = "rates"\nmain = "worker.py"\nworkers_dev = false\n\n[[d1_databases]]\nbinding = "DB"\n'
    folder = write_project({"wrangler.toml": config, "worker.py": FETCH})
    before = tree(folder)
    options = {"trigger": "route:example.com/rates/*"}
    (settlement,) = (await repair("DEP004", folder, offline=True, options=options)).settlements
    assert settlement.outcome is Outcome.FIXED
    assert tree(folder)["wrangler.toml"].decode() == config.replace(
        "false\n", 'false\nroutes = ["example.com/rates/*"]\n'
    )
    await undo(folder)
    assert tree(folder) == before


async def test_an_environment_with_crons_of_its_own_keeps_them_there(write_project, repair, tree):
    config = (
        'name = "rates"\nmain = "worker.py"\n\n[env.live]\nname = "rates-live"\ntriggers = { crons = [] }\n'
    )
    config += '\n[[env.live.d1_databases]]\nbinding = "DB"\n'
    folder = write_project({"wrangler.toml": config, "worker.py": SCHEDULED})
    await repair("DEP004", folder, offline=True, environment="live", options=CRON)
    assert tree(folder)["wrangler.toml"].decode() == config.replace("[]", '["0 3 * * *"]')


async def test_a_deploy_that_would_take_something_away_waits_for_a_decision(demo, repair, tree):
    source = (demo / WORKER).read_bytes()
    extra = {"type": "plain_text", "name": "EXTRA", "text": "set in the dashboard"}
    upload = Upload(
        main_module="old.py",
        modules={"old.py": Module(content=source, content_type="text/x-python")},
        bindings=(extra,),
    )
    with EmbeddedAccount.open(demo / ".diagnose" / "account") as account:
        account.put_script(upload_and_deploy(account.state, NAME, upload))
    before = tree(demo)
    (settlement,) = (await repair("DEP004", demo, options=CRON)).settlements
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 2)
    assert tree(demo) == repaired(before)
    assert len(script(demo).versions) == 1
    assert script(demo).active.bindings == (extra,)

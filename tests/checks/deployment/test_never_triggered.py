from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks.deployment.never_triggered import NeverTriggered
from diagnose.demo.writing import write_demo
from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import schedule, upload_and_deploy
from diagnose.model import Confidence, Location, Severity, Status

pytestmark = pytest.mark.anyio
FIXTURES = Path(__file__).parents[2] / "fixtures"
GOOD = sorted([*(FIXTURES / "correct").iterdir(), *(FIXTURES / "bare").iterdir()])
SCHEDULED = ("scheduled(self, controller)", "await self.pull()")
FETCH = ("fetch(self, request)", "return await self.pull()")
START = ("fetch(self, request)", 'if urlparse(request.url).path == "/sync": return await self.pull()')
PUSH = ("fetch(self, request)", "await self.store(await request.json())")
QUEUE = ("queue(self, batch)", "await self.store([message.body for message in batch.messages])")
CRON = 'triggers = { crons = ["5 4 * * *"] }\n'


async def test_the_demo_is_started_by_hand(findings, tmp_path):
    write_demo(tmp_path / "demo")
    (finding,) = await findings("DEP004", tmp_path / "demo")
    assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)
    assert finding.confidence is Confidence.MEDIUM
    assert finding.message == (
        "only a request (POST /trigger) starts the import, and nothing sends it: there is no cron"
    )
    assert finding.location == Location("pyswarm/Data_Import/historical_worker.py", 78, 5)
    assert finding.resource == "worker/price-history-import"
    assert finding.evidence == {
        "worker": "price-history-import",
        "importing": ["fetch"],
        "reached_by": {"fetch": "workers.dev"},
        "request": "POST /trigger",
        "crons": None,
    }


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
async def test_good_projects_pass(findings, folder):
    (finding,) = await findings("DEP004", folder, offline=True)
    assert finding.status is Status.PASS


@pytest.mark.parametrize(
    ("handlers", "config"),
    [
        ([SCHEDULED], CRON),
        ([SCHEDULED, FETCH], CRON),
        ([PUSH], ""),
        ([PUSH], 'route = "example.com/*"\n'),
        ([QUEUE], '[[queues.consumers]]\nqueue = "rates"\n'),
        ([("fetch(self, request)", 'return Response("ok")')], "workers_dev = false\n"),
        ([("email(self, message)", "await self.pull()")], ""),
    ],
)
async def test_what_is_started_passes(findings, worker, handlers, config):
    (finding,) = await findings("DEP004", worker(*handlers, config=config), offline=True)
    assert finding.status is Status.PASS


@pytest.mark.parametrize(
    ("handlers", "config", "message"),
    [
        ([SCHEDULED], "", "the config has no cron for the `scheduled` handler"),
        ([SCHEDULED], "triggers = { crons = [] }\n", "the config has no cron for the `scheduled` handler"),
        (
            [FETCH],
            "workers_dev = false\n",
            "there is no route, workers.dev is off, and no config here binds it as a service",
        ),
        ([QUEUE], "", "the config consumes no queue"),
    ],
)
async def test_what_nothing_reaches_is_an_error(findings, worker, handlers, config, message):
    (finding,) = await findings("DEP004", worker(*handlers, config=config), offline=True)
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.MEDIUM)
    assert finding.message == f"nothing starts the import: {message}"
    assert finding.location == Location("worker.py", 7, 5)


@pytest.mark.parametrize(
    ("command", "crons", "status"),
    [
        ("wrangler deploy --env live", '["5 4 * * *"]', Status.SKIP),
        ("wrangler deploy --env live", "[]", Status.FAIL),
        ("wrangler deploy", '["5 4 * * *"]', Status.FAIL),
    ],
)
async def test_a_top_level_that_nothing_deploys(findings, worker, command, crons, status):
    files = {"package.json": json.dumps({"scripts": {"ship": command}})}
    folder = worker(SCHEDULED, config=f"env.live.triggers = {{ crons = {crons} }}\n", files=files)
    (finding,) = await findings("DEP004", folder, offline=True)
    assert finding.status is status
    assert status is Status.FAIL or finding.message == (
        "nothing deploys the top level, and the import is started in live: look at one of them (--env live)"
    )


async def test_a_service_binding_of_another_config_reaches_it(findings, worker):
    caller = 'name = "front"\n[[services]]\nbinding = "RATES"\nservice = "rates"\n'
    folder = worker(PUSH, config="workers_dev = false\n", files={"front/wrangler.toml": caller})
    (finding,) = await findings("DEP004", folder, offline=True)
    assert finding.status is Status.PASS
    assert finding.evidence["reached_by"] == {"fetch": "service binding in front/wrangler.toml"}


async def test_terraform_may_set_up_what_the_config_does_not_say(findings, worker):
    (finding,) = await findings("DEP004", worker(SCHEDULED, files={"main.tf": ""}), offline=True)
    assert finding.confidence is Confidence.LOW


async def test_a_cron_that_is_missing_where_a_request_is_possible_is_a_warning(findings, worker):
    (finding,) = await findings("DEP004", worker(FETCH, SCHEDULED), offline=True)
    assert (finding.severity, finding.confidence) == (Severity.WARNING, Confidence.MEDIUM)
    assert finding.location == Location("worker.py", 10, 5)


@pytest.mark.parametrize(("handler", "confidence"), [(START, Confidence.MEDIUM), (FETCH, Confidence.LOW)])
async def test_a_request_that_says_that_it_starts_something_makes_it_surer(
    findings, worker, handler, confidence
):
    (finding,) = await findings("DEP004", worker(handler), offline=True)
    assert (finding.severity, finding.confidence) == (Severity.WARNING, confidence)


@pytest.mark.parametrize(("crons", "status"), [(("5 4 * * *",), Status.PASS), ((), Status.FAIL)])
async def test_the_account_tells_which_crons_there_are(findings, worker, saved_account, crons, status):
    folder = worker(SCHEDULED)
    modules = {"worker.py": Module(content=b"", content_type="text/x-python")}
    with EmbeddedAccount.open(saved_account(folder, {})) as account:
        upload = Upload(main_module="worker.py", modules=modules)
        account.put_script(schedule(upload_and_deploy(account.state, "rates", upload), crons))
    (finding,) = await findings("DEP004", folder)
    assert (finding.status, finding.confidence) == (status, Confidence.HIGH)


async def test_without_source_it_is_skipped(findings, write_project):
    folder = write_project({"wrangler.toml": 'name = "rates"\n'})
    (finding,) = await findings("DEP004", folder, offline=True)
    assert finding.status is Status.SKIP


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(NeverTriggered)
    assert finding.status is Status.ERROR

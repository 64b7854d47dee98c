from __future__ import annotations

import pytest

from diagnose.account import Account, AccountKind, Secret
from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.queueing import plan_queue
from diagnose.queueing.accounting import taken_queues
from diagnose.rewriting import Refused
from diagnose.steps import CreateQueue, DeployWorker

pytestmark = pytest.mark.anyio
DATABASE = "5c8e1f4e-7f0d-4b57-9d3d-0a4e6b1f6d11"


@pytest.fixture
def embedded():
    with EmbeddedAccount.memory() as account:
        account.create_database("weather-data", uuid=DATABASE)
        account.database(DATABASE).run(Statement("CREATE TABLE readings (sensor, taken, value)"))
        yield account


@pytest.fixture
async def account(embedded, anyio_backend):
    async with Account.over_app(
        embedded.app(), embedded.account_id, Secret(embedded.token), AccountKind.SAVED
    ) as client:
        yield client


async def planned(opened, account, **choices):
    return await plan_queue(opened, opened.source.sites[0], account=account, **choices)


async def test_queues_of_the_account_and_of_every_config_are_taken(project, embedded, account):
    embedded.create_queue("weather-readings")
    config = '[[queues.consumers]]\nqueue = "a"\ndead_letter_queue = "b"\n'
    opened = project(**{"other/wrangler.toml": 'name = "w"\n' + config})
    assert await taken_queues(opened, account) == {"weather-readings", "a", "b"}
    plan = await planned(opened, account)
    assert plan.steps[-1] == CreateQueue(name="weather-readings-2")


async def test_a_worker_that_is_not_deployed_is_not_deployed_here(project, account):
    plan = await planned(project(), account)
    assert [step.kind for step in plan.steps] == ["edit-file"] * 3 + ["create-queue"] * 2


async def test_a_deployed_producer_follows_when_everything_it_needs_is_there(project, account):
    from diagnose.project import build_upload

    opened = project()
    await account.upload(build_upload(opened))
    account.forget()
    plan = await planned(opened, account, consumer="typescript")
    assert [step.kind for step in plan.steps[5:]] == [
        "create-queue",
        "create-queue",
        "deploy-worker",
        "deploy-worker",
    ]
    consumer, producer = plan.steps[-2:]
    assert isinstance(consumer, DeployWorker)
    assert (consumer.script_name, producer.script_name) == ("weather-readings-consumer", "weather")
    assert producer.upload.consumers == ()
    assert {binding["name"] for binding in producer.upload.bindings} == {"DB", "READINGS_QUEUE"}
    assert set(producer.upload.modules) == {"worker.py", "readings_queue.py"}
    assert b"await queue_readings(" in producer.upload.modules["worker.py"]


async def test_one_worker_for_both_is_deployed_with_its_consumer(project, account):
    from diagnose.project import build_upload

    opened = project()
    await account.upload(build_upload(opened))
    account.forget()
    plan = await planned(opened, account)
    (deploy,) = [step for step in plan.steps if isinstance(step, DeployWorker)]
    assert [consumer.queue for consumer in deploy.upload.consumers] == ["weather-readings"]
    assert plan.steps[-1] is deploy


async def test_the_consumers_config_has_the_databases_name_from_the_account(project, account):
    plan = await planned(project(), account, consumer="typescript")
    (config,) = [step.after for step in plan.steps if step.title.endswith("readings-consumer/wrangler.toml")]
    assert b'database_name = "weather-data"\n' in config


async def test_an_account_that_does_not_answer_is_a_refusal(project, embedded):
    async with Account.over_app(
        embedded.app(), embedded.account_id, Secret("wrong-token"), AccountKind.SAVED
    ) as stranger:
        refused = await planned(project(), stranger)
    assert isinstance(refused, Refused)
    assert refused.why
    assert refused.remedy

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import schedule, upload_and_deploy
from diagnose.embedded.state import ConsumerSettings
from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio
UUID, OTHER = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11", "5f1c3a90-0000-4000-8000-000000000000"
CONFIG = f"""\
name = "rates"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[triggers]
crons = ["0 3 * * *"] # at night

[vars]
MODE = "daily"

[[d1_databases]]
binding = "DB"
database_name = "rates"
database_id = "{UUID}" # ours
"""
WORKER = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        pass

    async def queue(self, batch):
        pass
"""
DEPLOYED = (
    {"type": "d1", "name": "DB", "id": UUID},
    {"type": "plain_text", "name": "MODE", "text": "daily"},
)
PULL, DEPLOY = {"drift": "pull"}, {"drift": "deploy"}


@pytest.fixture
def deployed(write_project, saved_account):
    """A project whose worker is deployed with these bindings."""

    def make(
        *bindings,
        config=CONFIG,
        date="2025-11-10",
        crons=("0 3 * * *",),
        consumes=None,
        at_workers_dev=True,
        **files,
    ):
        folder = write_project({"wrangler.toml": config, "worker.py": WORKER, **files})
        state = saved_account(folder, {UUID: ("rates", ""), OTHER: ("prices", "")})
        upload = Upload(
            main_module="worker.py",
            modules={"worker.py": Module(content=WORKER.encode(), content_type="text/x-python")},
            bindings=bindings,
            compatibility_date=date,
            compatibility_flags=("python_workers",),
        )
        with EmbeddedAccount.open(state) as account:
            queue = account.create_queue("rates")
            account.put_script(upload_and_deploy(account.state, "rates", upload))
            script = schedule(account.scripts["rates"], crons)
            account.put_script(replace(script, subdomain=at_workers_dev))
            if consumes is not None:
                account.attach_consumer(queue.id, "rates", settings=consumes)
        return folder

    return make


def worker(folder):
    with EmbeddedAccount.load_snapshot(folder / ".diagnose" / "account") as account:
        return account.scripts["rates"]


async def only(repair, folder, **choices):
    (settlement,) = (await repair("CFG008", folder, **choices)).settlements
    return settlement


async def test_workers_dev_in_both_ways(deployed, repair, undo, tree):
    folder = deployed(*DEPLOYED, at_workers_dev=False)
    before = tree(folder)
    settlement = await only(repair, folder, options=PULL)
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 1), settlement
    text = tree(folder)["wrangler.toml"].decode()
    assert text.replace("workers_dev = false\n", "") == before["wrangler.toml"].decode()
    assert tomllib.loads(text)["workers_dev"] is False
    assert (await repair("CFG008", folder, options=PULL)).settlements == ()
    await undo(folder)
    assert tree(folder) == before

    settlement = await only(repair, folder, options={"drift": "deploy"})
    assert settlement.outcome is Outcome.FIXED
    assert worker(folder).subdomain
    await undo(folder)
    assert not worker(folder).subdomain
    assert tree(folder)["wrangler.toml"] == before["wrangler.toml"]


async def test_workers_dev_of_an_environment_is_its_own(deployed, repair, tree):
    config = CONFIG + '\n[env.live]\nname = "rates"\nvars = {}\n'
    folder = deployed(config=config, at_workers_dev=False)
    settlement = await only(repair, folder, options=PULL, environment="live")
    read = tomllib.loads(tree(folder)["wrangler.toml"].decode())
    assert (settlement.outcome, read["env"]["live"]["workers_dev"]) == (Outcome.FIXED, False)
    assert "workers_dev" not in read


async def test_no_side_is_chosen_for_the_user(deployed, repair, tree):
    folder = deployed(*DEPLOYED, {"type": "plain_text", "name": "EXTRA", "text": "x"})
    before = tree(folder)
    settlement = await only(repair, folder)
    assert settlement.outcome is Outcome.UNANSWERED
    assert settlement.detail.startswith("Which side is right? --option drift='pull'")
    assert (await only(repair, folder, options={"drift": "both"})).detail.startswith(
        "'both' is none of the answers. Which side is right?"
    )
    assert tree(folder) == before


async def test_pulling_writes_everything_that_a_deploy_would_take_away(deployed, repair, undo, tree):
    folder = deployed(
        {"type": "d1", "name": "DB", "id": OTHER},
        {"type": "plain_text", "name": "MODE", "text": "hourly"},
        {"type": "json", "name": "LIMIT", "json": 90},
        {"type": "queue", "name": "OUT", "queue_name": "rates"},
        {"type": "kv_namespace", "name": "CACHE", "namespace_id": "0123456789abcdef0123456789abcdea"},
        {"type": "d1", "name": "SECOND", "id": UUID},
        date="2025-06-01",
        crons=("0 3 * * *", "*/5 * * * *"),
    )
    before = tree(folder)
    settlement = await only(repair, folder, options=PULL)
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 1), settlement
    assert (
        tree(folder)["wrangler.toml"].decode()
        == f"""\
name = "rates"
main = "worker.py"
compatibility_date = "2025-06-01"
compatibility_flags = ["python_workers"]

[triggers]
crons = ["0 3 * * *", "*/5 * * * *"] # at night

[vars]
MODE = "hourly"
LIMIT = 90

[[d1_databases]]
binding = "DB"
database_name = "prices"
database_id = "{OTHER}" # ours

[[d1_databases]]
binding = "SECOND"
database_id = "{UUID}"
database_name = "rates"

[[queues.producers]]
binding = "OUT"
queue = "rates"

[[kv_namespaces]]
binding = "CACHE"
id = "0123456789abcdef0123456789abcdea"
"""
    )
    assert len(worker(folder).versions) == 1
    assert (await repair("CFG008", folder, options=PULL)).settlements == ()
    await undo(folder)
    assert tree(folder) == before


async def test_deploying_makes_the_account_what_the_config_says(deployed, repair, undo, tree):
    folder = deployed(
        DEPLOYED[0], {"type": "plain_text", "name": "EXTRA", "text": "x"}, crons=("*/5 * * * *",)
    )
    before = tree(folder)
    first, second = (await repair("CFG008", folder, options=DEPLOY)).settlements
    assert (first.outcome, first.steps) == (Outcome.FIXED, 1)
    assert second.outcome is Outcome.IN_ORDER
    version = worker(folder).active
    assert {binding["name"] for binding in version.bindings} == {"DB", "MODE"}
    assert [entry.cron for entry in worker(folder).schedules] == ["0 3 * * *"]
    assert tree(folder) == before
    assert (await repair("CFG008", folder, options=DEPLOY)).settlements == ()
    await undo(folder)
    assert {binding["name"] for binding in worker(folder).active.bindings} == {"DB", "EXTRA"}
    assert [entry.cron for entry in worker(folder).schedules] == ["*/5 * * * *"]


async def test_what_only_the_config_has_cannot_be_pulled(deployed, repair, tree):
    folder = deployed(DEPLOYED[0])
    before = tree(folder)
    settlement = await only(repair, folder, options=PULL)
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail == (
        "what only the config has cannot be pulled: deploy it (--option drift=deploy), or remove it"
    )
    assert tree(folder) == before


async def test_a_secret_is_not_written_into_a_file(deployed, repair, tree):
    value = "ghp_" + "a8Kd93kLmQ0pZx7Rt5VbN2cYw4Jf6H1sGe3U"
    folder = deployed(*DEPLOYED, {"type": "plain_text", "name": "GITHUB_TOKEN", "text": value})
    before = tree(folder)
    settlement = await only(repair, folder, options=PULL)
    assert settlement.outcome is Outcome.REFUSED
    assert "`GITHUB_TOKEN` looks like a secret, which belongs in no config" in settlement.detail
    assert value not in settlement.detail
    assert tree(folder) == before


async def test_a_kind_that_cannot_be_written_is_left_to_a_person(deployed, repair):
    folder = deployed(*DEPLOYED, {"type": "durable_object_namespace", "name": "ROOM", "class_name": "Room"})
    settlement = await only(repair, folder, options=PULL)
    assert settlement.outcome is Outcome.REFUSED
    assert "binding of another kind (durable_object_namespace)" in settlement.detail


async def test_another_language_is_deployed_by_wrangler(deployed, repair):
    config = CONFIG.replace("worker.py", "worker.ts")
    folder = deployed(DEPLOYED[0], config=config, **{"worker.ts": "export default {}"})
    settlement = await only(repair, folder, options=DEPLOY)
    assert settlement.detail == "worker.ts must be bundled first: run `npx wrangler deploy`"


async def test_an_environment_takes_over_into_its_own_section(deployed, repair, tree):
    config = CONFIG.replace('name = "rates"', 'name = "base"', 1) + '\n[env.live]\nname = "rates"\n'
    folder = deployed({"type": "plain_text", "name": "MODE", "text": "live"}, config=config)
    settlement = await only(repair, folder, options=PULL, environment="live")
    assert settlement.outcome is Outcome.FIXED
    assert tree(folder)["wrangler.toml"].decode() == config + '\n[env.live.vars]\nMODE = "live"\n'


CONSUMER = '\n[[queues.consumers]]\nqueue = "rates"\nmax_batch_size = 50\ndead_letter_queue = "failed"\n'


async def test_a_consumer_is_pulled_into_the_config(deployed, repair, undo, tree):
    folder = deployed(*DEPLOYED, consumes=ConsumerSettings(batch_size=20, max_wait_time_ms=2500))
    before = tree(folder)
    settlement = await only(repair, folder, options=PULL)
    assert settlement.outcome is Outcome.FIXED, settlement
    text = tree(folder)["wrangler.toml"].decode()
    assert text.startswith(CONFIG + '\n[[queues.consumers]]\nqueue = "rates"\nmax_batch_size = 20\n')
    assert "max_batch_timeout = 2.5\n" in text
    await undo(folder)
    assert tree(folder) == before


async def test_a_consumer_that_a_deploy_leaves_is_named_with_its_command(deployed, repair):
    folder = deployed(*DEPLOYED, consumes=ConsumerSettings())
    settlement = await only(repair, folder, options=DEPLOY)
    assert settlement.outcome is Outcome.REFUSED
    assert "`npx wrangler queues consumer remove rates rates`" in settlement.detail


async def test_the_settings_of_a_consumer_in_both_ways(deployed, repair, undo, tree):
    folder = deployed(*DEPLOYED, config=CONFIG + CONSUMER, consumes=ConsumerSettings(batch_size=20))
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
        account.create_queue("failed")
    before = tree(folder)
    settlement = await only(repair, folder, options=PULL)
    assert settlement.outcome is Outcome.FIXED, settlement
    pulled = CONFIG + '\n[[queues.consumers]]\nqueue = "rates"\nmax_batch_size = 20\n'
    assert tree(folder)["wrangler.toml"].decode() == pulled
    await undo(folder)
    assert tree(folder) == before
    settlement = await only(repair, folder, options=DEPLOY)
    assert settlement.outcome is Outcome.FIXED, settlement
    with EmbeddedAccount.load_snapshot(folder / ".diagnose" / "account") as account:
        settings = account.find_queue("rates").consumer.settings
    assert (settings.batch_size, settings.dead_letter_queue) == (50, "failed")

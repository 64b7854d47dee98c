from __future__ import annotations

from dataclasses import replace

import pytest

from checks.config.binding_drift import BindingDrift
from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import deploy, schedule, upload_and_deploy
from diagnose.embedded.tokens import Permission
from diagnose.model import Confidence, Status

pytestmark = pytest.mark.anyio
UUID, OTHER = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11", "5f1c3a90-0000-4000-8000-000000000000"
CONFIG = f"""\
name = "rates"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[vars]
MODE = "daily"
LIMIT = 90

[[d1_databases]]
binding = "DB"
database_name = "rates"
database_id = "{UUID}"

[[queues.producers]]
binding = "OUT"
queue = "rates"
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
    {"type": "queue", "name": "OUT", "queue_name": "rates"},
    {"type": "plain_text", "name": "MODE", "text": "daily"},
    {"type": "json", "name": "LIMIT", "json": 90},
    {"type": "secret_text", "name": "API_KEY", "text": "q7Zr2Lw9"},
)


def upload(bindings=DEPLOYED, date="2025-11-10", flags=("python_workers",)):
    return Upload(
        main_module="worker.py",
        modules={"worker.py": Module(content=WORKER.encode(), content_type="text/x-python")},
        bindings=bindings,
        compatibility_date=date,
        compatibility_flags=flags,
    )


@pytest.fixture
def deployed(write_project, saved_account):
    """A project whose worker is deployed, and a change of the account afterwards."""

    def make(*uploads, config=CONFIG, crons=(), change=None, at_workers_dev=True):
        folder = write_project({"wrangler.toml": config, "worker.py": WORKER})
        state = saved_account(folder, {UUID: ("rates", ""), OTHER: ("prices", "")})
        with EmbeddedAccount.open(state) as account:
            account.create_queue("rates")
            for each in uploads or (upload(),):
                account.put_script(upload_and_deploy(account.state, "rates", each))
            script = schedule(account.scripts["rates"], crons)
            account.put_script(replace(script, subdomain=at_workers_dev))
            if change is not None:
                change(account)
        return folder

    return make


@pytest.fixture
def findings(check):
    async def find(folder, **choices):
        return [finding for finding in await check("CFG008", folder, **choices) if finding.code == "CFG008"]

    return find


async def test_a_worker_that_is_deployed_as_the_config_says(findings, deployed):
    (finding,) = await findings(deployed())
    assert (finding.status, finding.message) == (
        Status.PASS,
        "worker rates is deployed as the config says",
    )
    assert finding.evidence == {"worker": "rates", "compared": 5}


async def test_what_a_deploy_would_change(findings, deployed):
    bindings = (
        {"type": "d1", "name": "DB", "id": OTHER},
        {"type": "queue", "name": "OUT", "queue_name": "rates"},
        {"type": "plain_text", "name": "MODE", "text": "hourly"},
        {"type": "json", "name": "LIMIT", "json": 90},
        {"type": "plain_text", "name": "EXTRA", "text": "set in the dashboard"},
        {"type": "kv_namespace", "name": "CACHE", "namespace_id": "a" * 31 + "b"},
    )
    folder = deployed(upload(bindings, date="2025-06-01"), config=CONFIG)
    (finding,) = await findings(folder)
    assert (finding.status, finding.confidence) == (Status.WARN, Confidence.HIGH)
    assert finding.evidence == {
        "worker": "rates",
        "lost": [
            "d1 binding DB is another one than in the config",
            "variable MODE is another one than in the config",
            "variable EXTRA is deployed and not in the config",
            "kv_namespace binding CACHE is deployed and not in the config",
            "compatibility_date is 2025-06-01 and not 2025-11-10 as in the config",
        ],
        "undeployed": [],
    }
    assert finding.message == "a deploy would change worker rates: " + "; ".join(finding.evidence["lost"])
    assert "dashboard" not in finding.message
    assert (finding.location.path, finding.resource) == ("wrangler.toml", "worker/rates")


async def test_what_was_never_deployed(findings, deployed):
    folder = deployed(upload(DEPLOYED[:1]), config=CONFIG)
    (finding,) = await findings(folder)
    assert finding.message == (
        "worker rates was deployed without what the config has: "
        "queue binding OUT is in the config and not deployed; "
        "variable MODE is in the config and not deployed; variable LIMIT is in the config and not deployed"
    )
    assert finding.resource == "worker/rates/undeployed"
    assert finding.evidence["lost"] == []


async def test_both_directions_are_two_findings(findings, deployed):
    extra = {"type": "plain_text", "name": "EXTRA", "text": "x"}
    found = await findings(deployed(upload((*DEPLOYED[1:], extra))))
    assert [finding.resource for finding in found] == ["worker/rates", "worker/rates/undeployed"]


async def test_the_version_that_answers_counts_and_not_the_newest(findings, deployed):
    def back(account):
        script = account.scripts["rates"]
        account.put_script(deploy(script, ((script.versions[0].id, 100.0),), source="api"))

    newest = upload((*DEPLOYED, {"type": "plain_text", "name": "EXTRA", "text": "x"}))
    (finding,) = await findings(deployed(upload(), newest, change=back))
    assert finding.status is Status.PASS


async def test_flags_are_a_set(findings, deployed):
    config = CONFIG.replace('["python_workers"]', '["nodejs_compat", "python_workers"]')
    same = upload(flags=("python_workers", "nodejs_compat"))
    assert [one.status for one in await findings(deployed(same, config=config))] == [Status.PASS]


async def test_other_flags_are_told(findings, deployed):
    (finding,) = await findings(deployed(upload(flags=("python_workers", "nodejs_compat"))))
    assert finding.evidence["lost"] == [
        "compatibility_flags is [python_workers, nodejs_compat] and not [python_workers] as in the config"
    ]


async def test_crons_in_both_directions(findings, deployed):
    config = CONFIG.replace("[vars]", '[triggers]\ncrons = ["0 3 * * *"]\n\n[vars]')
    lost, ahead = await findings(deployed(config=config, crons=("*/5 * * * *",)))
    assert lost.evidence["lost"] == ["cron */5 * * * * is deployed and not in the config"]
    assert ahead.evidence["undeployed"] == ["cron 0 3 * * * is in the config and not deployed"]


async def test_crons_of_which_the_config_says_nothing_are_left_alone(findings, deployed):
    assert [one.status for one in await findings(deployed(crons=("*/5 * * * *",)))] == [Status.PASS]


async def test_a_deploy_turns_on_what_was_turned_off_in_the_dashboard(findings, deployed):
    (finding,) = await findings(deployed(at_workers_dev=False))
    assert (finding.status, finding.confidence) == (Status.WARN, Confidence.HIGH)
    assert finding.message == (
        "a deploy would change worker rates: the worker does not answer at workers.dev, and would"
    )
    assert finding.evidence["lost"] == ["the worker does not answer at workers.dev, and would"]


@pytest.mark.parametrize("key", ["workers_dev = false", 'route = "rates.example.com/*"'])
async def test_a_worker_that_shall_not_answer_at_workers_dev(findings, deployed, key):
    config = f"{key}\n{CONFIG}"
    assert [one.status for one in await findings(deployed(config=config, at_workers_dev=False))] == [
        Status.PASS
    ]


async def test_a_worker_that_answers_where_it_shall_not_any_more(findings, deployed):
    (finding,) = await findings(deployed(config=f"workers_dev = false\n{CONFIG}"))
    assert finding.evidence["lost"] == ["the worker answers at workers.dev, and would not any more"]


async def test_an_account_without_a_name_at_workers_dev_cannot_be_changed_by_a_deploy(findings, deployed):
    def without_name(account):
        account.configure(subdomain="")

    found = await findings(deployed(at_workers_dev=False, change=without_name))
    assert [one.status for one in found] == [Status.PASS]


async def test_variables_that_are_kept_are_no_drift(findings, deployed):
    extra = upload((*DEPLOYED, {"type": "plain_text", "name": "EXTRA", "text": "x"}))
    found = await findings(deployed(extra, config="keep_vars = true\n" + CONFIG))
    assert [one.status for one in found] == [Status.PASS]


async def test_ids_to_be_filled_in_are_no_drift(findings, deployed):
    config = CONFIG.replace(UUID, "YOUR_DATABASE_ID")
    assert [one.status for one in await findings(deployed(config=config))] == [Status.PASS]


async def test_ids_that_a_deploy_fills_in_are_no_drift(findings, deployed):
    config = CONFIG.replace(f'database_id = "{UUID}"\n', "")
    assert [one.status for one in await findings(deployed(config=config))] == [Status.PASS]


async def test_kinds_whose_form_is_not_known_are_no_drift(findings, deployed):
    extra = upload((*DEPLOYED, {"type": "quantum", "name": "Q"}))
    config = CONFIG + '\n[version_metadata]\nbinding = "META"\n'
    assert [one.status for one in await findings(deployed(extra, config=config))] == [Status.PASS]


async def test_another_value_of_a_variable_alone_may_be_meant(findings, deployed):
    other = (*DEPLOYED[:2], {"type": "plain_text", "name": "MODE", "text": "ci"}, *DEPLOYED[3:])
    (finding,) = await findings(deployed(upload(other)))
    assert finding.confidence is Confidence.MEDIUM


async def test_a_required_secret_is_no_drift(findings, deployed):
    config = CONFIG + '\n[secrets]\nrequired = ["API_KEY", "OTHER_KEY"]\n'
    assert [one.status for one in await findings(deployed(config=config))] == [Status.PASS]


async def test_an_environment_is_compared_with_its_own_worker(findings, deployed):
    config = CONFIG.replace('name = "rates"', 'name = "base"', 1) + '\n[env.live]\nname = "rates"\n'
    (finding,) = await findings(deployed(config=config), env="live")
    assert "variable MODE is deployed and not in the config" in finding.evidence["lost"]


async def test_a_consumer_that_the_config_does_not_say(findings, deployed):
    def attach(account):
        account.attach_consumer(account.find_queue("rates").id, "rates")

    (finding,) = await findings(deployed(change=attach))
    assert finding.message == (
        "worker rates consumes queue rates, which the config does not say; a deploy leaves it attached"
    )
    assert (finding.status, finding.resource) == (Status.WARN, "queue/rates")
    assert finding.evidence["queue"] == "rates"


async def test_a_consumer_with_other_settings(findings, deployed):
    def attach(account):
        account.attach_consumer(account.find_queue("rates").id, "rates")

    config = CONFIG + '\n[[queues.consumers]]\nqueue = "rates"\nmax_batch_size = 50\nmax_batch_timeout = 5\n'
    (finding,) = await findings(deployed(change=attach, config=config))
    assert finding.message == (
        "queue rates is consumed with other settings than in the config: max_batch_size is 10"
    )
    assert finding.evidence["settings"] == {"max_batch_size": 10}
    assert finding.location.line == 19


async def test_a_consumer_that_is_not_attached_is_anothers_business(findings, deployed):
    config = CONFIG + '\n[[queues.consumers]]\nqueue = "rates"\n'
    assert [one.status for one in await findings(deployed(config=config))] == [Status.PASS]


async def test_a_worker_that_is_not_deployed_is_skipped(findings, write_project, saved_account):
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": WORKER})
    saved_account(folder, {})
    (finding,) = await findings(folder)
    assert (finding.status, finding.message) == (Status.SKIP, "worker rates is not deployed (DEP001)")


async def test_a_worker_without_a_name_is_skipped(findings, deployed):
    (finding,) = await findings(deployed(config=CONFIG.replace('name = "rates"\n', "", 1)))
    assert (finding.status, finding.message) == (Status.SKIP, "the config gives the worker no `name`")


async def test_without_an_account_nothing_is_known(findings, write_project):
    (finding,) = await findings(write_project({"wrangler.toml": CONFIG, "worker.py": WORKER}))
    assert finding.status is Status.SKIP


async def test_over_http_it_is_the_same(findings, deployed, check_over_http):
    folder = deployed(upload(DEPLOYED[:2]))
    (saved,) = await findings(folder)
    (over_http,) = await check_over_http("CFG008", folder)
    assert (over_http.message, over_http.evidence) == (saved.message, saved.evidence)


async def test_without_the_permission_for_queues_the_rest_is_compared(deployed, check_over_http):
    found = await check_over_http(
        "CFG008", deployed(upload(DEPLOYED[:2])), permissions=frozenset({Permission.WORKERS_READ})
    )
    assert [one.status for one in found] == [Status.WARN, Status.SKIP]
    assert found[1].message.startswith("the token lacks “Queues Read”")


async def test_without_queues_nobody_asks_for_their_permission(deployed, check_over_http):
    config = CONFIG[: CONFIG.index("[[queues")]
    found = await check_over_http(
        "CFG008",
        deployed(upload((DEPLOYED[0], *DEPLOYED[2:])), config=config),
        permissions=frozenset({Permission.WORKERS_READ}),
    )
    assert [one.status for one in found] == [Status.PASS]


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(BindingDrift)
    assert finding.status is Status.ERROR

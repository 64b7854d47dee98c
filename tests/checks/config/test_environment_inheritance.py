from __future__ import annotations

import json

import pytest

from checks.config.environment_inheritance import EnvironmentInheritance
from diagnose.plugin import Status

pytestmark = pytest.mark.anyio

TOP = """name = "a"
main = "w.py"
compatibility_date = "2025-11-10"
"""
DATABASE = """
[[d1_databases]]
binding = "DB"
database_id = "8f2c6a1e-4b0d-4f39-9a57-3c1e5d7b9042"
"""
STAGING = "\n[env.staging]\nworkers_dev = true\n"
WORKER = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await self.env.DB.prepare("DELETE FROM t").run()
"""


def deploying(command):
    return {"package.json": json.dumps({"scripts": {"ship": command}})}


@pytest.fixture
def findings(write_project, check):
    """What is found in a project of a config, a worker and other files."""

    async def find(config, worker=WORKER, files=None, **choices):
        folder = write_project({"wrangler.toml": config, "w.py": worker, **(files or {})})
        found = await check("CFG007", folder, offline=True, **choices)
        return [finding for finding in found if finding.code == "CFG007"]

    return find


def judged(findings):
    return [(each.status.value, each.severity.value, each.confidence.value) for each in findings]


async def test_an_environment_that_a_script_deploys(findings):
    files = deploying("wrangler deploy --env staging")
    [finding] = await findings(TOP + DATABASE + STAGING, files=files)
    assert judged([finding]) == [("fail", "error", "high")]
    assert finding.message == (
        "`env.staging` has no `d1_databases` for `DB`, which is not inherited: `Default.fetch` finds it "
        "undefined there after `wrangler deploy --env staging`"
    )
    assert (finding.location.path, finding.location.line) == ("wrangler.toml", 9)
    assert finding.evidence == {
        "environment": "staging",
        "key": "d1_databases",
        "bindings": ["DB"],
        "declared_in": None,
        "used_at": "w.py:6",
        "deployed_by": "package.json:1",
    }
    assert finding.explains == ()


@pytest.mark.parametrize(
    ("files", "environment", "expected"),
    [
        ({}, "staging", ("warn", "warning", "medium")),
        (deploying("wrangler deploy --env production"), "staging", ("warn", "warning", "medium")),
        ({}, "dev", ("warn", "warning", "low")),
        (deploying("wrangler deploy --env dev"), "dev", ("fail", "error", "high")),
    ],
)
async def test_how_sure_it_is(findings, files, environment, expected):
    config = TOP + DATABASE + STAGING.replace("staging", environment)
    assert judged(await findings(config, files=files)) == [expected]


async def test_the_chosen_environment_alone_is_looked_at(findings):
    config = TOP + DATABASE + STAGING + STAGING.replace("staging", "live")
    [finding] = await findings(config, env="live")
    assert judged([finding]) == [("fail", "error", "high")]
    assert finding.evidence["environment"] == "live"
    assert finding.explains == ("CFG003", "E2E001", "E2E002")
    assert len(await findings(config)) == 2


@pytest.mark.parametrize(
    ("config", "worker"),
    [
        (TOP + DATABASE, WORKER),
        (TOP + DATABASE + STAGING + DATABASE.replace("[[", "[[env.staging."), WORKER),
        (TOP + DATABASE + STAGING + 'main = "other.py"\n', WORKER),
        (
            TOP + DATABASE + STAGING,
            WORKER.replace("await self.env.DB", "if hasattr(self.env, 'DB'): await self.env.DB"),
        ),
        (TOP + DATABASE + STAGING, WORKER.replace("fetch(self, request)", "_unused(self)")),
        (TOP + DATABASE + STAGING, WORKER.replace("self.env.DB.prepare", "print")),
        (TOP + '\n[secrets]\nrequired = ["DB"]\n' + STAGING, WORKER),
        (TOP + DATABASE + '\n[env.staging]\nservices = [{ binding = "DB", service = "x" }]\n', WORKER),
    ],
    ids=["none", "repeated", "own main", "guarded", "unreachable", "unused", "secret", "another kind"],
)
async def test_what_is_in_order(findings, config, worker):
    assert [each.status for each in await findings(config, worker)] == [Status.PASS]


async def test_variables_are_a_warning_even_if_deployed(findings):
    worker = WORKER.replace('self.env.DB.prepare("DELETE FROM t").run()', "fetch(self.env.API_URL)")
    config = TOP + '\n[vars]\nAPI_URL = "https://a.example.net"\n' + STAGING
    files = deploying("wrangler deploy --env staging")
    assert judged(await findings(config, worker, files)) == [("warn", "warning", "medium")]
    assert judged(await findings("keep_vars = true\n" + config, worker, files)) == [("pass", "error", "high")]


async def test_a_consumer(findings):
    worker = WORKER.replace("fetch(self, request)", "queue(self, batch)")
    config = TOP + '\n[[queues.consumers]]\nqueue = "rates"\n' + STAGING
    worker = worker.replace("self.env.DB.prepare", "print")
    [finding] = await findings(config, worker, deploying("wrangler deploy --env staging"))
    assert judged([finding]) == [("warn", "warning", "medium")]
    assert finding.message == (
        "`env.staging` has no `queues.consumers` for `rates`, which is not inherited: "
        "`Default.queue` gets no messages there after `wrangler deploy --env staging`"
    )


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (deploying("wrangler deploy"), ("fail", "error", "high")),
        ({}, ("warn", "warning", "medium")),
        (deploying("wrangler deploy --env staging"), ("pass", "error", "high")),
    ],
)
async def test_a_top_level_without_what_an_environment_has(findings, files, expected):
    config = TOP + STAGING + DATABASE.replace("[[", "[[env.staging.")
    assert judged(await findings(config, files=files)) == [expected]


async def test_a_top_level_that_is_a_template(findings):
    both = DATABASE.replace("[[d1", "[[env.dev.d1") + DATABASE.replace("[[d1", "[[env.prod.d1")
    (finding,) = await findings(TOP + both)
    assert finding.status is Status.PASS


async def test_what_is_said_about_the_top_level(findings):
    config = TOP + STAGING + DATABASE.replace("[[", "[[env.staging.")
    [finding] = await findings(config)
    assert finding.message == (
        "only env.staging declares `d1_databases` for `DB`: `Default.fetch` finds it undefined after a plain "
        "`wrangler deploy`"
    )
    assert finding.location.path == "wrangler.toml"


async def test_scripts_of_another_worker_do_not_count(findings):
    other = json.dumps({"scripts": {"ship": "wrangler deploy --env staging"}})
    files = {"other/package.json": other, "other/wrangler.toml": 'name = "other"\n'}
    assert judged(await findings(TOP + DATABASE + STAGING, files=files)) == [("warn", "warning", "medium")]


async def test_without_a_source_it_is_skipped(findings):
    [finding] = await findings('name = "a"\n' + DATABASE + STAGING)
    assert finding.status is Status.SKIP


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(EnvironmentInheritance)
    assert finding.status is Status.ERROR

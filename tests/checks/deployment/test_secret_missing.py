from __future__ import annotations

import pytest

from checks.deployment.secret_missing import SecretMissing
from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.model import Confidence, Severity, Status

pytestmark = pytest.mark.anyio
CONFIG = 'name = "rates"\nmain = "worker.py"\ncompatibility_date = "2025-11-10"\n\n[vars]\nMODE = "daily"\n'
HEAD = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        mode = self.env.MODE
"""


@pytest.fixture
def deployed(write_project, saved_account):
    """A project whose handler has these lines, the first of them line 7, and its worker with bindings."""

    def make(*lines, bindings=(), config=CONFIG, name="rates", **files):
        source = HEAD + "".join(f"        {line}\n" for line in lines)
        files = {key.replace("__", "."): text for key, text in files.items()}
        folder = write_project({"wrangler.toml": config, "worker.py": source, **files})
        upload = Upload(
            main_module="worker.py",
            modules={"worker.py": Module(content=source.encode(), content_type="text/x-python")},
            bindings=bindings,
        )
        with EmbeddedAccount.open(saved_account(folder, {})) as account:
            account.put_script(upload_and_deploy(account.state, name, upload))
        return folder

    return make


def secret(name):
    return {"type": "secret_text", "name": name, "text": "q7Zr2Lw9"}


async def test_a_secret_that_was_never_set(findings, deployed):
    (finding,) = await findings("DEP003", deployed("key = self.env.API_KEY"))
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.HIGH)
    assert finding.message == "worker rates has no secret API_KEY, which it reads"
    assert (finding.location.path, finding.location.line) == ("worker.py", 7)
    assert finding.resource == "worker/rates/API_KEY"
    assert finding.evidence == {
        "secret": "API_KEY",
        "worker": "rates",
        "told_by": "name",
        "guarded": False,
    }
    assert finding.explains == ("E2E003",)


async def test_a_secret_that_is_there(findings, deployed):
    (finding,) = await findings("DEP003", deployed("key = self.env.API_KEY", bindings=(secret("API_KEY"),)))
    assert (finding.status, finding.message) == (Status.PASS, "worker rates has the secrets that it reads")
    assert finding.evidence == {"worker": "rates", "secrets": ["API_KEY"]}


async def test_a_variable_that_was_set_in_the_dashboard_is_there_as_well(findings, deployed):
    there = {"type": "plain_text", "name": "API_KEY", "text": "x"}
    (finding,) = await findings("DEP003", deployed("key = self.env.API_KEY", bindings=(there,)))
    assert finding.status is Status.PASS


@pytest.mark.parametrize(
    "lines",
    [
        ('key = getattr(self.env, "API_KEY", None)',),
        ('key = self.env.API_KEY if hasattr(self.env, "API_KEY") else ""',),
    ],
)
async def test_what_the_code_can_do_without_is_advice(findings, deployed, lines):
    (finding,) = await findings("DEP003", deployed(*lines))
    assert (finding.status, finding.severity) == (Status.WARN, Severity.ADVICE)
    assert finding.message == "worker rates has no secret API_KEY, which it reads where it can do without"
    assert finding.explains == ()


async def test_a_read_that_no_handler_leads_to_is_advice(findings, deployed):
    folder = deployed("pass")
    with (folder / "worker.py").open("a") as file:
        file.write("\n\ndef unused(env):\n    return env.API_KEY\n")
    (finding,) = await findings("DEP003", folder)
    assert finding.severity is Severity.ADVICE


async def test_a_name_from_the_file_for_ones_own_machine(findings, deployed):
    folder = deployed(
        "login = self.env.FEED_LOGIN", __dev__vars='# local\nFEED_LOGIN="me:secret"\nMODE=daily\n'
    )
    (finding,) = await findings("DEP003", folder)
    assert (finding.status, finding.evidence["told_by"]) == (Status.FAIL, ".dev.vars")
    assert 'secret"' not in str(finding.evidence)


async def test_the_committed_example_tells_as_well(findings, deployed):
    folder = deployed("login = self.env.FEED_LOGIN", __dev__vars__example="FEED_LOGIN=\n")
    (finding,) = await findings("DEP003", folder)
    assert finding.evidence["told_by"] == ".dev.vars.example"


async def test_what_the_file_lists_and_nothing_reads_is_nothing(findings, deployed):
    (finding,) = await findings("DEP003", deployed("pass", __dev__vars="OTHER_TOKEN=x\n"))
    assert (finding.status, finding.message) == (Status.PASS, "the worker reads no secret")


@pytest.mark.parametrize("name", ["REGION", "CACHE_KEY", "PUBLIC_KEY", "SITE_KEY", "MODE"])
async def test_names_that_say_nothing_of_a_secret(findings, deployed, name):
    (finding,) = await findings("DEP003", deployed(f"value = self.env.{name}"))
    assert finding.message == "the worker reads no secret"


async def test_a_binding_under_another_name_is_anothers_business(findings, deployed):
    (finding,) = await findings("DEP003", deployed("await self.env.TOKEN.prepare('SELECT 1').run()"))
    assert finding.message == "the worker reads no secret"


async def test_a_secret_that_the_config_requires(findings, deployed):
    config = CONFIG + '\n[secrets]\nrequired = ["FEED_LOGIN", "OTHER"]\n'
    read, unread = await findings("DEP003", deployed("login = self.env.FEED_LOGIN", config=config))
    assert (read.status, read.evidence["told_by"]) == (Status.FAIL, "secrets.required")
    assert (unread.severity, unread.message) == (
        Severity.ADVICE,
        "worker rates has no secret OTHER, which the config requires",
    )
    assert unread.location.path == "wrangler.toml"


async def test_each_missing_secret_is_a_finding(findings, deployed):
    found = await findings(
        "DEP003", deployed("a = self.env.API_KEY", "b = self.env.AUTH_TOKEN", bindings=(secret("X"),))
    )
    assert [finding.evidence["secret"] for finding in found] == ["API_KEY", "AUTH_TOKEN"]


async def test_a_worker_that_is_not_deployed_is_skipped(findings, deployed):
    (finding,) = await findings("DEP003", deployed("key = self.env.API_KEY", name="other"))
    assert (finding.status, finding.message) == (Status.SKIP, "worker rates is not deployed (DEP001)")


async def test_a_worker_without_a_name_is_skipped(findings, deployed):
    config = CONFIG.replace('name = "rates"\n', "")
    (finding,) = await findings("DEP003", deployed("key = self.env.API_KEY", config=config))
    assert (finding.status, finding.message) == (Status.SKIP, "the config gives the worker no `name`")


async def test_without_an_account_nothing_is_known(findings, write_project):
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": HEAD + "        self.env.API_KEY\n"})
    (finding,) = await findings("DEP003", folder)
    assert finding.status is Status.SKIP


async def test_over_http_it_is_the_same(findings, deployed, check_over_http):
    folder = deployed("a = self.env.API_KEY", "b = self.env.AUTH_TOKEN", bindings=(secret("API_KEY"),))
    (saved,) = await findings("DEP003", folder)
    (over_http,) = await check_over_http("DEP003", folder)
    assert (over_http.message, over_http.evidence) == (saved.message, saved.evidence)


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(SecretMissing)
    assert finding.status is Status.ERROR

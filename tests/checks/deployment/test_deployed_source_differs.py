from __future__ import annotations

import pytest

from checks.deployment.deployed_source_differs import DeployedSourceDiffers
from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy, upload_version
from diagnose.model import Confidence, Status

pytestmark = pytest.mark.anyio
CONFIG = 'name = "rates"\nmain = "src/worker.py"\ncompatibility_date = "2025-11-10"\n'
WORKER = """from workers import WorkerEntrypoint
from store import keep


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await keep(self.env.DB)
"""
STORE = "async def keep(db):\n    await db.prepare('INSERT INTO rates (day) VALUES (1)').run()\n"
FILES = {"wrangler.toml": CONFIG, "src/worker.py": WORKER, "src/store.py": STORE}
DEPLOYED = {"worker.py": WORKER, "store.py": STORE}
SCRIPT = "export default {\n  async fetch() { return new Response('ok') }\n}\n"
PLAIN = {"wrangler.toml": CONFIG.replace(".py", ".js"), "src/worker.js": SCRIPT}


@pytest.fixture
def deployed(write_project, saved_account):
    """A project, and its worker deployed with these modules."""

    def make(modules=DEPLOYED, files=FILES, make=upload_and_deploy, name="rates"):
        folder = write_project(files)
        with EmbeddedAccount.open(saved_account(folder, {})) as account:
            upload = Upload(
                main_module=next(iter(modules)),
                modules={
                    name: Module(
                        content=text.encode(),
                        content_type="text/x-python"
                        if name.endswith(".py")
                        else "application/javascript+module",
                    )
                    for name, text in modules.items()
                },
            )
            account.put_script(make(account.state, name, upload))
        return folder

    return make


async def test_the_same_code(findings, deployed):
    (finding,) = await findings("DEP002", deployed())
    assert (finding.status, finding.message) == (Status.PASS, "worker rates runs the code of the project")
    assert finding.evidence == {"worker": "rates", "compared": 2, "idle": []}


async def test_another_text(findings, deployed):
    (finding,) = await findings("DEP002", deployed({**DEPLOYED, "store.py": STORE.replace("1", "2")}))
    assert (finding.status, finding.confidence) == (Status.WARN, Confidence.HIGH)
    assert finding.message == (
        "worker rates does not run the code of the project: store.py is deployed with another text"
    )
    assert finding.location.path == "src/worker.py"
    assert finding.evidence["changed"] == ["store.py"]
    assert finding.evidence["deployed_on"] is not None
    assert finding.explains == ("E2E003",)


async def test_a_module_that_was_never_deployed(findings, deployed):
    old = {"worker.py": WORKER.replace("from store import keep\n", "").replace("keep(self.env.DB)", "x()")}
    (finding,) = await findings("DEP002", deployed(old))
    assert finding.message == (
        "worker rates does not run the code of the project: "
        "worker.py is deployed with another text; store.py is not deployed"
    )
    assert finding.evidence["undeployed"] == ["store.py"]


async def test_another_worker_under_the_name(findings, deployed):
    (finding,) = await findings("DEP002", deployed({"entry.py": WORKER}))
    assert finding.evidence["removed"] == ["entry.py"]
    assert finding.message.endswith("worker.py, store.py are not deployed")


async def test_the_ends_of_lines_do_not_count(findings, deployed):
    windows = {name: text.replace("\n", "\r\n") for name, text in DEPLOYED.items()}
    assert [one.status for one in await findings("DEP002", deployed(windows))] == [Status.PASS]


async def test_a_module_that_nothing_imports_does_not_count(findings, deployed):
    files = {**FILES, "src/test_store.py": "def test_nothing(): pass\n"}
    (finding,) = await findings("DEP002", deployed({**DEPLOYED, "old.py": "x = 1\n"}, files=files))
    assert finding.status is Status.PASS
    assert finding.evidence["idle"] == ["old.py", "test_store.py"]


async def test_vendored_packages_and_data_do_not_count(findings, deployed):
    extra = {**DEPLOYED, "python_modules/jose/__init__.py": "x = 1\n", "notes.sql": "SELECT 1"}
    files = {**FILES, "python_modules/jose/__init__.py": "x = 2\n"}
    assert [one.status for one in await findings("DEP002", deployed(extra, files=files))] == [Status.PASS]


async def test_a_worker_in_another_language_is_deployed(findings, deployed):
    (finding,) = await findings("DEP002", deployed({"index.js": SCRIPT}))
    assert (finding.status, finding.message) == (Status.SKIP, "what is deployed is no Python worker")


async def test_a_bundle_cannot_be_compared(findings, deployed):
    (finding,) = await findings("DEP002", deployed({"worker.js": "// bundled\n" + SCRIPT}, files=PLAIN))
    assert (finding.status, finding.message) == (
        Status.SKIP,
        "wrangler bundles worker.js; a bundle cannot be compared with its sources",
    )


async def test_an_upload_without_a_bundler_is_compared(findings, deployed):
    assert [one.status for one in await findings("DEP002", deployed({"worker.js": SCRIPT}, files=PLAIN))] == [
        Status.PASS
    ]


async def test_without_a_bundler_by_the_config(findings, deployed):
    files = {**PLAIN, "wrangler.toml": "no_bundle = true\n" + PLAIN["wrangler.toml"]}
    (finding,) = await findings("DEP002", deployed({"worker.js": "// old\n" + SCRIPT}, files=files))
    assert (finding.status, finding.evidence["changed"]) == (Status.WARN, ["worker.js"])


async def test_modules_of_another_base_are_skipped(findings, deployed):
    files = {**FILES, "wrangler.toml": 'base_dir = "."\n' + CONFIG}
    (finding,) = await findings("DEP002", deployed(files=files))
    assert (finding.status, finding.message) == (
        Status.SKIP,
        "modules are named relative to `base_dir`, which is not followed",
    )


@pytest.mark.parametrize(("make", "name"), [(upload_version, "rates"), (upload_and_deploy, "other")])
async def test_what_is_not_deployed_is_skipped(findings, deployed, make, name):
    (finding,) = await findings("DEP002", deployed(make=make, name=name))
    assert (finding.status, finding.message) == (Status.SKIP, "worker rates is not deployed (DEP001)")


async def test_a_worker_without_a_name_is_skipped(findings, deployed):
    files = {**FILES, "wrangler.toml": CONFIG.replace('name = "rates"\n', "")}
    (finding,) = await findings("DEP002", deployed(files=files))
    assert (finding.status, finding.message) == (Status.SKIP, "the config gives the worker no `name`")


async def test_over_http_it_is_the_same(findings, deployed, check_over_http):
    folder = deployed({**DEPLOYED, "store.py": STORE.replace("1", "2")})
    (saved,) = await findings("DEP002", folder)
    (over_http,) = await check_over_http("DEP002", folder)
    assert (over_http.message, over_http.evidence) == (saved.message, saved.evidence)


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(DeployedSourceDiffers)
    assert finding.status is Status.ERROR

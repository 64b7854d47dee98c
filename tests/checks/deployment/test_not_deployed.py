from __future__ import annotations

import pytest

from checks.deployment.not_deployed import NotDeployed
from diagnose.demo.writing import write_demo
from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy, upload_version
from diagnose.model import Confidence, Location, Status

pytestmark = pytest.mark.anyio
NAME = "price-history-import"
UPLOAD = Upload(
    main_module="worker.py", modules={"worker.py": Module(content=b"", content_type="text/x-python")}
)


@pytest.fixture
def demo(tmp_path):
    folder = tmp_path / "demo"
    write_demo(folder)
    return folder


def put(folder, make, name):
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
        account.put_script(make(account.state, name, UPLOAD))


async def test_a_worker_that_the_account_does_not_know(findings, demo):
    put(demo, upload_and_deploy, "another")
    (finding,) = await findings("DEP001", demo)
    assert (finding.status, finding.confidence) == (Status.FAIL, Confidence.HIGH)
    assert finding.message == f"worker {NAME} is not in the account"
    assert finding.resource == f"worker/{NAME}"
    assert finding.location == Location("pyswarm/wrangler_historical_import.toml", 5, 1)
    assert finding.evidence == {"worker": NAME, "deployments": None, "others": ["another"]}
    assert finding.explains == ()


async def test_a_worker_without_a_deployment(findings, demo):
    put(demo, upload_version, NAME)
    (finding,) = await findings("DEP001", demo)
    assert finding.message == f"worker {NAME} has versions, but none of them is deployed"
    assert finding.evidence["deployments"] == 0


async def test_a_deployed_worker(findings, demo):
    put(demo, upload_and_deploy, NAME)
    (finding,) = await findings("DEP001", demo)
    assert finding.status is Status.PASS
    assert finding.evidence == {"worker": NAME, "deployments": 1}


async def test_a_derived_account_proves_nothing(findings, worker):
    (finding,) = await findings("DEP001", worker(("scheduled(self, controller)", "pass")))
    assert finding.status is Status.SKIP


async def test_a_worker_without_a_name_is_skipped(findings, demo):
    config = demo / "pyswarm" / "wrangler_historical_import.toml"
    config.write_text(config.read_text().replace(f'name = "{NAME}"', ""))
    (finding,) = await findings("DEP001", demo)
    assert (finding.status, finding.message) == (Status.SKIP, "the config gives the worker no `name`")


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(NotDeployed)
    assert finding.status is Status.ERROR

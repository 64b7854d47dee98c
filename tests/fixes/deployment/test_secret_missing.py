from __future__ import annotations

import pytest

from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.engine.fixing import Fixer
from diagnose.engine.registry import load_registry
from diagnose.engine.runner import Selection
from diagnose.engine.settlement import Outcome
from tests.conftest import Confirming, open_session

pytestmark = pytest.mark.anyio
VALUE = "q7Zr2Lw9-canary"
CONFIG = 'name = "rates"\nmain = "worker.py"\ncompatibility_date = "2025-11-10"\n'
SOURCE = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        key = self.env.API_KEY
"""
BY_VARIABLE = {"secret_API_KEY_env": "FEED_KEY_FOR_TESTS"}


@pytest.fixture
def folder(write_project, saved_account):
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": SOURCE})
    upload = Upload(
        main_module="worker.py",
        modules={"worker.py": Module(content=SOURCE.encode(), content_type="text/x-python")},
    )
    with EmbeddedAccount.open(saved_account(folder, {})) as account:
        account.put_script(upload_and_deploy(account.state, "rates", upload))
    return folder


def secrets(folder):
    with EmbeddedAccount.load_snapshot(folder / ".diagnose" / "account") as account:
        return account.scripts["rates"].secrets


def journal(folder):
    return "".join(
        file.read_text() for file in (folder / ".diagnose" / "journal").rglob("*") if file.is_file()
    )


async def test_nobody_is_asked_without_a_terminal(folder, repair):
    (settlement,) = (await repair("DEP003", folder)).settlements
    assert settlement.outcome is Outcome.UNANSWERED
    assert settlement.detail == (
        "What is the value of the secret API_KEY of worker rates? --option secret_API_KEY_env='VARIABLE' "
        "(the name of the environment variable that holds the value)"
    )
    assert secrets(folder) == ()


async def test_the_environment_holds_the_value(folder, repair, undo, monkeypatch):
    monkeypatch.setenv("FEED_KEY_FOR_TESTS", VALUE)
    (settlement,) = (await repair("DEP003", folder, options=dict(BY_VARIABLE))).settlements
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 1)
    assert secrets(folder) == ("API_KEY",)
    assert VALUE not in journal(folder)
    assert "API_KEY" in journal(folder)
    assert (await repair("DEP003", folder, options=dict(BY_VARIABLE))).settlements == ()
    result = await undo(folder)
    assert (result.restored, result.left) == (1, ())
    assert secrets(folder) == ()


async def test_a_variable_that_is_not_set_is_asked_for_again(folder, repair, monkeypatch):
    monkeypatch.delenv("FEED_KEY_FOR_TESTS", raising=False)
    (settlement,) = (await repair("DEP003", folder, options=dict(BY_VARIABLE))).settlements
    assert settlement.outcome is Outcome.UNANSWERED
    assert settlement.detail.startswith("The environment has no variable FEED_KEY_FOR_TESTS. What is")


class Typing(Confirming):
    """Types the value where it is not shown, and keeps the plan."""

    def answer(self, choice):
        assert choice.hidden
        return VALUE

    def show(self, finding, plan):
        self.plan = plan


async def test_a_person_types_the_value_unseen(folder):
    operator = Typing()
    async with open_session(folder, writable=True) as session:
        fixer = Fixer(session, load_registry(), operator, session.journal_folder)
        result = await fixer.fix(Selection(select=("DEP003",)))
        assert VALUE not in str(session.options)
    (settlement,) = result.settlements
    assert settlement.outcome is Outcome.FIXED
    (step,) = operator.plan.steps
    assert step.preview() == "PUT /workers/scripts/rates/secrets API_KEY = [hidden]"
    assert VALUE not in repr(operator.plan) + repr(result) + journal(folder)
    assert secrets(folder) == ("API_KEY",)


async def test_the_value_stays_through_a_deploy_and_reaches_the_worker(folder, repair, monkeypatch):
    monkeypatch.setenv("FEED_KEY_FOR_TESTS", VALUE)
    await repair("DEP003", folder, options=dict(BY_VARIABLE))
    (folder / "worker.py").write_text(SOURCE + "        print(key)\n")
    (settlement,) = (await repair("DEP002", folder)).settlements
    assert settlement.outcome is Outcome.FIXED
    assert secrets(folder) == ("API_KEY",)

from __future__ import annotations

import pytest

from diagnose.embedded import EmbeddedAccount
from diagnose.engine.fixing import Fixer
from diagnose.engine.ranking import root_causes
from diagnose.engine.registry import load_registry
from diagnose.engine.runner import Selection, run_checks
from diagnose.engine.settlement import Outcome
from tests.conftest import Confirming, open_session

pytestmark = pytest.mark.anyio
CONFIG = """name = "candles-import"

[[queues.consumers]]
queue = "candles"
dead_letter_queue = "candles-failed"
"""


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


def queues(folder):
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
        return sorted(queue.name for queue in account.queues.values())


@pytest.fixture
def folder(write_project):
    folder = write_project({"wrangler.toml": CONFIG})
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
        account.create_queue("other")
    return folder


async def test_the_queues_are_created_and_deleted_again(folder, repair, undo, tree):
    before = tree(folder)
    first, second = of("QUE002", await repair("QUE002", folder))
    assert (first.outcome, first.detail) == (Outcome.FIXED, "queue candles is created")
    assert (second.outcome, second.detail) == (Outcome.FIXED, "queue candles-failed is created")
    assert queues(folder) == ["candles", "candles-failed", "other"]
    again = await repair("QUE002", folder)
    assert (again.run_id, of("QUE002", again)) == (None, [])
    await undo(folder)
    assert queues(folder) == ["other"]
    assert tree(folder) == before


async def test_without_an_account_there_is_nothing_to_repair(write_project, repair):
    assert of("QUE002", await repair("QUE002", write_project({"wrangler.toml": CONFIG}))) == []


PIPELINE = """name = "candles-import"
main = "worker.py"
compatibility_date = "2026-06-01"
compatibility_flags = ["python_workers"]

[[queues.producers]]
binding = "CANDLES"
queue = "candles"

[[queues.consumers]]
queue = "candles"
dead_letter_queue = "candles-failed"
"""
WORKER = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await self.env.CANDLES.send("BTC", contentType="text")

    async def queue(self, batch):
        batch.ackAll()
"""
BEFORE_THE_DEPLOY = Selection(select=("QUE002", "QUE003", "DEP001"))


@pytest.fixture
def pipeline(write_project):
    folder = write_project({"wrangler.toml": PIPELINE, "worker.py": WORKER})
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
        account.create_queue("other")
    return folder


async def test_a_missing_queue_explains_why_nothing_is_deployed(pipeline):
    registry = load_registry()
    async with open_session(pipeline) as session:
        found = await run_checks(registry, await session.context(), selection=BEFORE_THE_DEPLOY)
    assert {finding.code for finding in found if finding.is_problem} == {"QUE002", "DEP001"}
    (cause,) = root_causes(found)
    assert (cause.code, cause.explains) == ("QUE002", ("DEP001",))


async def test_the_worker_is_deployed_once_its_queues_are_there(pipeline, undo, tree):
    """A deploy is refused with 11000 while one of them is missing."""
    before = tree(pipeline)
    async with open_session(pipeline, writable=True) as session:
        fixer = Fixer(session, load_registry(), Confirming(), session.journal_folder)
        result = await fixer.fix(BEFORE_THE_DEPLOY)
    assert [(one.finding.code, one.outcome, one.detail) for one in result.settlements] == [
        ("QUE002", Outcome.FIXED, "queue candles is created"),
        ("QUE002", Outcome.FIXED, "queue candles-failed is created"),
        ("DEP001", Outcome.FIXED, "worker candles-import is deployed as it stands in the project"),
    ]
    assert [finding.code for finding in result.findings if finding.is_problem] == []
    with EmbeddedAccount.open(pipeline / ".diagnose" / "account") as account:
        assert list(account.state.scripts) == ["candles-import"]
    await undo(pipeline)
    assert queues(pipeline) == ["other"]
    with EmbeddedAccount.open(pipeline / ".diagnose" / "account") as account:
        assert dict(account.state.scripts) == {}
    assert tree(pipeline) == before


async def test_without_the_queues_the_deploy_says_what_it_lacks(pipeline, repair):
    (settlement,) = of("DEP001", await repair("DEP001", pipeline))
    assert settlement.outcome is Outcome.NOT_FIXED
    assert "candles" in settlement.detail
    assert queues(pipeline) == ["other"]

from __future__ import annotations

import pytest

from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio
HEAD = 'name = "collector"\nmain = "worker.py"\ncompatibility_date = "2026-06-01"\n'
PRODUCER = '\n[[queues.producers]] # rows\nbinding = "CANDLES"\nqueue = "candles"\n'
CONSUMER = '\n[[queues.consumers]]\nqueue = "candles"\n'
WRITER = 'name = "writer"\n' + CONSUMER + "max_batch_size = 7\n"
SENDING = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await self.env.CANDLES.send("BTC", contentType="text")
"""
HANDLING = (
    SENDING
    + """
    async def queue(self, batch):
        for message in batch.messages:
            print(message.body)
"""
)
MODULE = Module(content=HANDLING.encode(), content_type="text/x-python")
UPLOAD = Upload(main_module="worker.py", modules={"worker.py": MODULE})


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


def consumer(folder):
    """Who consumes the queue, and the size of its batches."""
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
        found = account.find_queue("candles").consumer
        return None if found is None else (found.script, found.settings.batch_size)


@pytest.fixture
def project(write_project):
    def write(config, *deployed, worker=HANDLING, files=None, attached=None, saved=True):
        folder = write_project({"wrangler.toml": HEAD + config, "worker.py": worker, **(files or {})})
        if saved:
            with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
                queue = account.create_queue("candles")
                for name in deployed:
                    account.put_script(upload_and_deploy(account.state, name, UPLOAD))
                if attached:
                    account.attach_consumer(queue.id, attached)
        return folder

    return write


async def test_the_declared_consumer_is_attached_and_detached(project, repair, undo, tree):
    folder = project(PRODUCER + CONSUMER + "max_batch_size = 5\n", "collector")
    before = tree(folder)
    (settlement,) = of("QUE003", await repair("QUE003", folder))
    assert settlement.outcome is Outcome.FIXED
    assert settlement.detail == "collector is attached to candles, as the config says"
    assert consumer(folder) == ("collector", 5)
    again = await repair("QUE003", folder)
    assert (again.run_id, of("QUE003", again)) == (None, [])
    await undo(folder)
    assert consumer(folder) is None
    assert tree(folder) == before


async def test_another_worker_of_the_project_is_attached(project, repair):
    folder = project(PRODUCER, "writer", worker=SENDING, files={"writer/wrangler.toml": WRITER})
    (settlement,) = of("QUE003", await repair("QUE003", folder))
    assert settlement.outcome is Outcome.FIXED
    assert consumer(folder) == ("writer", 7)


async def test_a_handler_without_an_entry_gets_one(project, repair, undo, tree):
    folder = project(PRODUCER, "collector")
    before = tree(folder)
    (settlement,) = of("QUE003", await repair("QUE003", folder))
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 2)
    assert settlement.detail == "collector consumes candles: its handler is there"
    assert consumer(folder) == ("collector", 10)
    assert tree(folder) == before | {"wrangler.toml": (HEAD + PRODUCER + CONSUMER).encode()}
    await undo(folder)
    assert consumer(folder) is None
    assert tree(folder) == before


async def test_files_alone(project, repair, undo, tree):
    folder = project(PRODUCER, saved=False)
    before = tree(folder)
    (settlement,) = of("QUE003", await repair("QUE003", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    assert tree(folder) == before | {"wrangler.toml": (HEAD + PRODUCER + CONSUMER).encode()}
    assert of("QUE003", await repair("QUE003", folder, offline=True)) == []
    await undo(folder, offline=True)
    assert tree(folder) == before


async def test_an_environment_gets_an_entry_of_its_own(project, repair):
    live = '\n[env.live]\n[[env.live.queues.producers]]\nbinding = "CANDLES"\nqueue = "candles"\n'
    folder = project(live, saved=False)
    (settlement,) = of("QUE003", await repair("QUE003", folder, offline=True, environment="live"))
    assert settlement.outcome is Outcome.FIXED
    added = '\n[[env.live.queues.consumers]]\nqueue = "candles"\n'
    assert (folder / "wrangler.toml").read_text() == HEAD + live + added


async def test_a_worker_that_is_not_deployed_gets_its_entry_only(project, repair):
    folder = project(PRODUCER)
    (settlement,) = of("QUE003", await repair("QUE003", folder))
    assert (settlement.outcome, settlement.steps) == (Outcome.NOT_PROVEN, 1)
    assert (folder / "wrangler.toml").read_text() == HEAD + PRODUCER + CONSUMER


@pytest.mark.parametrize(
    ("config", "choices", "reason"),
    [
        (PRODUCER + CONSUMER, {}, "collector is not deployed, so that it cannot be attached"),
        (PRODUCER, {"worker": SENDING}, "no worker of the project is known to take messages of candles"),
        (
            PRODUCER,
            {
                "worker": HANDLING.replace(
                    "for message", 'if batch.queue == "orders":\n            return\n        for message'
                )
            },
            "the queue handler tells orders apart, and not candles",
        ),
        (
            PRODUCER + CONSUMER,
            {"files": {"writer/wrangler.toml": WRITER}, "saved": False},
            "which worker or environment shall have candles is yours to decide",
        ),
    ],
    ids=["not deployed", "no handler", "another queue", "twice"],
)
async def test_what_only_a_person_can_do(config, choices, reason, project, repair, tree):
    folder = project(config, **choices)
    before = tree(folder)
    (settlement,) = of("QUE003", await repair("QUE003", folder))
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.startswith(reason)
    assert tree(folder) == before


async def test_another_worker_s_consumer_is_never_replaced(project, repair):
    folder = project(PRODUCER + CONSUMER, "collector", "older", attached="older")
    (settlement,) = of("QUE003", await repair("QUE003", folder))
    assert settlement.outcome is Outcome.REFUSED
    assert "wrangler queues consumer remove candles" in settlement.detail
    assert consumer(folder) == ("older", 10)

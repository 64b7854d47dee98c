from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from virtual_time import VirtualTime

from diagnose.account import Account, AccountKind, ConsumerSpec, Secret
from diagnose.account.budget import Unlimited
from diagnose.account.transport import Transport
from diagnose.embedded import ConsumerSettings, Module
from diagnose.embedded import Upload as EmbeddedUpload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.engine.workspace import ProjectWorkspace
from diagnose.errors import StepError
from diagnose.project.bindings import QueueConsumer
from diagnose.steps import AttachConsumer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from diagnose.embedded import EmbeddedAccount
    from diagnose.model import Step

pytestmark = pytest.mark.anyio

CODE = b"class Default:\n    async def queue(self, batch): ...\n"
SPEC = ConsumerSpec(script="tides", settings={"batch_size": 20}, dead_letter_queue="failed")
STEP = AttachConsumer(queue="jobs", spec=SPEC)


@pytest.fixture
def jobs(embedded: EmbeddedAccount) -> str:
    """The id of a queue; the workers `tides` and `other` could consume it."""
    upload = EmbeddedUpload(
        main_module="worker.py",
        modules={"worker.py": Module(content=CODE, content_type="text/x-python")},
    )
    for name in ("tides", "other"):
        embedded.put_script(upload_and_deploy(embedded.state, name, upload))
    return embedded.create_queue("jobs").id


async def attach(workspace: ProjectWorkspace, step: AttachConsumer = STEP) -> AttachConsumer:
    step = await step.prepare(workspace)
    await step.apply(workspace)
    assert await step.verify(workspace) is None
    return step


async def test_a_worker_is_attached(workspace: ProjectWorkspace, embedded: EmbeddedAccount, jobs: str):
    step = await STEP.prepare(workspace)
    assert await step.verify(workspace) == "worker tides does not consume the queue jobs"
    for _ in range(2):
        await step.apply(workspace)
        assert await step.verify(workspace) is None
    consumer = embedded.queue(jobs).consumer
    assert consumer is not None
    assert (consumer.script, consumer.settings) == (
        "tides",
        ConsumerSettings(batch_size=20, dead_letter_queue="failed"),
    )
    assert step.previous is None


async def test_it_is_detached_again(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, jobs: str, again: Callable[[Step], Step]
):
    step = await attach(workspace)
    for _ in range(2):
        assert await again(step).undo(workspace) is None
    assert embedded.queue(jobs).consumer is None


async def test_settings_are_changed_and_come_back(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, jobs: str, again: Callable[[Step], Step]
):
    before = ConsumerSettings(batch_size=3, max_retries=9, retry_delay=4, max_wait_time_ms=1_000)
    embedded.attach_consumer(jobs, "tides", before)
    consumer = embedded.queue(jobs).consumer
    assert consumer is not None
    step = await STEP.prepare(workspace)
    assert await step.verify(workspace) == "worker tides consumes the queue jobs with other settings"
    step = await attach(workspace)
    for _ in range(2):
        assert await again(step).undo(workspace) is None
    assert embedded.queue(jobs).consumer == consumer


async def test_a_consumer_that_was_removed_since_comes_back_too(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, jobs: str
):
    embedded.attach_consumer(jobs, "tides", ConsumerSettings(batch_size=3))
    step = await attach(workspace)
    embedded.detach_consumer(jobs)
    assert await step.undo(workspace) is None
    consumer = embedded.queue(jobs).consumer
    assert consumer is not None
    assert consumer.settings == ConsumerSettings(batch_size=3)


async def test_another_consumer_is_never_replaced(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, jobs: str
):
    embedded.attach_consumer(jobs, "other")
    with pytest.raises(StepError, match="already has a consumer") as caught:
        await attach(workspace)
    assert caught.value.where == "queue jobs"
    assert await (await STEP.prepare(workspace)).undo(workspace) is None
    consumer = embedded.queue(jobs).consumer
    assert consumer is not None
    assert consumer.script == "other"


async def test_what_consumes_the_queue_since_is_left_alone(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, jobs: str
):
    embedded.attach_consumer(jobs, "tides", ConsumerSettings(batch_size=3))
    step = await attach(workspace)
    embedded.detach_consumer(jobs)
    embedded.attach_consumer(jobs, "other")
    assert await step.undo(workspace) == (
        "something else consumes the queue jobs since; it was left as it is"
    )
    fresh = AttachConsumer(queue="jobs", spec=SPEC)
    assert await fresh.undo(workspace) is None
    consumer = embedded.queue(jobs).consumer
    assert consumer is not None
    assert consumer.script == "other"


async def test_a_queue_that_is_not_there_is_said(workspace: ProjectWorkspace):
    step = await STEP.prepare(workspace)
    with pytest.raises(StepError, match="the account has no queue 'jobs'") as caught:
        await step.apply(workspace)
    assert caught.value.hint == "create it: wrangler queues create jobs"
    assert await step.verify(workspace) == "worker tides does not consume the queue jobs"
    assert await step.undo(workspace) is None


async def test_whoever_pulls_is_attached_and_detached(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, jobs: str
):
    step = await attach(workspace, AttachConsumer.of(QueueConsumer(queue="jobs", type="http_pull"), "tides"))
    consumer = embedded.queue(jobs).consumer
    assert consumer is not None
    assert (consumer.type, consumer.script) == ("http_pull", None)
    assert await step.undo(workspace) is None
    assert embedded.queue(jobs).consumer is None


def test_a_config_entry_becomes_the_apis_settings():
    entry = QueueConsumer(
        queue="jobs",
        max_batch_size=20,
        max_batch_timeout=2.5,
        max_retries=0,
        max_concurrency=1,
        retry_delay=30,
        dead_letter_queue="failed",
    )
    step = AttachConsumer.of(entry, "tides")
    assert step.spec == ConsumerSpec(
        script="tides",
        settings={
            "batch_size": 20,
            "max_retries": 0,
            "max_wait_time_ms": 2_500,
            "retry_delay": 30,
            "max_concurrency": 1,
        },
        dead_letter_queue="failed",
    )
    assert step.title == "attach worker tides to queue jobs"
    assert step.preview().splitlines() == [
        "POST /queues/jobs/consumers worker tides",
        "  batch_size = 20",
        "  max_retries = 0",
        "  max_wait_time_ms = 2500",
        "  retry_delay = 30",
        "  max_concurrency = 1",
        "  dead_letter_queue = failed",
    ]
    assert step.irreversible == "messages that the consumer is given until then do not come back"


@pytest.fixture
async def real(embedded: EmbeddedAccount, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Real]:
    """The account as a real one, with the seconds that were waited and what happens meanwhile."""
    arrivals: list[Callable[[], object]] = []

    class Arriving(VirtualTime):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            if arrivals:
                arrivals.pop(0)()

    clock = Arriving()
    transport = Transport.over_app(embedded.app(), Secret(embedded.token), budget=Unlimited(clock))
    async with Account(transport, embedded.account_id, AccountKind.REAL) as account:
        yield Real(ProjectWorkspace(tmp_path, account), clock.slept, arrivals)


@dataclass
class Real:
    workspace: ProjectWorkspace
    waits: list[float]
    arrivals: list[Callable[[], object]]


def without_handler(embedded: EmbeddedAccount) -> None:
    code = Module(content=b"class Default:\n    async def fetch(self): ...\n", content_type="text/x-python")
    upload = EmbeddedUpload(main_module="worker.py", modules={"worker.py": code})
    embedded.put_script(upload_and_deploy(embedded.state, "tides", upload))


async def test_an_upload_that_has_not_arrived_is_waited_for(real: Real, embedded: EmbeddedAccount, jobs: str):
    arrived = embedded.scripts["tides"]
    without_handler(embedded)
    real.arrivals.extend([lambda: None, lambda: embedded.put_script(arrived)])

    await attach(real.workspace)

    assert real.waits == [1.0, 3.0]
    assert embedded.queue(jobs).consumer is not None


async def test_a_handler_that_stays_missing_is_said(real: Real, embedded: EmbeddedAccount, jobs: str):
    without_handler(embedded)

    with pytest.raises(StepError, match="queue handler is missing"):
        await STEP.apply(real.workspace)

    assert real.waits == [1.0, 3.0]


async def test_nothing_else_is_waited_for(
    real: Real, workspace: ProjectWorkspace, embedded: EmbeddedAccount, jobs: str
):
    with pytest.raises(StepError, match="does not exist"):
        await AttachConsumer(queue="jobs", spec=ConsumerSpec(script="nobody")).apply(real.workspace)
    without_handler(embedded)
    with pytest.raises(StepError, match="queue handler is missing"):
        await STEP.apply(workspace)
    assert real.waits == []

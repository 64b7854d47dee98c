from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from diagnose.errors import StepError
from diagnose.project.bindings import QueueConsumer
from diagnose.project.upload import Upload
from diagnose.steps import CreateQueue, DeployWorker

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.embedded import EmbeddedAccount
    from diagnose.engine.workspace import ProjectWorkspace
    from diagnose.model import Step

pytestmark = pytest.mark.anyio

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
CODE = (
    b"from workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
    b"    async def scheduled(self, controller):\n        pass\n"
)
UPLOAD = Upload(
    script_name="tides",
    main_module="worker.py",
    modules={"worker.py": CODE},
    bindings=({"type": "d1", "name": "DB", "id": HARBOUR},),
    compatibility_date="2026-04-01",
    compatibility_flags=("python_workers",),
    crons=("0 3 * * *",),
)
OLDER = replace(UPLOAD, modules={"worker.py": CODE + b"\nOLD = True\n"}, crons=("0 5 * * 1",))


def deployment(upload: Upload) -> DeployWorker:
    return DeployWorker(script_name="tides", upload=upload)


async def deploy(workspace: ProjectWorkspace, upload: Upload) -> DeployWorker:
    step = await deployment(upload).prepare(workspace)
    await step.apply(workspace)
    assert await step.verify(workspace) is None
    return step


async def test_a_worker_is_deployed_with_its_schedule(workspace: ProjectWorkspace, embedded: EmbeddedAccount):
    step = await deployment(UPLOAD).prepare(workspace)
    assert await step.verify(workspace) == "the account lists no worker tides"

    for _ in range(2):
        await step.apply(workspace)
        assert await step.verify(workspace) is None

    assert (step.existed, step.previous_versions, step.previous_crons) == (False, (), None)
    assert list(embedded.scripts) == ["tides"]
    account = workspace.account
    assert account is not None
    assert await account.schedules("tides") == ("0 3 * * *",)


async def test_a_worker_that_was_not_there_is_gone_again(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, again: Callable[[Step], Step]
):
    step = await deploy(workspace, UPLOAD)

    restored = again(step)

    for _ in range(2):
        assert await restored.undo(workspace) is None
    assert embedded.scripts == {}


async def test_the_version_before_answers_again(workspace: ProjectWorkspace, again: Callable[[Step], Step]):
    account = workspace.account
    assert account is not None
    await deploy(workspace, OLDER)
    before = await account.deployments("tides")

    step = await deploy(workspace, UPLOAD)
    assert step.existed
    assert await account.schedules("tides") == ("0 3 * * *",)
    for _ in range(2):
        assert await again(step).undo(workspace) is None

    after = await account.deployments("tides")
    assert before is not None
    assert after is not None
    assert after[0].versions == before[0].versions
    assert await account.schedules("tides") == ("0 5 * * 1",)
    assert dict(await account.content("tides") or {}) == dict(OLDER.modules)


async def test_undoing_before_anything_happened_deploys_nothing(workspace: ProjectWorkspace):
    account = workspace.account
    assert account is not None
    await deploy(workspace, OLDER)
    before = await account.deployments("tides")

    assert await (await deployment(UPLOAD).prepare(workspace)).undo(workspace) is None

    account.forget()
    assert await account.deployments("tides") == before


async def test_workers_dev_is_as_the_config_says_and_as_it_was_before(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, again: Callable[[Step], Step]
):
    await deploy(workspace, replace(OLDER, workers_dev=True))
    assert embedded.scripts["tides"].subdomain
    await deploy(workspace, UPLOAD)
    assert embedded.scripts["tides"].subdomain

    step = await deploy(workspace, replace(UPLOAD, workers_dev=False))
    assert not embedded.scripts["tides"].subdomain
    assert step.preview().splitlines()[-1] == "POST /workers/scripts/tides/subdomain workers.dev off"

    for _ in range(2):
        assert await again(step).undo(workspace) is None
    assert embedded.scripts["tides"].subdomain


async def test_schedules_that_the_config_does_not_name_stay(workspace: ProjectWorkspace):
    account = workspace.account
    assert account is not None
    await deploy(workspace, OLDER)

    await deploy(workspace, replace(UPLOAD, crons=None))

    assert await account.schedules("tides") == ("0 5 * * 1",)


async def test_schedules_are_removed_where_the_config_says_none(workspace: ProjectWorkspace):
    account = workspace.account
    assert account is not None
    await deploy(workspace, OLDER)

    step = await deploy(workspace, replace(UPLOAD, crons=()))
    assert await account.schedules("tides") == ()

    await step.undo(workspace)
    assert await account.schedules("tides") == ("0 5 * * 1",)


async def test_another_code_than_the_projects_is_noticed(workspace: ProjectWorkspace):
    await deploy(workspace, OLDER)

    assert await deployment(UPLOAD).verify(workspace) == "the deployed modules of tides are not the project's"


async def test_what_the_account_refuses_is_a_step_error(workspace: ProjectWorkspace):
    missing = {"type": "d1", "name": "DB", "id": "00000000-0000-4000-8000-000000000000"}

    with pytest.raises(StepError) as caught:
        await deployment(replace(UPLOAD, bindings=(missing,))).apply(workspace)
    assert caught.value.where == "tides"


async def test_a_journalled_step_is_only_for_undoing(
    workspace: ProjectWorkspace, again: Callable[[Step], Step]
):
    with pytest.raises(StepError, match="not known any more"):
        await again(deployment(UPLOAD)).apply(workspace)


def test_it_says_beforehand_what_stays():
    step = deployment(UPLOAD)

    assert "(rows that a live trigger writes) stays" in str(step.irreversible)
    assert step.title == "deploy worker tides"
    assert step.preview().splitlines() == [
        "PUT /workers/scripts/tides",
        f"  module worker.py ({len(CODE)} bytes)",
        "  binding DB → d1",
        "PUT /workers/scripts/tides/schedules 0 3 * * *",
    ]


CONSUMING = replace(
    UPLOAD,
    modules={"worker.py": CODE + b"    async def queue(self, batch):\n        pass\n"},
    bindings=(*UPLOAD.bindings, {"type": "queue", "name": "JOBS", "queue_name": "jobs"}),
    consumers=(QueueConsumer(queue="jobs", max_batch_size=50, dead_letter_queue="failed"),),
)


async def test_consumers_are_attached_and_detached_with_the_deployment(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, again: Callable[[Step], Step]
):
    jobs = embedded.create_queue("jobs").id
    step = await deploy(workspace, CONSUMING)
    consumer = embedded.queue(jobs).consumer
    assert consumer is not None
    assert (consumer.script, consumer.settings.batch_size) == ("tides", 50)
    assert embedded.producers(jobs) == ("tides",)
    for _ in range(2):
        assert await again(step).undo(workspace) is None
    assert (embedded.scripts, embedded.queue(jobs).consumer) == ({}, None)


async def test_the_consumer_before_comes_back_with_the_version_before(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, again: Callable[[Step], Step]
):
    jobs = embedded.create_queue("jobs").id
    await deploy(workspace, CONSUMING)
    before = embedded.queue(jobs).consumer
    changed = replace(CONSUMING, consumers=(QueueConsumer(queue="jobs", max_batch_size=7),))
    step = await deploy(workspace, changed)
    assert embedded.queue(jobs).consumer != before
    assert await again(step).undo(workspace) is None
    assert embedded.queue(jobs).consumer == before


async def test_a_queue_its_producer_and_its_consumer_come_and_go_together(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, again: Callable[[Step], Step]
):
    await deploy(workspace, OLDER)
    before = embedded.scripts["tides"].deployments[0].versions
    done = []
    for step in (CreateQueue(name="failed"), CreateQueue(name="jobs"), deployment(CONSUMING)):
        prepared = await step.prepare(workspace)
        await prepared.apply(workspace)
        assert await prepared.verify(workspace) is None
        done.append(prepared)
    assert [queue.name for queue in embedded.queues.values()] == ["failed", "jobs"]
    for step in reversed(done):
        assert await again(step).undo(workspace) is None
    assert embedded.queues == {}
    assert embedded.scripts["tides"].deployments[0].versions == before


async def test_nothing_is_uploaded_while_a_queue_is_missing(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount
):
    step = await deployment(replace(CONSUMING, bindings=UPLOAD.bindings)).prepare(workspace)
    with pytest.raises(StepError, match="the account has no queue 'jobs'"):
        await step.apply(workspace)
    assert embedded.scripts == {}
    with pytest.raises(StepError, match='Queue "jobs" does not exist'):
        await deployment(replace(CONSUMING, consumers=())).apply(workspace)
    assert embedded.scripts == {}


async def test_a_consumer_that_is_missing_is_noticed(workspace: ProjectWorkspace, embedded: EmbeddedAccount):
    jobs = embedded.create_queue("jobs").id
    step = await deploy(workspace, CONSUMING)
    embedded.detach_consumer(jobs)
    assert await step.verify(workspace) == "worker tides does not consume the queue jobs"


async def test_what_consumes_the_queue_since_is_left(workspace: ProjectWorkspace, embedded: EmbeddedAccount):
    jobs = embedded.create_queue("jobs").id
    await deploy(workspace, CONSUMING)
    step = await deploy(workspace, replace(CONSUMING, crons=()))
    embedded.detach_consumer(jobs)
    embedded.attach_consumer(jobs)
    assert await step.undo(workspace) == (
        "something else consumes the queue jobs since; it was left as it is"
    )
    account = workspace.account
    assert account is not None
    assert await account.schedules("tides") == ("0 3 * * *",)


def test_a_journal_from_before_there_were_queues_is_read():
    record = {key: value for key, value in deployment(CONSUMING).record().items() if key != "consumers"}
    assert DeployWorker.from_record(record).consumers == ()


def test_consumers_are_shown_beforehand():
    assert deployment(CONSUMING).preview().splitlines()[-3:] == [
        "POST /queues/jobs/consumers worker tides",
        "  batch_size = 50",
        "  dead_letter_queue = failed",
    ]

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.embedded.invocation import OutgoingMessage
from diagnose.errors import StepError
from diagnose.steps import CreateQueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.embedded import EmbeddedAccount
    from diagnose.engine.workspace import ProjectWorkspace
    from diagnose.model import Step

pytestmark = pytest.mark.anyio

JOBS = CreateQueue(name="jobs")


async def create(workspace: ProjectWorkspace) -> CreateQueue:
    step = await JOBS.prepare(workspace)
    await step.apply(workspace)
    assert await step.verify(workspace) is None
    return step


async def test_a_queue_is_made_once(workspace: ProjectWorkspace, embedded: EmbeddedAccount):
    step = await JOBS.prepare(workspace)
    assert await step.verify(workspace) == "the account lists no queue jobs"
    for _ in range(2):
        await step.apply(workspace)
        assert await step.verify(workspace) is None
    assert [queue.name for queue in embedded.queues.values()] == ["jobs"]
    assert not step.existed


async def test_it_is_gone_again(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, again: Callable[[Step], Step]
):
    step = await create(workspace)
    for _ in range(2):
        assert await again(step).undo(workspace) is None
    assert embedded.queues == {}


async def test_one_that_was_there_before_stays(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, again: Callable[[Step], Step]
):
    embedded.create_queue("jobs")
    step = await create(workspace)
    assert step.existed
    assert await again(step).undo(workspace) is None
    assert embedded.find_queue("jobs") is not None


@pytest.mark.parametrize(("number", "said"), [(1, "1 message"), (1_200, "1,200 messages")])
async def test_messages_are_not_deleted_with_it(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, number: int, said: str
):
    step = await create(workspace)
    queue = embedded.find_queue("jobs")
    assert queue is not None
    embedded.enqueue(queue.id, [OutgoingMessage(content_type="text", body=b"x")] * number)
    assert await step.undo(workspace) == f"the queue jobs holds {said}; it was left as it is"
    assert embedded.backlog(queue.id).messages == number


async def test_a_queue_that_somebody_uses_by_then_stays(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount
):
    step = await create(workspace)
    queue = embedded.find_queue("jobs")
    assert queue is not None
    embedded.attach_consumer(queue.id)
    assert await step.undo(workspace) == (
        "the queue jobs is used by whoever pulls over HTTP; it was left as it is"
    )
    assert embedded.find_queue("jobs") is not None


async def test_undoing_before_anything_happened_changes_nothing(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount
):
    assert await (await JOBS.prepare(workspace)).undo(workspace) is None
    assert embedded.queues == {}


async def test_what_the_account_refuses_is_a_step_error(workspace: ProjectWorkspace):
    with pytest.raises(StepError) as caught:
        await CreateQueue(name="two words").apply(workspace)
    assert caught.value.where == "queue two words"


def test_it_says_beforehand_what_stays():
    assert JOBS.title == "create queue jobs"
    assert JOBS.preview() == "POST /queues jobs"
    assert "stays if it holds messages" in str(JOBS.irreversible)

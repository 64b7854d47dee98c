from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.account import Secret
from diagnose.embedded import Module, Upload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.errors import StepError
from diagnose.steps import PutSecret

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.embedded import EmbeddedAccount
    from diagnose.engine.workspace import ProjectWorkspace
    from diagnose.model import Step

pytestmark = pytest.mark.anyio
SOURCE = b"class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n        pass\n"
STEP = PutSecret(script_name="rates", name="API_KEY", value=Secret("q7Zr2Lw9-canary"))


@pytest.fixture
def worker(embedded: EmbeddedAccount) -> None:
    upload = Upload(
        main_module="entry.py", modules={"entry.py": Module(content=SOURCE, content_type="text/x-python")}
    )
    embedded.put_script(upload_and_deploy(embedded.state, "rates", upload))


@pytest.mark.usefixtures("worker")
async def test_it_is_set_and_taken_back_in_another_process(
    workspace: ProjectWorkspace, embedded: EmbeddedAccount, again: Callable[[Step], Step]
):
    step = await STEP.prepare(workspace)
    assert await step.verify(workspace) == "worker rates has no secret API_KEY"
    for _ in range(2):
        await step.apply(workspace)
        assert await step.verify(workspace) is None
    restored = again(step)
    assert dict(restored.record()) == {"script_name": "rates", "name": "API_KEY", "existed": False}
    for _ in range(2):
        assert await restored.undo(workspace) is None
    assert embedded.scripts["rates"].secrets == ()


@pytest.mark.usefixtures("worker")
async def test_a_value_that_was_there_before_is_not_deleted(workspace: ProjectWorkspace):
    await (await STEP.prepare(workspace)).apply(workspace)
    step = await STEP.prepare(workspace)
    assert step.existed
    assert await step.undo(workspace) == ("secret API_KEY of rates had a value before; it keeps the new one")


@pytest.mark.usefixtures("worker")
async def test_the_value_is_not_known_after_the_journal_was_read(
    workspace: ProjectWorkspace, again: Callable[[Step], Step]
):
    with pytest.raises(StepError, match="the value of API_KEY is not known any more"):
        await again(STEP).apply(workspace)


async def test_a_worker_that_is_not_there_is_named(workspace: ProjectWorkspace):
    with pytest.raises(StepError) as caught:
        await STEP.apply(workspace)
    assert caught.value.where == "rates"
    assert "canary" not in str(caught.value)
    assert await STEP.undo(workspace) is None


def test_it_reads_as_what_it_does_and_shows_no_value():
    assert STEP.title == "set secret API_KEY of worker rates"
    assert STEP.preview() == "PUT /workers/scripts/rates/secrets API_KEY = [hidden]"
    assert "canary" not in repr(STEP) + str(STEP.record())

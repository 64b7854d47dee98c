"""An account whose deployed workers are executed, mostly by a runtime that the test scripts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from diagnose.embedded import ConsumerSettings, EmbeddedAccount, Module, Upload
from diagnose.embedded.clock import VirtualClock
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.embedded.invocation import HttpAnswer, Invocation, OutgoingMessage
from diagnose.embedded.live import Live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diagnose.embedded.invocation import Bindings, Trigger, WorkerCode

ACCOUNT_ID = "0123456789abcdef0123456789abcdef"
UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
NOON = 1_767_268_800_000
"""2026-01-01, 12:00 UTC, in milliseconds."""


def answers(_trigger: Trigger) -> Invocation:
    return Invocation(outcome="ok", answer=HttpAnswer(status=200, body=b"hello"))


@dataclass
class ScriptedRuntime:
    """A runtime whose workers are what `handle` makes of a trigger."""

    handle: Callable[..., object] = answers
    triggers: list[Trigger] = field(default_factory=list)

    async def invoke(self, worker: WorkerCode, trigger: Trigger, bindings: Bindings, *, limits) -> Invocation:
        self.triggers.append(trigger)
        answer = self.handle(trigger)
        return answer if isinstance(answer, Invocation) else await answer(bindings)


@pytest.fixture
def account() -> Iterator[EmbeddedAccount]:
    """Noon of an account that answers at importer.embedded.workers.dev, with the queue `jobs`."""
    with EmbeddedAccount.memory(account_id=ACCOUNT_ID) as made:
        made.clock = VirtualClock(NOON)
        made.create_database("history", uuid=UUID)
        made.create_queue("jobs")
        yield made


@pytest.fixture
def deploy(account: EmbeddedAccount) -> Callable[..., str]:
    """Deploys a worker, and returns the id of its version."""

    def deployed(
        text: str = "async def fetch(): ...\n", *, name: str = "importer", main: str = "entry.py", **more
    ) -> str:
        modules = {main: Module(content=text.encode(), content_type="text/x-python")}
        script = upload_and_deploy(account.state, name, Upload(main_module=main, modules=modules, **more))
        account.put_script(replace(script, subdomain=True))
        return script.versions[-1].id

    return deployed


@pytest.fixture
def consumer(account: EmbeddedAccount, deploy) -> Callable[..., str]:
    """Deploys a consumer of `jobs`; returns the queue's id."""

    def attached(*, main: str = "entry.py", **settings) -> str:
        deploy("class Default:\n    async def queue(self, batch): ...\n", main=main)
        queue = account.find_queue("jobs")
        if queue.consumer is None:
            account.attach_consumer(queue.id, "importer", ConsumerSettings(**settings))
        return queue.id

    return attached


@pytest.fixture
def send(account: EmbeddedAccount) -> Callable[..., tuple[str, ...]]:
    """Puts texts into `jobs`."""

    def sent(*bodies: str) -> tuple[str, ...]:
        messages = [OutgoingMessage(content_type="text", body=body.encode()) for body in bodies]
        return account.enqueue(account.find_queue("jobs").id, messages)

    return sent


@pytest.fixture
def told() -> list[str]:
    """The lines that were reported."""
    return []


@pytest.fixture
def live(account: EmbeddedAccount, told: list[str]) -> Callable[..., Live]:
    def make(handle: Callable[..., object] = answers, **more) -> Live:
        return Live(account, ScriptedRuntime(handle), report=told.append, **more)

    return make

"""Queues whose consumer is a function of the test, called by a runtime of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from diagnose.embedded import ConsumerSettings, EmbeddedAccount, drain, nothing_recorded
from diagnose.embedded.clock import VirtualClock
from diagnose.embedded.invocation import Invocation, OutgoingMessage, WorkerException

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diagnose.embedded import Drained
    from diagnose.embedded.invocation import Bindings, QueueAnswer, Trigger, WorkerCode

CONSUMER = "class Default:\n    async def queue(self, batch): ...\n"


def text(*bodies: str, delay: float | None = None) -> list[OutgoingMessage]:
    return [OutgoingMessage(content_type="text", body=b.encode(), delay_seconds=delay) for b in bodies]


def raised(message: str = "boom", answer: QueueAnswer | None = None) -> Invocation:
    error = WorkerException(name="Error", message=message, traceback="")
    return Invocation(outcome="exception", exception=error, queue_answer=answer)


def returned(answer: QueueAnswer | None = None) -> Invocation:
    return Invocation(outcome="ok", queue_answer=answer)


def returns(_trigger: Trigger) -> Invocation:
    return returned()


def raises(_trigger: Trigger) -> Invocation:
    return raised()


@dataclass
class ScriptedRuntime:
    """A runtime whose workers are what `handle` makes of a trigger."""

    handle: Callable[[Trigger], Invocation]
    triggers: list[Trigger] = field(default_factory=list)

    async def invoke(self, worker: WorkerCode, trigger: Trigger, bindings: Bindings, *, limits) -> Invocation:
        self.triggers.append(trigger)
        answer = self.handle(trigger)
        return answer if isinstance(answer, Invocation) else await answer(bindings)


@dataclass
class Pipeline:
    """An account with the queue `jobs`, its dead-letter queue `failed`, and a consumer of `jobs`."""

    account: EmbeddedAccount
    runtime: ScriptedRuntime | None = None

    @property
    def jobs(self) -> str:
        return self.account.find_queue("jobs").id

    @property
    def failed(self) -> str:
        return self.account.find_queue("failed").id

    def attach(self, **settings) -> None:
        self.account.attach_consumer(self.jobs, "importer", ConsumerSettings(**settings))

    def send(self, *bodies: str, delay: float | None = None) -> tuple[str, ...]:
        return self.account.enqueue(self.jobs, text(*bodies, delay=delay))

    def waiting(self, queue_id: str) -> list[str]:
        return [message.body.decode() for message in self.account.peek(queue_id, 1000)]

    async def drain(self, handle: Callable[[Trigger], Invocation], **more) -> Drained:
        self.runtime = ScriptedRuntime(handle)
        return await drain(self.account, runtime=self.runtime, responses=nothing_recorded, **more)

    @property
    def told(self) -> list[str]:
        """What was delivered, a batch in a line: body#attempt."""
        return [
            " ".join(f"{one.body.decode()}{one.attempts}" for one in trigger.messages)
            for trigger in self.runtime.triggers
        ]


@pytest.fixture
def pipeline(deploy_worker) -> Iterator[Pipeline]:
    with EmbeddedAccount.memory() as account:
        account.clock = VirtualClock(1_000_000)
        account.create_queue("jobs")
        account.create_queue("failed")
        deploy_worker(account, text=CONSUMER)
        yield Pipeline(account)

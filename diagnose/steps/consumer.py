"""A worker that consumes a queue."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from diagnose.account import AccountKind, ApiError, ConsumerSpec
from diagnose.errors import AccountError, StepError
from diagnose.model import Effect, Step
from diagnose.steps.database import account_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.account import Account, QueueInfo
    from diagnose.model import Json
    from diagnose.model.plan import Workspace
    from diagnose.project.bindings import QueueConsumer

_HANDLER_MISSING: Final = 11001
_PAUSES: Final = (1.0, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachConsumer(Step):
    """Let a worker consume a queue, or change how it does; another consumer is never replaced.

    Attributes:
        queue: its name.
        spec: what shall consume it.
        previous: the same worker's settings before, or None; known after `prepare`.
    """

    kind: ClassVar[str] = "attach-consumer"
    effect: ClassVar[Effect] = Effect.ACCOUNT

    queue: str
    spec: ConsumerSpec
    previous: ConsumerSpec | None = field(default=None)

    @classmethod
    def of(cls, consumer: QueueConsumer, script: str) -> Self:
        """What a deploy does about one entry of `queues.consumers`."""
        given: dict[str, Json] = {
            "batch_size": consumer.max_batch_size,
            "max_retries": consumer.max_retries,
            "max_wait_time_ms": _milliseconds(consumer.max_batch_timeout),
            "retry_delay": consumer.retry_delay,
            "max_concurrency": consumer.max_concurrency,
            "visibility_timeout_ms": consumer.visibility_timeout_ms,
        }
        spec = ConsumerSpec(
            script=None if consumer.type == "http_pull" else script,
            settings={key: value for key, value in given.items() if value is not None},
            dead_letter_queue=consumer.dead_letter_queue,
        )
        return cls(queue=consumer.queue or "", spec=spec)

    @property
    def title(self) -> str:
        return f"attach {_consumer(self.spec)} to queue {self.queue}"

    @property
    def irreversible(self) -> str | None:
        return "messages that the consumer is given until then do not come back"

    def preview(self) -> str:
        settings = [f"  {key} = {value}" for key, value in self.spec.settings.items()]
        target = self.spec.dead_letter_queue
        settings += [] if target is None else [f"  dead_letter_queue = {target}"]
        return "\n".join([f"POST /queues/{self.queue}/consumers {_consumer(self.spec)}", *settings])

    async def prepare(self, workspace: Workspace) -> AttachConsumer:
        queue = await account_of(workspace).queue(self.queue)
        current = None if queue is None else queue.consumer_of(self.spec.script)
        return replace(self, previous=None if current is None else current.spec)

    async def require_queue(self, workspace: Workspace) -> QueueInfo:
        """The queue. Raises StepError when the account has none, as wrangler does before it uploads."""
        queue = await account_of(workspace).queue(self.queue)
        if queue is None:
            raise StepError(
                f"the account has no queue {self.queue!r}",
                why=f"{_consumer(self.spec)} shall consume it",
                hint=f"create it: wrangler queues create {self.queue}",
            )
        return queue

    async def apply(self, workspace: Workspace) -> None:
        try:
            queue = await self.require_queue(workspace)
            await _bring_about(account_of(workspace), queue, self.spec)
        except AccountError as error:
            raise StepError(error.message, where=f"queue {self.queue}", hint=error.hint) from error

    async def verify(self, workspace: Workspace) -> str | None:
        account = account_of(workspace)
        account.forget()
        queue = await account.queue(self.queue)
        current = None if queue is None else queue.consumer_of(self.spec.script)
        if current is None:
            return f"{_consumer(self.spec)} does not consume the queue {self.queue}"
        if not self.spec.is_met_by(current.spec):
            return f"{_consumer(self.spec)} consumes the queue {self.queue} with other settings"
        return None

    async def undo(self, workspace: Workspace) -> str | None:
        account = account_of(workspace)
        account.forget()
        try:
            queue = await account.queue(self.queue)
            current = None if queue is None else queue.consumer_of(self.spec.script)
            if queue is None or (current is None and self.previous is None):
                return None
            if self.previous is not None:
                return await self._restore(account, queue, self.previous)
            if current is not None:
                await account.detach_consumer(queue.id, current.id)
        except AccountError as error:
            raise StepError(error.message, where=f"queue {self.queue}", hint=error.hint) from error
        return None

    async def _restore(self, account: Account, queue: QueueInfo, previous: ConsumerSpec) -> str | None:
        if queue.consumers and queue.consumer_of(previous.script) is None:
            return f"something else consumes the queue {self.queue} since; it was left as it is"
        await _bring_about(account, queue, previous)
        return None

    def record(self) -> Mapping[str, Json]:
        return {
            "queue": self.queue,
            "spec": _record(self.spec),
            "previous": None if self.previous is None else _record(self.previous),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        previous = record["previous"]
        return cls(
            queue=str(record["queue"]),
            spec=_spec(record["spec"]),
            previous=None if previous is None else _spec(previous),
        )


async def _bring_about(account: Account, queue: QueueInfo, spec: ConsumerSpec) -> None:
    """Make a queue's consumer what it shall be. Raises ApiError 11004 when something else consumes it."""
    current = queue.consumer_of(spec.script)
    if current is None:
        await _attach(account, queue, spec)
    elif current.spec != spec:
        await account.change_consumer(queue.id, current.id, spec)


async def _attach(account: Account, queue: QueueInfo, spec: ConsumerSpec) -> None:
    """Attach a consumer, with patience for a worker whose upload has not arrived everywhere.

    Right after an upload the API may miss the handler: https://github.com/cloudflare/workers-sdk/issues/5347.
    """
    for seconds in _PAUSES if account.kind is AccountKind.REAL else ():
        try:
            await account.attach_consumer(queue.id, spec)
        except ApiError as error:
            if error.code != _HANDLER_MISSING:
                raise
            await account.pause(seconds)
        else:
            return
    await account.attach_consumer(queue.id, spec)


def _consumer(spec: ConsumerSpec) -> str:
    return "a consumer that pulls" if spec.script is None else f"worker {spec.script}"


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)


def _record(spec: ConsumerSpec) -> dict[str, Json]:
    return {
        "script": spec.script,
        "settings": dict(spec.settings),
        "dead_letter_queue": spec.dead_letter_queue,
    }


def _spec(record: Mapping[str, Any]) -> ConsumerSpec:
    target, script = record["dead_letter_queue"], record["script"]
    return ConsumerSpec(
        script=None if script is None else str(script),
        settings=dict(record["settings"]),
        dead_letter_queue=None if target is None else str(target),
    )

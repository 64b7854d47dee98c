"""A new queue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from diagnose.errors import AccountError, StepError
from diagnose.model import Effect, Step
from diagnose.steps.database import account_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model import Json
    from diagnose.model.plan import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateQueue(Step):
    """Make a queue that the account does not have.

    Attributes:
        existed: it was there before, so it is not this step's to delete; known after `prepare`.
    """

    kind: ClassVar[str] = "create-queue"
    effect: ClassVar[Effect] = Effect.ACCOUNT

    name: str
    existed: bool = False

    @property
    def title(self) -> str:
        return f"create queue {self.name}"

    @property
    def irreversible(self) -> str | None:
        return "when the run is undone, the queue stays if it holds messages or a worker uses it by then"

    def preview(self) -> str:
        return f"POST /queues {self.name}"

    async def prepare(self, workspace: Workspace) -> CreateQueue:
        account = account_of(workspace)
        return replace(self, existed=await account.queue(self.name) is not None)

    async def apply(self, workspace: Workspace) -> None:
        account = account_of(workspace)
        try:
            if await account.queue(self.name) is None:
                await account.create_queue(self.name)
        except AccountError as error:
            raise StepError(error.message, where=f"queue {self.name}", hint=error.hint) from error

    async def verify(self, workspace: Workspace) -> str | None:
        account = account_of(workspace)
        account.forget()
        queue = await account.queue(self.name)
        return f"the account lists no queue {self.name}" if queue is None else None

    async def undo(self, workspace: Workspace) -> str | None:
        account = account_of(workspace)
        account.forget()
        try:
            queue = None if self.existed else await account.queue(self.name)
            if queue is None:
                return None
            backlog = await account.backlog(queue.id)
            if backlog.messages:
                return f"the queue {self.name} holds {_messages(backlog.messages)}; it was left as it is"
            if queue.consumers or queue.producers:
                users = [one.spec.script or "whoever pulls over HTTP" for one in queue.consumers]
                names = ", ".join(dict.fromkeys([*queue.producers, *users]))
                return f"the queue {self.name} is used by {names}; it was left as it is"
            await account.delete_queue(queue.id)
        except AccountError as error:
            raise StepError(error.message, where=f"queue {self.name}", hint=error.hint) from error
        return None

    def record(self) -> Mapping[str, Json]:
        return {"name": self.name, "existed": self.existed}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        return cls(name=str(record["name"]), existed=bool(record["existed"]))


def _messages(number: int) -> str:
    return f"{number:,} message" if number == 1 else f"{number:,} messages"

"""A secret of a worker."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from diagnose.errors import AccountError, StepError
from diagnose.model import Effect, Step
from diagnose.steps.database import account_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.account import Secret
    from diagnose.model import Json
    from diagnose.model.plan import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class PutSecret(Step):
    """Give a worker a secret that it lacks. The value is in no record, preview or error.

    Attributes:
        value: None after a journal was read back, since undoing does not need it.
        existed: the worker had a secret of that name, whose value nobody can read; known after `prepare`.
    """

    kind: ClassVar[str] = "put-secret"
    effect: ClassVar[Effect] = Effect.ACCOUNT

    script_name: str
    name: str
    value: Secret | None = field(default=None, repr=False, compare=False)
    existed: bool = False

    @property
    def title(self) -> str:
        return f"set secret {self.name} of worker {self.script_name}"

    @property
    def irreversible(self) -> str | None:
        return "a value that the secret had before cannot be read, and so not be restored"

    def preview(self) -> str:
        return f"PUT /workers/scripts/{self.script_name}/secrets {self.name} = [hidden]"

    async def prepare(self, workspace: Workspace) -> PutSecret:
        return replace(self, existed=self.name in await self._names(workspace))

    async def apply(self, workspace: Workspace) -> None:
        if self.value is None:
            raise StepError(
                f"the value of {self.name} is not known any more", hint="run `diagnose fix` again"
            )
        try:
            await account_of(workspace).put_secret(self.script_name, self.name, self.value)
        except AccountError as error:
            raise StepError(
                self.value.scrub(error.message), where=self.script_name, hint=error.hint
            ) from None

    async def verify(self, workspace: Workspace) -> str | None:
        account_of(workspace).forget()
        there = self.name in await self._names(workspace)
        return None if there else f"worker {self.script_name} has no secret {self.name}"

    async def undo(self, workspace: Workspace) -> str | None:
        account = account_of(workspace)
        account.forget()
        if self.name not in await self._names(workspace):
            return None
        if self.existed:
            return f"secret {self.name} of {self.script_name} had a value before; it keeps the new one"
        try:
            await account.delete_secret(self.script_name, self.name)
        except AccountError as error:
            raise StepError(error.message, where=self.script_name, hint=error.hint) from error
        return None

    async def _names(self, workspace: Workspace) -> tuple[str, ...]:
        try:
            return await account_of(workspace).secrets(self.script_name) or ()
        except AccountError as error:
            raise StepError(error.message, where=self.script_name, hint=error.hint) from error

    def record(self) -> Mapping[str, Json]:
        return {"script_name": self.script_name, "name": self.name, "existed": self.existed}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        return cls(
            script_name=str(record["script_name"]),
            name=str(record["name"]),
            existed=bool(record["existed"]),
        )

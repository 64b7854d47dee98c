"""A deployment of the project's worker."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from diagnose.errors import AccountError, StepError
from diagnose.model import Effect, Step
from diagnose.steps.consumer import AttachConsumer
from diagnose.steps.database import account_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.account import Account
    from diagnose.model import Json
    from diagnose.model.plan import Workspace
    from diagnose.project.upload import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployWorker(Step):
    """Upload the worker with its bindings and let it be reached: the version, crons, workers.dev, consumers.

    Attributes:
        upload: what is uploaded; None after a journal was read back, since undoing does not need it.
        previous_versions: version ids of the deployment that was active before, with their percentages.
        previous_crons: the schedule before; None when the worker did not exist.
        previous_workers_dev: whether it answered there before; None when it did not exist.
        consumers: of queues, with what they were before; known after `prepare`.
    """

    kind: ClassVar[str] = "deploy-worker"
    effect: ClassVar[Effect] = Effect.ACCOUNT

    script_name: str
    upload: Upload | None = None
    previous_versions: tuple[tuple[str, float], ...] = ()
    previous_crons: tuple[str, ...] | None = None
    previous_workers_dev: bool | None = None
    existed: bool = field(default=False)
    consumers: tuple[AttachConsumer, ...] = ()

    @property
    def title(self) -> str:
        return f"deploy worker {self.script_name}"

    @property
    def irreversible(self) -> str | None:
        return "whatever the deployed worker does until then (rows that a live trigger writes) stays"

    def preview(self) -> str:
        if self.upload is None:
            return f"PUT /workers/scripts/{self.script_name}"
        lines = [f"PUT /workers/scripts/{self.script_name}"]
        lines += [f"  module {name} ({len(content)} bytes)" for name, content in self.upload.modules.items()]
        lines += [f"  binding {b['name']} → {b['type']}" for b in self.upload.bindings]
        if self.upload.crons:
            lines.append(f"PUT /workers/scripts/{self.script_name}/schedules {', '.join(self.upload.crons)}")
        if self.upload.workers_dev is not None:
            state = "on" if self.upload.workers_dev else "off"
            lines.append(f"POST /workers/scripts/{self.script_name}/subdomain workers.dev {state}")
        lines += [consumer.preview() for consumer in self._wanted()]
        return "\n".join(lines)

    async def prepare(self, workspace: Workspace) -> DeployWorker:
        account = account_of(workspace)
        deployments = await account.deployments(self.script_name)
        consumers = tuple([await consumer.prepare(workspace) for consumer in self._wanted()])
        if deployments is None:
            return replace(
                self,
                existed=False,
                previous_versions=(),
                previous_crons=None,
                previous_workers_dev=None,
                consumers=consumers,
            )
        before = await account.subdomain(self.script_name)
        return replace(
            self,
            existed=True,
            previous_versions=tuple(deployments[0].versions) if deployments else (),
            previous_crons=await account.schedules(self.script_name),
            previous_workers_dev=before is not None and before.enabled,
            consumers=consumers,
        )

    async def apply(self, workspace: Workspace) -> None:
        if self.upload is None:
            raise StepError("the worker to deploy is not known any more", hint="run `diagnose fix` again")
        account, consumers = account_of(workspace), self._wanted()
        for consumer in consumers:
            await consumer.require_queue(workspace)
        try:
            await account.upload(self.upload, keeps_variables=self.upload.keeps_variables)
            if self.upload.crons is not None:
                await account.put_schedules(self.script_name, self.upload.crons)
            await self._set_workers_dev(account, self.upload.workers_dev)
        except AccountError as error:
            raise StepError(error.message, where=self.script_name, hint=error.hint) from error
        for consumer in consumers:
            await consumer.apply(workspace)

    async def verify(self, workspace: Workspace) -> str | None:
        account = account_of(workspace)
        account.forget()
        content = await account.content(self.script_name)
        if content is None:
            return f"the account lists no worker {self.script_name}"
        if self.upload is not None and dict(content) != dict(self.upload.modules):
            return f"the deployed modules of {self.script_name} are not the project's"
        problems = [await consumer.verify(workspace) for consumer in self._wanted()]
        return next((problem for problem in problems if problem is not None), None)

    async def undo(self, workspace: Workspace) -> str | None:
        left = [await consumer.undo(workspace) for consumer in self.consumers]
        await self._undo_deployment(workspace)
        return "; ".join(text for text in left if text is not None) or None

    async def _undo_deployment(self, workspace: Workspace) -> None:
        account = account_of(workspace)
        account.forget()
        try:
            deployments = await account.deployments(self.script_name)
            if deployments is None:
                return
            if not self.existed:
                await account.delete_script(self.script_name)
                return
            if self.previous_versions and deployments[0].versions != self.previous_versions:
                await account.deploy_versions(self.script_name, self.previous_versions)
            if await account.schedules(self.script_name) != self.previous_crons:
                await account.put_schedules(self.script_name, self.previous_crons or ())
            await self._set_workers_dev(account, self.previous_workers_dev)
        except AccountError as error:
            raise StepError(error.message, where=self.script_name, hint=error.hint) from error

    async def _set_workers_dev(self, account: Account, wanted: bool | None) -> None:  # noqa: FBT001 - a state
        """Let the worker answer at workers.dev or not, if that is another state than now.

        An account that has no name there yet gets none: a person chooses it once.
        """
        if wanted is None:
            return
        now = await account.subdomain(self.script_name)
        if now is not None and now.enabled == wanted:
            return
        if not wanted or await account.account_subdomain() is not None:
            await account.set_subdomain(self.script_name, enabled=wanted)

    def _wanted(self) -> tuple[AttachConsumer, ...]:
        """The consumers that the config names; after a journal was read back, those that were recorded."""
        if self.upload is None:
            return self.consumers
        return tuple(AttachConsumer.of(consumer, self.script_name) for consumer in self.upload.consumers)

    def record(self) -> Mapping[str, Json]:
        return {
            "script_name": self.script_name,
            "existed": self.existed,
            "previous_versions": [list(version) for version in self.previous_versions],
            "previous_crons": None if self.previous_crons is None else list(self.previous_crons),
            "previous_workers_dev": self.previous_workers_dev,
            "consumers": [dict(consumer.record()) for consumer in self.consumers],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        crons = record["previous_crons"]
        return cls(
            script_name=str(record["script_name"]),
            existed=bool(record["existed"]),
            previous_versions=tuple((str(v), float(p)) for v, p in record["previous_versions"]),
            previous_crons=None if crons is None else tuple(map(str, crons)),
            previous_workers_dev=record.get("previous_workers_dev"),
            # Journals from before there were queues name none.
            consumers=tuple(map(AttachConsumer.from_record, record.get("consumers", ()))),
        )

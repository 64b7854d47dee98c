"""Performs a rehearsal: deploy, empty what is watched, trigger, and look."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from diagnose.embedded.invocation import OutgoingMessage
from diagnose.embedded.queues import drain
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.runtime import InlineRuntime
from diagnose.errors import DiagnoseError, ProjectError, SandboxError, SourceError
from diagnose.rehearsal.acting import answers, performed
from diagnose.rehearsal.answering import recorded_responses
from diagnose.rehearsal.assuming import assumed_secrets
from diagnose.rehearsal.comparing import differences, equal_rows, fetched_rows
from diagnose.rehearsal.consuming import find_consumers, unknown_tables
from diagnose.rehearsal.model import CLIENT_ERROR, Rehearsal
from diagnose.rehearsal.outcomes import Sent, queue_outcomes, sent_by
from diagnose.rehearsal.reporting import reported
from diagnose.rehearsal.staging import stage
from diagnose.rehearsal.triggering import choose_trigger
from diagnose.rehearsal.watching import observe, read_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from diagnose.embedded import EmbeddedAccount
    from diagnose.embedded.invocation import Invocation, Runtime, Trigger
    from diagnose.embedded.queues import Drained
    from diagnose.embedded.responses import Responses
    from diagnose.importing import Rows
    from diagnose.project import Project, Settings
    from diagnose.rehearsal.model import Act, WatchedTable
    from diagnose.rehearsal.staging import Stage
    from diagnose.rehearsal.watching import Watch

MOST_BATCHES: Final = 100
MOST_SECONDS: Final = 25.0
"""No batch begins later. With the trigger before it and the last batch, a check's 60 seconds suffice."""


async def rehearse(
    project: Project,
    embedded: Callable[[], EmbeddedAccount] | None,
    *,
    plan: Literal["free", "paid"],
    derived: bool = False,
    allow_worker_code: bool = False,
    runtime: Runtime | None = None,
    responses: Responses | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Rehearsal:
    """Trigger the worker once, deliver what it sends to queues, and report what happened.

    Reasons why it cannot be done are results.

    Args:
        project: whose worker is deployed and triggered.
        embedded: makes the account, a throw-away copy: its watched tables are emptied first, and it ends
            with this call.
        plan: whose limits per invocation apply.
        derived: the account holds only what the project's migrations make.
        allow_worker_code: execute worker code even where no sandbox is to be had.
        runtime: executes the workers; by default the inline one.
        responses: answers what they fetch; by default what the settings have recorded.
        secrets: values by name; others that the worker reads are made up.

    Raises:
        ProjectError: a migration cannot be read.
    """
    source = project.source
    if embedded is None:
        return Rehearsal(refused="--offline never executes project code")
    if source is None or source.language != "python":
        return Rehearsal(refused=_why_not_executed(project))
    choice = choose_trigger(project, source)
    consumers = find_consumers(project)
    unknown = unknown_tables(project, consumers.projects) if derived else None
    if choice.trigger is None or unknown is not None:
        return Rehearsal(refused=choice.refused or unknown)
    try:
        account = embedded()
    except (RefusalError, DiagnoseError) as error:
        return Rehearsal(refused=f"no account could be derived from the project: {error}")
    account.plan = plan
    account.hold_to(project.settings.limits.d1)
    known = assumed_secrets(project, os.environ) | dict(secrets or {})
    with account:
        try:
            staged = stage(project, source, account, consumers=consumers, derived=derived, secrets=known)
        except (RefusalError, SourceError) as error:
            return Rehearsal(trigger=choice.trigger, guessed=choice.guessed, deploy_error=error.message)
        chosen = runtime or InlineRuntime(allow_unsandboxed=allow_worker_code)
        return await _Performance(
            stage=staged,
            settings=project.settings,
            trigger=choice.trigger,
            guessed=choice.guessed,
            runtime=chosen,
            responses=responses or recorded_responses(project.settings),
        ).run()


def _may_miss_a_secret(invocation: Invocation) -> bool:
    """It failed before D1 refused anything: perhaps for a value that was made up."""
    answer = invocation.answer
    failed = invocation.outcome != "ok" or (answer is not None and answer.status >= CLIENT_ERROR)
    return failed and not any(statement.error for statement in invocation.statements)


def _unknown_values(names: Sequence[str]) -> str:
    read = ", ".join(f"env.{name}" for name in names)
    return (
        f"the worker failed with made-up values of {read}: secrets are known to the account only."
        " Where the trigger sends one along, name it in headers_env of [trigger]"
    )


def _why_not_executed(project: Project) -> str:
    if project.source is None:
        return str(project.source_error or "the config names no worker source")
    return f"{project.source.main} is not Python; other languages cannot be executed here yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Performance:
    stage: Stage
    settings: Settings
    trigger: Trigger
    guessed: bool
    runtime: Runtime
    responses: Responses

    async def run(self) -> Rehearsal:
        try:
            invocation = await self._trigger()
            proves_nothing = invocation and self._why_nothing(self.stage.script, invocation)
            if proves_nothing:
                return self._refused(proves_nothing, invocation)
            drained = await drain(
                self.stage.account,
                runtime=self.runtime,
                responses=self.responses,
                base=self.stage.base,
                secret_values=self.stage.secrets,
                most=MOST_BATCHES,
                most_seconds=MOST_SECONDS,
            )
        except SandboxError as error:
            return Rehearsal(refused=f"{error.message} (--allow-worker-code executes it without a sandbox)")
        except ProjectError as error:
            return self._refused(str(error))
        for delivery in drained.deliveries:
            proves_nothing = self._why_nothing(delivery.script, delivery.invocation)
            if proves_nothing is not None:
                why = f"{delivery.script}, the consumer of {delivery.queue}: {proves_nothing}"
                return self._refused(why, invocation)
        acts = performed(self.stage, invocation, drained.deliveries)
        if not acts:
            return self._refused(f"no worker was given the message from {self.trigger.queue}")
        return self._result(acts, drained)

    def _why_nothing(self, script: str, invocation: Invocation) -> str | None:
        """Why an invocation tells nothing about the worker."""
        if invocation.outcome == "refused":
            return _why_refused(invocation)
        made_up = self.stage.made_up(script)
        return _unknown_values(made_up) if made_up and _may_miss_a_secret(invocation) else None

    async def _trigger(self) -> Invocation | None:
        """Deliver the event; None for a message, which is put into its queue instead."""
        if self.trigger.kind != "queue":
            return await self.stage.account.invoke(
                self.stage.script,
                self.trigger,
                responses=self.responses,
                runtime=self.runtime,
                base=self.stage.base(self.stage.script),
                secret_values=self.stage.secrets,
            )
        queue = self.stage.account.find_queue(self.trigger.queue or "")
        if queue is None:
            raise ProjectError(
                f"there is no queue {self.trigger.queue}", where="[trigger]", hint="name one of the config"
            )
        outgoing = [
            OutgoingMessage(content_type=message.content_type, body=message.body)
            for message in self.trigger.messages
        ]
        self.stage.account.enqueue(queue.id, outgoing)
        return None

    def _refused(self, why: str, invocation: Invocation | None = None) -> Rehearsal:
        return Rehearsal(refused=why, trigger=self.trigger, invocation=invocation)

    def _result(self, acts: tuple[Act, ...], drained: Drained) -> Rehearsal:
        tables = tuple(self._observed(watch, acts) for watch in self.stage.watches)
        mapping = self.settings.rows
        fetched = fetched_rows(answers(acts), mapping) if mapping else None
        landed = None if fetched is None else self._landed(fetched, tables)
        return Rehearsal(
            trigger=self.trigger,
            guessed=self.guessed,
            invocation=acts[0].invocation,
            acts=acts,
            queues=queue_outcomes(
                self.stage.account,
                self._sent(acts),
                drained.deliveries,
                self.stage.unexecuted,
                cut=drained.cut,
            ),
            cut=drained.cut,
            tables=tables,
            fetched=fetched,
            fetched_equal=None if fetched is None else equal_rows(fetched, landed) if landed else 0,
            fetched_examples=differences(fetched, landed) if fetched and landed else (),
            reported=_reported(self.settings, acts[0].invocation),
        )

    def _sent(self, acts: tuple[Act, ...]) -> list[Sent]:
        """Every message that was put into a queue, the trigger's own included."""
        own = [Sent(str(self.trigger.queue), len(message.body)) for message in self.trigger.messages]
        return own + [one for act in acts for one in sent_by(act.invocation, self.stage.queues(act.script))]

    def _observed(self, watch: Watch, acts: tuple[Act, ...]) -> WatchedTable:
        statements = [
            replace(statement, binding=watch.binding)
            for act in acts
            for statement in act.statements_on(watch.database_id)
        ]
        return observe(watch, self.stage.account.database(watch.database_id), statements)

    def _landed(self, fetched: Rows, tables: tuple[WatchedTable, ...]) -> Rows | None:
        """The rows of the watched table in the columns of what was fetched."""
        if not tables or not tables[0].exists:
            return None
        database = self.stage.account.database(tables[0].database_id)
        return read_columns(database, tables[0].table, fetched.columns)


def _reported(settings: Settings, invocation: Invocation) -> int | None:
    return None if invocation.answer is None else reported(settings, invocation.answer.body)


def _why_refused(invocation: Invocation) -> str:
    if invocation.missing_answers:
        url = invocation.missing_answers[0]
        return f"no recorded answer for {url}: add it to [[responses]] of diagnose.toml (`diagnose init`)"
    return invocation.refused or "the runtime cannot imitate what the worker asks for"

"""Performs a rehearsal: deploy, empty what is watched, trigger, and look."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.runtime import InlineRuntime
from diagnose.errors import DiagnoseError, ProjectError, SandboxError, SourceError
from diagnose.rehearsal.answering import recorded_responses
from diagnose.rehearsal.comparing import at_path, differences, equal_rows, fetched_rows
from diagnose.rehearsal.deploying import deploy_project
from diagnose.rehearsal.model import Rehearsal
from diagnose.rehearsal.triggering import choose_trigger
from diagnose.rehearsal.watching import choose_watches, empty_table, observe, read_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.embedded import EmbeddedAccount
    from diagnose.embedded.invocation import Invocation, Trigger
    from diagnose.importing import Rows
    from diagnose.project import Project, Settings
    from diagnose.project.source import Source
    from diagnose.rehearsal.model import WatchedTable
    from diagnose.rehearsal.watching import Watch


async def rehearse(
    project: Project,
    embedded: Callable[[], EmbeddedAccount] | None,
    *,
    plan: Literal["free", "paid"],
    derived: bool = False,
    allow_worker_code: bool = False,
) -> Rehearsal:
    """Trigger the worker once and report what happened; reasons why it cannot be done are results.

    Args:
        project: whose worker is deployed and triggered.
        embedded: makes the account, a throw-away copy: its watched tables are emptied first, and it ends
            with this call.
        plan: whose limits per invocation apply.
        derived: the account holds only what the project's migrations make.
        allow_worker_code: execute worker code even where no sandbox is to be had.

    Raises:
        ProjectError: a migration cannot be read.
    """
    source = project.source
    if embedded is None:
        return Rehearsal(refused="--offline never executes project code")
    if source is None:
        return Rehearsal(refused=str(project.source_error or "the config names no worker source"))
    if source.language != "python":
        return Rehearsal(refused=f"{source.main} is not Python; other languages cannot be executed here yet")
    choice = choose_trigger(project, source)
    unknown = _unknown_tables(project, source) if derived else None
    if choice.trigger is None or unknown is not None:
        return Rehearsal(refused=choice.refused or unknown)
    try:
        account = embedded()
    except (RefusalError, DiagnoseError) as error:
        return Rehearsal(refused=f"no account could be derived from the project: {error}")
    account.plan = plan
    with account:
        performance = _Performance(project, source, account, choice.trigger, choice.guessed)
        return await performance.run(InlineRuntime(allow_unsandboxed=allow_worker_code))


def _unknown_tables(project: Project, source: Source) -> str | None:
    """Why a derived account would lack tables through no fault of the worker."""
    sites = [site for site in source.sites if site.reachable]
    creating = {site.binding for site in sites if site.verb == "CREATE"}
    used = {site.binding for site in sites} - creating
    for binding in project.config.d1 if project.config else ():
        if binding.binding in used and not project.migrations(binding):
            return (
                f"the tables of {binding.binding} are not known: no account was read and there are"
                " no migrations (`diagnose init` lists what is missing)"
            )
    return None


@dataclass(frozen=True, slots=True)
class _Performance:
    project: Project
    source: Source
    account: EmbeddedAccount
    trigger: Trigger
    guessed: bool

    async def run(self, runtime: InlineRuntime) -> Rehearsal:
        try:
            name, databases = deploy_project(self.project, self.account)
        except (RefusalError, SourceError) as error:
            return Rehearsal(trigger=self.trigger, guessed=self.guessed, deploy_error=error.message)
        watches = choose_watches(self.project, self.source, databases)
        for watch in watches:
            empty_table(self.account.database(watch.database_id), watch.table)
        try:
            invocation = await self.account.invoke(
                name,
                self.trigger,
                responses=recorded_responses(self.project.settings),
                runtime=runtime,
                base=self.source.main.rpartition("/")[0],
            )
        except SandboxError as error:
            return Rehearsal(refused=f"{error.message} (--allow-worker-code executes it without a sandbox)")
        except ProjectError as error:
            return Rehearsal(refused=str(error), trigger=self.trigger)
        if invocation.outcome == "refused":
            return Rehearsal(refused=_why_refused(invocation), trigger=self.trigger, invocation=invocation)
        return self._result(invocation, watches)

    def _result(self, invocation: Invocation, watches: tuple[Watch, ...]) -> Rehearsal:
        tables = tuple(
            observe(watch, self.account.database(watch.database_id), invocation.statements)
            for watch in watches
        )
        mapping = self.project.settings.rows
        fetched = fetched_rows(invocation.fetches, mapping) if mapping else None
        landed = None if fetched is None else self._landed(fetched, tables)
        return Rehearsal(
            trigger=self.trigger,
            guessed=self.guessed,
            invocation=invocation,
            tables=tables,
            fetched=fetched,
            fetched_equal=None if fetched is None else equal_rows(fetched, landed) if landed else 0,
            fetched_examples=differences(fetched, landed) if fetched and landed else (),
            reported=_reported(self.project.settings, invocation),
        )

    def _landed(self, fetched: Rows, tables: tuple[WatchedTable, ...]) -> Rows | None:
        """The rows of the watched table in the columns of what was fetched."""
        if not tables or not tables[0].exists:
            return None
        database = self.account.database(tables[0].database_id)
        return read_columns(database, tables[0].table, fetched.columns)


def _reported(settings: Settings, invocation: Invocation) -> int | None:
    path = settings.trigger.reported if settings.trigger else None
    if path is None or invocation.answer is None:
        return None
    try:
        value = at_path(json.loads(invocation.answer.body), path)
    except ValueError:
        return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _why_refused(invocation: Invocation) -> str:
    if invocation.missing_answers:
        url = invocation.missing_answers[0]
        return f"no recorded answer for {url}: add it to [[responses]] of diagnose.toml (`diagnose init`)"
    return invocation.refused or "the runtime cannot imitate what the worker asks for"

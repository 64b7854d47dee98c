"""What checks and fixes look through: the project, the account, and facts shared by several checks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from diagnose.plugin.check import Need
from diagnose.plugin.worker import NamedWorker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from diagnose.account import Account, Secret
    from diagnose.d1.schema import Schema
    from diagnose.embedded import EmbeddedAccount
    from diagnose.plugin.outcomes import Outcomes
    from diagnose.project import D1Binding, Project, WorkerConfig
    from diagnose.project.source import Source
    from diagnose.rehearsal import Rehearsal
    from diagnose.rehearsal.live import LivePlan, LiveRefusal

Fact = TypeVar("Fact")


class Target(StrEnum):
    """Where a run looks."""

    EMBEDDED = "embedded"
    CLOUDFLARE = "cloudflare"
    OFFLINE = "offline"


@dataclass(kw_only=True)
class Context:
    """The state of the world during one run.

    Attributes:
        project: what is on disk.
        target: where the run looks.
        account: the account that exists independently of the project, or None.
        embedded: makes the throw-away embedded account that a rehearsal happens in, or None
            (`--offline`).
        plan: whose limits per invocation apply.
        options: answers given with `--option NAME=VALUE`.
        allow_worker_code: execute worker code even where no sandbox is to be had.
        live: what to trigger for real instead of a rehearsal, or why that cannot be; None to rehearse.
        secrets: values that no finding shows.
        hidden: secrets that the user typed as answers, by the option of the choice.
        outcomes: what the other checks of the run find; the engine fills it in.
    """

    project: Project
    target: Target
    account: Account | None = None
    embedded: Callable[[], EmbeddedAccount] | None = None
    plan: Literal["free", "paid"] = "paid"
    options: Mapping[str, str] = field(default_factory=dict)
    allow_worker_code: bool = False
    live: LivePlan | LiveRefusal | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    hidden: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    outcomes: Outcomes | None = None
    _facts: dict[str, asyncio.Task[Any]] = field(default_factory=dict, repr=False)

    @property
    def config(self) -> WorkerConfig:
        """The effective config; only for checks that require `Need.CONFIG`."""
        if self.project.config is None:
            raise LookupError("this check must require Need.CONFIG")
        return self.project.config

    @property
    def source(self) -> Source:
        """The worker's source; only for checks that require `Need.SOURCE`."""
        if self.project.source is None:
            raise LookupError("this check must require Need.SOURCE")
        return self.project.source

    def worker(self) -> NamedWorker | str:
        """The worker to look up; or why a check skips. Only for checks that require config and account."""
        name = self.config.name
        if name is None:
            return "the config gives the worker no `name`"
        if self.account is None:
            return self._missing_account()
        return NamedWorker(name=name, account=self.account)

    @property
    def is_saved(self) -> bool:
        """Whether the account is a saved embedded one, which a rehearsal copies as it is."""
        return self.account is not None and self.target is Target.EMBEDDED

    async def fact(self, name: str, find: Callable[[], Awaitable[Fact]]) -> Fact:
        """A fact found once per run, however many checks ask for it at the same time."""
        if name not in self._facts:
            self._facts[name] = asyncio.ensure_future(find())
        found: Fact = await asyncio.shield(self._facts[name])
        return found

    async def give_up(self) -> None:
        """End what is still being found, and wait until it has cleaned up behind itself."""
        unfinished = [task for task in self._facts.values() if not task.done()]
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)

    async def schema(self, binding: D1Binding) -> Schema | None:
        """The tables behind a D1 binding: from the account, else from the project's migrations.

        None when the account has no such database, or there is neither an account nor a migration.
        """
        return await self.fact(f"schema {binding.binding}", lambda: self._find_schema(binding))

    async def known_schema(self, binding: D1Binding) -> Schema | None:
        """The same for a check that gets along without: where the token may not read, from the migrations."""
        from diagnose.account import MissingPermissionError

        try:
            return await self.schema(binding)
        except MissingPermissionError:
            return migrated_schema(self.project, binding)

    async def _find_schema(self, binding: D1Binding) -> Schema | None:
        if self.account is not None:
            if binding.database_id is None or await self.account.database(binding.database_id) is None:
                return None
            return await self.account.schema(binding.database_id)
        return migrated_schema(self.project, binding)

    async def rehearsal(self) -> Rehearsal:
        """What happens when the worker is triggered once: in a throw-away account, or (`--live`) for real."""
        from diagnose.rehearsal import rehearse

        if self.live is not None and self.account is not None:
            return await self.fact("live", self._trigger_live(self.live, self.account))
        return await self.fact(
            "rehearsal",
            lambda: rehearse(
                self.project,
                self.embedded,
                plan=self.plan,
                derived=not self.is_saved,
                allow_worker_code=self.allow_worker_code,
            ),
        )

    @staticmethod
    def _trigger_live(plan: LivePlan | LiveRefusal, account: Account) -> Callable[[], Awaitable[Rehearsal]]:
        from diagnose.rehearsal.live import trigger_live

        return lambda: trigger_live(plan, account)

    async def missing(self, need: Need) -> str | None:
        """Why a need is not met, or None when it is."""
        match need:
            case Need.CONFIG:
                return None if self.project.config else "there is no wrangler config that parses (CFG001)"
            case Need.SOURCE:
                return self._missing_source()
            case Need.ACCOUNT:
                return None if self.account else self._missing_account()
            case Need.REAL:
                real = self.target is Target.CLOUDFLARE
                return None if real else "needs a Cloudflare account: --target cloudflare"
            case Need.SCHEMA:
                return await self._missing_schema()
            case Need.RUNTIME:
                return await self._missing_runtime()

    def _missing_source(self) -> str | None:
        if self.project.source is not None:
            return None
        if self.project.source_error is not None:
            return str(self.project.source_error)
        return "there is no worker source: the config names no `main`"

    def _missing_account(self) -> str:
        if self.target is Target.OFFLINE:
            return "needs an account; --offline looks at files only"
        return "needs --target cloudflare: an account derived from the project proves nothing about yours"

    async def _missing_schema(self) -> str | None:
        if self.project.config is None:
            return "there is no wrangler config that parses (CFG001)"
        if not self.project.config.d1:
            return "the config declares no D1 database"
        for binding in self.project.config.d1:
            if await self.schema(binding) is not None:
                return None
        if self.account is not None:
            return "no configured database exists in the account"
        return (
            "the tables are not known: no account was read and there are no migrations (try `diagnose init`)"
        )

    async def _missing_runtime(self) -> str | None:
        if self.target is Target.OFFLINE:
            return "--offline never executes project code"
        reason = await self.missing(Need.CONFIG) or self._missing_source()
        if reason is not None:
            return reason
        return (await self.rehearsal()).refused


def migrated_schema(project: Project, binding: D1Binding) -> Schema | None:
    """The tables after all migrations of a binding, by running them in the D1 engine.

    None without migrations, or when one of them fails (deploying it would fail, too).
    """
    from diagnose.d1 import Bounds, D1Error, Database

    migrations = project.migrations(binding)
    if not migrations:
        return None
    with Database.memory() as database, database.within(Bounds.of_migrations()):
        try:
            for migration in migrations:
                database.migrate(migration.sql)
        except D1Error:
            return None
        return database.schema()

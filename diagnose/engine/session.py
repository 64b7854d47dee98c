"""Opens what a command works on: project, account, and the embedded account for rehearsals."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

from diagnose.account import Account, AccountKind, Secret
from diagnose.engine.hiding import secrets_of
from diagnose.engine.workspace import ProjectWorkspace
from diagnose.errors import ProjectError, UsageError
from diagnose.plugin import Context, Target
from diagnose.project import open_project
from diagnose.steps import restore_step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diagnose.embedded import EmbeddedAccount
    from diagnose.engine.journal import JournalStep
    from diagnose.model import Step
    from diagnose.project import Project

TOKEN, ACCOUNT = "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID"
FOLDER = ".diagnose"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """What the command line says about project and account.

    Attributes:
        state: a saved embedded account, or None for the project's own (`.diagnose/account`), if any.
        plan: whose limits per invocation apply; None takes it from the settings.
        options: answers given with `--option NAME=VALUE`.
        writable: changes to a saved embedded account are kept; otherwise its folder is only read.
        on_wait: told before a wait for a real account that a person would notice: its seconds, and why.
    """

    path: Path
    config: str | None = None
    environment: str | None = None
    target: Target = Target.EMBEDDED
    state: Path | None = None
    plan: Literal["free", "paid"] | None = None
    options: dict[str, str] = field(default_factory=dict)
    allow_worker_code: bool = False
    writable: bool = False
    on_wait: Callable[[float, str], None] | None = field(default=None, compare=False)


class Session:
    """One command's view of the world. An asynchronous context manager: it closes what it opened."""

    def __init__(self, choices: SessionOptions) -> None:
        self._choices = choices
        self.options = dict(choices.options)
        self._embedded: EmbeddedAccount | None = None
        self._account: Account | None = None
        self._opened = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._account is not None:
            await self._account.aclose()
        if self._embedded is not None:
            self._embedded.close()

    @property
    def folder(self) -> Path:
        """Where state, journal and cache of the project live."""
        return self._choices.path / FOLDER

    @property
    def journal_folder(self) -> Path:
        """Where the runs of `fix` are recorded."""
        return self.folder / "journal"

    @property
    def saved_state(self) -> Path | None:
        """The folder of the saved embedded account, if there is one.

        Raises:
            UsageError: `--state` names a folder that holds none.
            ProjectError: nobody may look whether there is one.
        """
        folder = self._choices.state or self.folder / "account"
        try:
            found = (folder / "account.json").is_file()
        except OSError as error:
            raise ProjectError(
                f"the saved account cannot be read: {error.strerror}", where=str(folder)
            ) from error
        if found:
            return folder
        if self._choices.state is not None:
            raise UsageError("there is no saved account in that folder", where=str(folder))
        return None

    @property
    def target_name(self) -> str:
        """The target as reports and the journal name it."""
        if self._choices.target is Target.EMBEDDED:
            return "embedded (saved)" if self.saved_state else "embedded (derived)"
        return self._choices.target.value

    def open_project(self) -> Project:
        """The project as it is on disk now."""
        return open_project(
            self._choices.path, config=self._choices.config, environment=self._choices.environment
        )

    async def context(self) -> Context:
        """The project as it is now, and the account with nothing remembered."""
        project = self.open_project()
        self._open_account()
        self.forget()
        return Context(
            project=project,
            target=self._choices.target,
            account=self._account,
            embedded=self._rehearsal_account(project),
            plan=self._choices.plan or project.settings.plan,
            options=dict(self.options),
            allow_worker_code=self._choices.allow_worker_code,
            secrets=secrets_of(project),
        )

    async def workspace(self) -> ProjectWorkspace:
        """What steps act upon."""
        self._open_account()
        return ProjectWorkspace(self._choices.path.resolve(), self._account)

    def forget(self) -> None:
        """Drop remembered facts about the account, after something was changed."""
        if self._account is not None:
            self._account.forget()

    def restore(self, step: JournalStep) -> Step:
        """A step as the journal recorded it."""
        return restore_step(step.kind, step.record)

    def command_for_account(self) -> str:
        """The command that does on a real account what was rehearsed here."""
        return f"on your account: diagnose fix {self.arguments()} --target cloudflare"

    def arguments(self) -> str:
        """What was said on the command line about project and answers, for the next command."""
        said = [str(self._choices.path)]
        if self._choices.config is not None:
            said += ["--config", self._choices.config]
        if self._choices.environment is not None:
            said += ["--env", self._choices.environment]
        for name, value in self._choices.options.items():
            said += ["--option", f"{name}={value}"]
        return shlex.join(said)

    def _open_account(self) -> None:
        if self._opened:
            return
        self._opened = True
        if self._choices.target is Target.CLOUDFLARE:
            self._account = self._open_cloudflare()
        elif self._choices.target is Target.EMBEDDED and self.saved_state is not None:
            self._embedded = self._open_saved(self.saved_state)
            self._embedded.open_everything()  # a damaged database is told before anything is changed
            self._account = Account.over_app(
                self._embedded.app(),
                account_id=self._embedded.account_id,
                token=Secret(self._embedded.token),
                kind=AccountKind.SAVED,
            )

    def _open_saved(self, folder: Path) -> EmbeddedAccount:
        from diagnose.embedded import EmbeddedAccount

        return (
            EmbeddedAccount.open(folder) if self._choices.writable else EmbeddedAccount.load_snapshot(folder)
        )

    def _open_cloudflare(self) -> Account:
        token, account_id = os.environ.get(TOKEN), os.environ.get(ACCOUNT)
        if not token or not account_id:
            missing = " and ".join(name for name in (TOKEN, ACCOUNT) if not os.environ.get(name))
            raise UsageError(
                f"--target cloudflare needs {missing} in the environment",
                hint="the names are those that wrangler reads",
            )
        account = Account.cloudflare(Secret(token), account_id)
        if self._choices.on_wait is not None:
            account.tell_waits(self._choices.on_wait)
        return account

    def _rehearsal_account(self, project: Project) -> Callable[[], EmbeddedAccount] | None:
        if self._choices.target is Target.OFFLINE:
            return None
        saved = self._embedded
        if saved is not None:
            return saved.snapshot
        from diagnose.rehearsal import derive_account

        return lambda: derive_account(project)

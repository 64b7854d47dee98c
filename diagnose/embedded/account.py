"""The embedded account: a Cloudflare account in this process."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Self

from diagnose.embedded.analytics.counting import QueryCounts
from diagnose.embedded.databases import DatabaseHolder
from diagnose.embedded.invoke import deliver
from diagnose.embedded.live.tails import Tails
from diagnose.embedded.observed import Observed
from diagnose.embedded.queues.holding import QueueHolder
from diagnose.embedded.state import AccountState, timestamp
from diagnose.embedded.storage import FolderStorage, MemoryStorage, read_saved
from diagnose.embedded.tokens import EVERYTHING, Grant
from diagnose.embedded.transfers import Transfers
from diagnose.embedded.workers import WorkerHolder
from diagnose.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from starlette.applications import Starlette

    from diagnose.embedded.app.faults import Faults
    from diagnose.embedded.app.turns import Turns
    from diagnose.embedded.invocation import Invocation, Runtime, RuntimeLimits, Trigger
    from diagnose.embedded.live import Live
    from diagnose.embedded.responses import Responses
    from diagnose.embedded.state import Plan
    from diagnose.embedded.storage import Storage
    from diagnose.embedded.tokens import Permission, TokenOwner, TokenStatus


class EmbeddedAccount(DatabaseHolder, QueueHolder, WorkerHolder):
    """Databases, workers and queues, with the API, the limits and the errors of a real account.

    Every change is kept in the storage before the method that made it returns. Use it from one
    thread; `close` it, or use it in a `with` block.
    """

    def __init__(self, storage: Storage, state: AccountState, *, plan: Plan = "paid") -> None:
        super().__init__(storage, state, plan=plan)
        self.transfers = Transfers(self)
        self._grants: dict[str, Grant] = {}
        self.observed = Observed()
        self.query_counts = QueryCounts()
        self.tails = Tails(self.observed)
        self.turns: Turns | None = None
        self.token = self.issue_token()

    @classmethod
    def open(cls, folder: Path, *, plan: Plan = "paid", account_id: str | None = None) -> Self:
        """The account kept in a folder, as its only writer; a new one where there is none.

        Args:
            folder: made when it does not exist.
            plan: whose limits apply.
            account_id: of a new account; 32 hexadecimal digits.

        Raises:
            ProjectError: the folder is in use, damaged, foreign or not usable.
        """
        storage = FolderStorage(folder)
        try:
            state = storage.read()
            if state is None:
                state = _new_state(account_id)
                storage.write(state)
        except ProjectError:
            storage.close()
            raise
        return cls(storage, state, plan=plan)

    @classmethod
    def memory(cls, *, plan: Plan = "paid", account_id: str | None = None) -> Self:
        """A new account that ends with the process."""
        return cls(MemoryStorage(), _new_state(account_id), plan=plan)

    @classmethod
    def load_snapshot(cls, folder: Path, *, plan: Plan = "paid") -> Self:
        """An in-memory copy of the account in a folder, which stays byte for byte as it is.

        Raises:
            ProjectError: there is no account, it is damaged, or another process keeps writing to it.
        """
        state, databases, messages = read_saved(folder)
        return cls(MemoryStorage(databases, messages), state, plan=plan)

    def snapshot(self) -> EmbeddedAccount:
        """A throw-away in-memory copy with the same plan and limits; nothing of it comes back."""
        databases = {uuid: self.database(uuid).snapshot() for uuid in self.databases}
        messages = self.messages.snapshot() if self.queues else None
        twin = EmbeddedAccount(MemoryStorage(databases, messages), self._state, plan=self.plan)
        twin.hold_to(self._limits)
        return twin

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def open_everything(self) -> None:
        """Open databases and messages now, instead of when they are first used.

        Raises:
            ProjectError: one of them is missing or damaged.
        """
        for uuid in self.databases:
            self.database(uuid)
        if self.queues:
            _ = self.messages

    def close(self) -> None:
        """Close databases and messages, and let others write."""
        self.transfers.close()
        self.close_databases()
        self.close_messages()
        self._storage.close()

    @property
    def account_id(self) -> str:
        """32 hexadecimal digits."""
        return self._state.account_id

    def issue_token(
        self,
        *,
        owner: TokenOwner = "user",
        permissions: frozenset[Permission] = EVERYTHING,
        status: TokenStatus = "active",
        not_before: str | None = None,
        expires_on: str | None = None,
        allowed_ips: tuple[str, ...] = (),
    ) -> str:
        """A new API token that the app knows; see `Grant`."""
        token = secrets.token_urlsafe(30)
        self._grants[token] = Grant(
            id=secrets.token_hex(16),
            owner=owner,
            permissions=permissions,
            status=status,
            not_before=not_before,
            expires_on=expires_on,
            allowed_ips=allowed_ips,
        )
        return token

    def use_token(self, token: str) -> None:
        """Let `token` stand for what the account's own token has stood for until now, which ends."""
        self._grants[token] = self._grants.pop(self.token)
        self.token = token

    def grant(self, token: str) -> Grant | None:
        """What a token stands for, or None for one that was never issued."""
        return self._grants.get(token)

    def scratch(self) -> Path:
        """A folder for files that nobody needs when the account is closed."""
        return self._storage.scratch()

    def app(
        self, *, faults: Faults | None = None, rate_limit: bool = False, live: Live | None = None
    ) -> Starlette:
        """The account's REST API as an ASGI application.

        Args:
            faults: the trouble that requests meet.
            rate_limit: too many requests are refused; otherwise the limit is told and never used up.
            live: executes the workers that requests to `NAME.SUBDOMAIN.workers.dev` reach.
        """
        from diagnose.embedded.app import make_app

        return make_app(self, faults=faults, rate_limit=rate_limit, live=live)

    async def invoke(
        self,
        script: str,
        trigger: Trigger,
        *,
        responses: Responses,
        runtime: Runtime,
        base: str = "",
        secret_values: Mapping[str, str] | None = None,
        limits: RuntimeLimits | None = None,
    ) -> Invocation:
        """Deliver one event to the deployed version of a worker, with its bindings and the plan's limits.

        Args:
            script: the worker's name.
            trigger: the event.
            responses: finds the recorded answer to an outbound request.
            runtime: executes the code.
            base: the folder of the main module relative to the project, for locations.
            secret_values: by name; they stand before those that the account keeps.
            limits: of the runtime.

        Raises:
            RefusalError: 10007 the worker does not exist or nothing of it is deployed.
            SandboxError: untrusted code cannot be executed safely here.
        """
        return await deliver(
            self,
            script,
            trigger,
            responses=responses,
            runtime=runtime,
            base=base,
            secret_values=secret_values or {},
            limits=limits,
        )


def _new_state(account_id: str | None) -> AccountState:
    state = AccountState(created_on=timestamp())
    return state if account_id is None else AccountState(account_id=account_id, created_on=state.created_on)

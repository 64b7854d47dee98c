"""An account as the REST API shows it: real, or embedded."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from diagnose.account.base_url import (
    CLOUDFLARE,
    VARIABLE,
    checked_account_id,
    checked_base_url,
    checked_token,
    is_loopback,
)
from diagnose.account.databases import DatabaseCalls
from diagnose.account.errors import CredentialError
from diagnose.account.facts import TokenInfo
from diagnose.account.queues import QueueCalls
from diagnose.account.session import shaped
from diagnose.account.tails import TailCalls
from diagnose.account.transfers import TransferCalls
from diagnose.account.workers import WorkerCalls, WorkerUpload

if TYPE_CHECKING:
    from diagnose.account.secret import Secret
    from diagnose.account.transport import Transport

__all__ = ["Account", "AccountKind", "WorkerUpload"]

_ACCOUNT_OWNED = 1000


class AccountKind(StrEnum):
    """Where an account comes from, and so what it proves.

    real: Cloudflare's. saved: an embedded one kept in a folder. derived: made from the project's files.
    """

    REAL = "real"
    SAVED = "saved"
    DERIVED = "derived"


class Account(DatabaseCalls, TransferCalls, WorkerCalls, QueueCalls, TailCalls):
    """The client of one account. Every fact is asked for once until something is written.

    Attributes:
        base_url: the API's root; None for an account in this process.
    """

    def __init__(self, transport: Transport, account_id: str, kind: AccountKind) -> None:
        super().__init__(transport, account_id)
        self.kind = kind
        self.base_url: str | None = None

    @classmethod
    def over_app(cls, app: Any, account_id: str, token: Secret, kind: AccountKind) -> Account:
        """An account whose API is an ASGI application in this process."""
        from diagnose.account.transport import Transport

        return cls(Transport.over_app(app, token), account_id, kind)

    @classmethod
    def cloudflare(cls, token: Secret, account_id: str, base_url: str | None = None) -> Account:
        """An account behind the network.

        Args:
            token: of the API.
            account_id: 32 hexadecimal digits.
            base_url: the API's root; by default CLOUDFLARE_API_BASE_URL, else Cloudflare's.

        Raises:
            UsageError: the token, the account id or the URL cannot be used.
        """
        from diagnose.account.transport import Transport

        base_url = checked_base_url(base_url or os.environ.get(VARIABLE) or CLOUDFLARE)
        transport = Transport.over_network(base_url, checked_token(token), proxies=not is_loopback(base_url))
        account = cls(transport, checked_account_id(account_id), AccountKind.REAL)
        account.base_url = base_url
        return account

    def describe(self) -> str:
        """The account in a few words, for a person."""
        match self.kind:
            case AccountKind.REAL:
                return f"Cloudflare account {self.account_id}"
            case AccountKind.SAVED:
                return "saved embedded account"
            case AccountKind.DERIVED:
                return "embedded account derived from the project"

    async def verify_token(self) -> TokenInfo:
        """What the token is; valid does not mean that it may do anything.

        Raises:
            CredentialError: it is unknown.
            ApiError: anything else went wrong.
        """
        path, owner = "/user/tokens/verify", "user"
        try:
            found = await self._read(path)
        except CredentialError as error:
            if error.code != _ACCOUNT_OWNED:
                raise
            path, owner = self._path("/tokens/verify"), "account"
            found = await self._read(path)
        return shaped(
            "GET",
            path,
            lambda item: TokenInfo(
                id=str(item["id"]), status=str(item["status"]), owner=owner, expires_on=item.get("expires_on")
            ),
            found,
        )

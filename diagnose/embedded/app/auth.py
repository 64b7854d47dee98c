"""Who may call what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.embedded.refusal import RefusalError, no_route
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.tokens import Grant

_BEARER: Final = re.compile(r"Bearer ([!-~]+)")
_ACCOUNT_ID: Final = re.compile(r"[0-9a-f]{32}")


def bearer(authorization: str | None) -> str | None:
    """The token in an `Authorization` header, or None when there is none."""
    match = _BEARER.fullmatch(authorization or "")
    return None if match is None else match[1]


def authenticate(account: EmbeddedAccount, authorization: str | None) -> Grant:
    """The grant behind an `Authorization` header.

    Raises:
        RefusalError: 6003 the header is missing or malformed; 10000 the token is unknown or inactive.
    """
    token = bearer(authorization)
    if token is None:
        chain = ((6111, "Invalid format for Authorization header"),)
        raise RefusalError(400, 6003, "Invalid request headers", chain=chain)
    grant = account.grant(token)
    if grant is None or grant.status != "active":
        raise RefusalError(401, 10000, "Authentication error")
    return grant


def authorize(
    account: EmbeddedAccount, grant: Grant, account_id: str | None, permission: Permission | None, path: str
) -> None:
    """Let the call pass, or refuse it as the product that is called would.

    Raises:
        RefusalError: 7003 the account id is malformed; 7403 (D1), 10000 (Workers, Queues) or 9109
            (accounts) when it is another account or the permission is missing.
    """
    if account_id is not None and not _ACCOUNT_ID.fullmatch(account_id):
        raise no_route(path)
    elsewhere = account_id is not None and account_id != account.account_id
    if elsewhere or (permission is not None and not grant.allows(permission)):
        raise _forbidden(permission)


def _forbidden(permission: Permission | None) -> RefusalError:
    match permission:
        case Permission.D1_READ | Permission.D1_EDIT:
            message = "The given account is not valid or is not authorized to access this service"
            return RefusalError(403, 7403, message, result=[])
        case (
            Permission.WORKERS_READ
            | Permission.WORKERS_EDIT
            | Permission.TAIL_READ
            | Permission.QUEUES_READ
            | Permission.QUEUES_EDIT
        ):
            return RefusalError(403, 10000, "Authentication error")
        case _:
            return RefusalError(403, 9109, "Unauthorized to access requested resource")

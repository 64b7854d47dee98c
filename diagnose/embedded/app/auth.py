"""Who may call what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.embedded.refusal import RefusalError, no_route
from diagnose.embedded.state import timestamp
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.requests import Request

    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.tokens import Grant

_BEARER: Final = re.compile(r"Bearer ([!-~]+)")
_GLOBAL_KEY: Final = re.compile(r"[0-9a-f]{37}")
_ACCOUNT_ID: Final = re.compile(r"[0-9a-f]{32}")


def bearer(authorization: str | None) -> str | None:
    """The token in an `Authorization` header, or None when there is none."""
    match = _BEARER.fullmatch(authorization or "")
    return None if match is None else match[1]


def authenticate(
    account: EmbeddedAccount, request: Request, permission: Permission | None, *, tells_status: bool = False
) -> Grant:
    """The grant behind the credentials of a request.

    Args:
        account: whose tokens are known.
        request: with its headers, and the address that it comes from.
        permission: that the call needs; the product decides how it refuses.
        tells_status: the call answers what a token is, so that one which is over is let through.

    Raises:
        RefusalError: 6003 the credentials are missing or malformed; 9106 they are those of a user's global
            key, which nobody has here; 10000 (products) or 9109 (user and account) the token is unknown or
            over; 9109 it may not be used from there.
    """
    token = bearer(request.headers.get("authorization"))
    if token is None:
        raise _no_token(request.headers)
    grant = account.grant(token)
    if grant is None:
        raise RefusalError(401, 10000, "Authentication error")
    address = request.client.host if request.client else ""
    if not grant.allows_address(address):
        raise RefusalError(403, 9109, f"Cannot use the access token from location: {address}")
    now = timestamp()
    usable = grant.status_at(now) == "active" and not grant.begins_later(now)
    if not (usable or tells_status):
        raise _inactive(permission)
    return grant


def _no_token(headers: Headers) -> RefusalError:
    """What is wrong with credentials that are no token.

    A stray CLOUDFLARE_EMAIL makes the official SDK send `X-Auth-Email` alone, even when it was given a token.
    """
    email, key = headers.get("x-auth-email"), headers.get("x-auth-key")
    if "authorization" in headers or (email is None and key is None):
        cause = (6111, "Invalid format for Authorization header")
    elif email is None:
        cause = (6100, "Missing X-Auth-Email header")
    elif key is None:
        cause = (6101, "Missing X-Auth-Key header")
    elif _GLOBAL_KEY.fullmatch(key):
        return RefusalError(403, 9106, "Authentication failed (status: 403)")
    else:
        cause = (6103, "Invalid format for X-Auth-Key header")
    return RefusalError(400, 6003, "Invalid request headers", chain=(cause,))


def _inactive(permission: Permission | None) -> RefusalError:
    if permission in {None, Permission.ACCOUNT_READ, Permission.USER_READ}:
        return RefusalError(403, 9109, "Invalid access token")
    return RefusalError(401, 10000, "Authentication error")


def authorize(
    account: EmbeddedAccount, grant: Grant, account_id: str | None, permission: Permission | None, path: str
) -> None:
    """Let the call pass, or refuse it as the product that is called would.

    Raises:
        RefusalError: 7003 the account id is malformed; 7403 (D1), 9109 (user and account) or 10000
            (everything else) when it is another account or the permission is missing.
    """
    if account_id is not None and not _ACCOUNT_ID.fullmatch(account_id):
        raise no_route(path)
    elsewhere = account_id is not None and account_id != account.account_id
    if elsewhere or (permission is not None and not grant.allows(permission)):
        raise _forbidden(permission)


def _forbidden(permission: Permission | None) -> RefusalError:
    match permission:
        case None | Permission.ACCOUNT_READ | Permission.USER_READ:
            return RefusalError(403, 9109, "Unauthorized to access requested resource")
        case Permission.D1_READ | Permission.D1_EDIT:
            message = "The given account is not valid or is not authorized to access this service"
            return RefusalError(403, 7403, message, result=[])
        case _:
            return RefusalError(403, 10000, "Authentication error")

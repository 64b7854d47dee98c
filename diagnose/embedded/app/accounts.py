"""Tokens, the user, memberships and accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import page, success
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.state import timestamp
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.tokens import TokenOwner

_PER_PAGE: Final = 20
_USER_ID: Final = "00000000000000000000000000000001"
EMAIL: Final = "user@example.com"


async def verify_user_token(call: Call) -> Response:
    """A token that a user owns. Raises RefusalError 1000 for one that the account owns."""
    return _verified(call, "user")


async def verify_account_token(call: Call) -> Response:
    """A token that the account owns. Raises RefusalError 1000 for one that a user owns."""
    return _verified(call, "account")


def _verified(call: Call, owner: TokenOwner) -> Response:
    if call.grant.owner != owner:
        raise RefusalError(401, 1000, "Invalid API Token")
    # The message of this success really has the code of "Authentication error".
    message = {"code": 10000, "message": "This API Token is valid and active", "type": None}
    status = call.grant.status_at(timestamp())
    dates = {"not_before": call.grant.not_before, "expires_on": call.grant.expires_on}
    told = [message] if status == "active" else []
    return success({"id": call.grant.id, "status": status, **dates}, messages=told)


async def read_user(call: Call) -> Response:
    """The user behind the token. Raises RefusalError 9109 for a token that the account owns."""
    if call.grant.owner == "account":
        raise RefusalError(403, 9109, "Unauthorized to access requested resource")
    return success(
        {
            "id": _USER_ID,
            "email": EMAIL,
            "first_name": None,
            "last_name": None,
            "username": EMAIL,
            "two_factor_authentication_enabled": False,
            "suspended": False,
        }
    )


async def list_memberships(call: Call) -> Response:
    """The account the user is a member of. Raises RefusalError 10000 for an account-owned token."""
    if call.grant.owner == "account":
        raise RefusalError(403, 10000, "Authentication error")
    member = {
        "id": _USER_ID,
        "status": "accepted",
        "account": {"id": call.account.account_id, "name": call.account.state.name},
        "roles": ["Super Administrator - All Privileges"],
    }
    query = call.request.query_params
    wanted = {query.get("account.name"), query.get("name")} <= {None, call.account.state.name}
    found = [member] if wanted and query.get("status") in {None, "accepted"} else []
    return page(found, query, per_page=_PER_PAGE)


async def list_accounts(call: Call) -> Response:
    """The one account there is, if `name` does not ask for another."""
    name = call.request.query_params.get("name")
    accounts = [] if name not in {None, call.account.state.name} else [_account(call)]
    return page(accounts, call.request.query_params, per_page=_PER_PAGE)


async def read_account(call: Call) -> Response:
    """The account itself."""
    return success(_account(call))


def _account(call: Call) -> dict[str, Any]:
    state = call.account.state
    return {
        "id": state.account_id,
        "name": state.name,
        "type": "standard",
        "created_on": state.created_on,
        "settings": {"enforce_twofactor": False},
    }


ROUTES: Final = (
    ApiRoute("GET", "/user", read_user, Permission.USER_READ),
    ApiRoute("GET", "/user/tokens/verify", verify_user_token, tells_status=True),
    ApiRoute("GET", "/memberships", list_memberships, Permission.MEMBERSHIPS_READ),
    ApiRoute("GET", "/accounts", list_accounts, Permission.ACCOUNT_READ),
    ApiRoute("GET", "/accounts/{account_id}", read_account, Permission.ACCOUNT_READ),
    ApiRoute("GET", "/accounts/{account_id}/tokens/verify", verify_account_token, tells_status=True),
)

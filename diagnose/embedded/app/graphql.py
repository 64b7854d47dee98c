"""`POST /graphql`: the analytics API, whose envelope is GraphQL's.

The shape of its errors, which come with HTTP 200, is unverified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from diagnose.embedded.analytics.datasets import DATASETS
from diagnose.embedded.analytics.grouping import grouped
from diagnose.embedded.analytics.language import QueryError, read_query
from diagnose.embedded.app.bodies import object_in
from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.state import timestamp
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from starlette.responses import Response

    from diagnose.embedded.analytics.language import Field
    from diagnose.embedded.app.calls import Call


class _AccessError(Exception):
    """The token may not see what the query asks for."""


async def answer_query(call: Call) -> Response:
    """What a query asks for, of the datasets that there are."""
    unusable = RefusalError(400, 10026, 'The request body must be an object with "query".')
    body = await call.json_object(unusable)
    if not isinstance(body.get("query"), str):
        raise unusable
    try:
        fields = read_query(body["query"], object_in(body, "variables"))
        return JSONResponse({"data": _answered(call, fields), "errors": None})
    except _AccessError as error:
        return _failed(str(error), "authz")
    except QueryError as error:
        return _failed(str(error), "parse")


def _answered(call: Call, fields: tuple[Field, ...]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for viewer in fields:
        _require(viewer, "viewer")
        data[viewer.alias] = {}
        for accounts in viewer.selections:
            _require(accounts, "accounts")
            data[viewer.alias][accounts.alias] = [_account(call, accounts)]
    return data


def _account(call: Call, accounts: Field) -> dict[str, Any]:
    tag = object_in(accounts.arguments, "filter").get("accountTag")
    if tag != call.account.account_id or not call.grant.allows(Permission.ANALYTICS_READ):
        raise _AccessError(f"not authorized for that account: {tag}")
    shown: dict[str, Any] = {}
    for asked in accounts.selections:
        if asked.name not in DATASETS:
            raise QueryError(f"unknown field {asked.name!r}")
        shown[asked.alias] = grouped(DATASETS[asked.name](call.account), asked)
    return shown


def _require(asked: Field, name: str) -> None:
    if asked.name != name:
        raise QueryError(f"unknown field {asked.name!r}")


def _failed(message: str, code: str) -> Response:
    extensions = {"code": code, "timestamp": timestamp()}
    return JSONResponse(
        {"data": None, "errors": [{"message": message, "path": None, "extensions": extensions}]}
    )


ROUTES: Final = (ApiRoute("POST", "/graphql", answer_query),)

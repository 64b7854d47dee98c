"""What a handler is given, and how it becomes an endpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from diagnose.embedded.app.auth import authenticate, authorize
from diagnose.embedded.app.bodies import read_json
from diagnose.embedded.deploying import find
from diagnose.embedded.refusal import RefusalError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.app.turns import Turns
    from diagnose.embedded.state import ScriptState
    from diagnose.embedded.tokens import Grant, Permission


@dataclass(frozen=True, slots=True)
class Call:
    """One authorized request.

    A handler looks at the account after it has read the body: others may change it while that arrives.
    """

    request: Request
    account: EmbeddedAccount
    grant: Grant

    def __getitem__(self, name: str) -> str:
        """A parameter of the path."""
        value: str = self.request.path_params[name]
        return value

    @property
    def turns(self) -> Turns:
        """By which statements that may take long are kept from holding up everything else."""
        turns: Turns = self.request.app.state.turns
        return turns

    @property
    def source(self) -> str:
        """Which tool asks, as versions and deployments name it."""
        user_agent = self.request.headers.get("user-agent", "")
        return "wrangler" if user_agent.startswith("wrangler/") else "api"

    async def json(self, otherwise: RefusalError, *, halves: bool = False) -> Any:
        """The body, whatever its content type says. Raises `otherwise` when `read_json` refuses it."""
        try:
            return read_json(await self.request.body(), halves=halves)
        except (ValueError, RecursionError):
            raise otherwise from None

    async def json_object(self, otherwise: RefusalError | None = None) -> dict[str, Any]:
        """The body, which must be a JSON object. Raises `otherwise`, or else RefusalError 10026."""
        refusal = otherwise or RefusalError(400, 10026, "The request body must be a JSON object.")
        body = await self.json(refusal)
        if not isinstance(body, dict):
            raise refusal
        return body

    async def json_array(self, otherwise: RefusalError | None = None) -> list[Any]:
        """The body, which must be a JSON array. Raises `otherwise`, or else RefusalError 10026."""
        refusal = otherwise or RefusalError(400, 10026, "The request body must be an array.")
        body = await self.json(refusal)
        if not isinstance(body, list):
            raise refusal
        return body

    def named_script(self) -> ScriptState:
        """The worker that `script` in the path names. Raises RefusalError 10007."""
        return find(self.account.state, self["script"])


Handler: TypeAlias = Callable[[Call], Awaitable["Response"]]


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """One call of the API.

    Attributes:
        permission: that the token needs, or None.
        tells_status: it answers what the token is, also when that is over.
    """

    method: str
    path: str
    handler: Handler
    permission: Permission | None = None
    tells_status: bool = False


def make_endpoint(account: EmbeddedAccount, route: ApiRoute) -> Callable[[Request], Awaitable[Response]]:
    """The Starlette endpoint that authorizes a request and hands it to the route's handler."""

    async def endpoint(request: Request) -> Response:
        grant = authenticate(account, request, route.permission, tells_status=route.tells_status)
        account_id = request.path_params.get("account_id")
        authorize(account, grant, account_id, route.permission, request.url.path)
        return await route.handler(Call(request, account, grant))

    return endpoint

"""A worker as a service, the older view of it, which wrangler asks for before and during a deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import success
from diagnose.embedded.app.multipart import write_content
from diagnose.embedded.app.references import delete_worker
from diagnose.embedded.app.scripts import described
from diagnose.embedded.app.settings import subdomain_settings
from diagnose.embedded.refusal import RefusalError, no_route, no_worker
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.state import ScriptState

_ENVIRONMENT: Final = "production"


async def read_service(call: Call) -> Response:
    """The worker as a service. Raises RefusalError 10090, by which wrangler knows that a worker is new."""
    script = _service(call)
    environment = _environment(script)
    return success(
        {
            "id": script.name,
            "created_on": script.created_on,
            "modified_on": script.modified_on,
            "default_environment": environment,
            "environments": [environment],
        }
    )


async def delete_service(call: Call) -> Response:
    """The worker is gone, as with `DELETE …/workers/scripts/{script}`; `wrangler delete` asks here."""
    delete_worker(call, _service(call))
    return success(None)


async def read_environment(call: Call) -> Response:
    """The one environment there is."""
    return success(_environment(_produced(call)))


async def read_bindings(call: Call) -> Response:
    """Bindings of the newest version."""
    version = _produced(call).latest
    return success([] if version is None else list(version.bindings))


async def read_routes(call: Call) -> Response:
    """Routes in zones; an embedded account has no zone."""
    _produced(call)
    return success([])


async def read_subdomain(call: Call) -> Response:
    """Whether the worker answers at workers.dev."""
    return success(subdomain_settings(_produced(call)))


async def read_content(call: Call) -> Response:
    """The code that is deployed, as `wrangler init --from-dash` fetches it."""
    version = _produced(call).active
    if version is None:
        raise no_worker()
    return write_content(version)


def _service(call: Call) -> ScriptState:
    script = call.account.scripts.get(call["service"])
    if script is None:
        raise RefusalError(404, 10090, "workers.api.error.service_not_found")
    return script


def _produced(call: Call) -> ScriptState:
    """The service, asked for by its one environment. Raises RefusalError 7003 for another."""
    if call["environment"] != _ENVIRONMENT:
        raise no_route(call.request.url.path)
    return _service(call)


def _environment(script: ScriptState) -> dict[str, Any]:
    return {
        "environment": _ENVIRONMENT,
        "created_on": script.created_on,
        "modified_on": script.modified_on,
        "script": described(script),
    }


_SERVICE: Final = "/accounts/{account_id}/workers/services/{service}"
_PRODUCTION: Final = _SERVICE + "/environments/{environment}"

ROUTES: Final = (
    ApiRoute("GET", _SERVICE, read_service, Permission.WORKERS_READ),
    ApiRoute("DELETE", _SERVICE, delete_service, Permission.WORKERS_EDIT),
    ApiRoute("GET", _PRODUCTION, read_environment, Permission.WORKERS_READ),
    ApiRoute("GET", _PRODUCTION + "/bindings", read_bindings, Permission.WORKERS_READ),
    ApiRoute("GET", _PRODUCTION + "/routes", read_routes, Permission.WORKERS_READ),
    ApiRoute("GET", _PRODUCTION + "/subdomain", read_subdomain, Permission.WORKERS_READ),
    ApiRoute("GET", _PRODUCTION + "/content/v2", read_content, Permission.WORKERS_READ),
)

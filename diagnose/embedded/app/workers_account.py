"""What an account has for all its workers: its name at workers.dev, defaults; and what it has none of.

An embedded account has no zones, no KV, no Durable Objects and no dispatch namespaces. wrangler lists them
during other commands, and is told so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import page, success
from diagnose.embedded.refusal import RefusalError, no_route
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call

_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_ZONE_ID: Final = re.compile(r"[0-9a-f]{32}")
_PER_PAGE: Final = 20


async def read_subdomain(call: Call) -> Response:
    """The account's part of `WORKER.SUBDOMAIN.workers.dev`. Raises RefusalError 10007 when it has none."""
    if not call.account.state.subdomain:
        message = "You need to register a workers.dev subdomain before you can use it."
        raise RefusalError(404, 10007, message)
    return success({"subdomain": call.account.state.subdomain})


async def put_subdomain(call: Call) -> Response:
    """Register that part. Raises RefusalError 10031 for a name that cannot be had."""
    unusable = RefusalError(400, 10026, 'The request body must be an object with "subdomain".')
    body = await call.json_object(unusable)
    if not isinstance(body.get("subdomain"), str):
        raise unusable
    if not _SUBDOMAIN.fullmatch(body["subdomain"]):
        raise _unavailable()
    call.account.configure(subdomain=body["subdomain"])
    return success({"subdomain": body["subdomain"]})


async def check_subdomain(call: Call) -> Response:
    """Whether a name can be registered: the API says so by an error, 10032 if it can, 10031 if not."""
    name = call["name"]
    if name == call.account.state.subdomain or not _SUBDOMAIN.fullmatch(name):
        raise _unavailable()
    raise RefusalError(404, 10032, "workers.api.error.subdomain_available")


async def read_settings(call: Call) -> Response:
    """Defaults of the account."""
    return success(dict(call.account.state.worker_defaults))


async def put_settings(call: Call) -> Response:
    """Change the defaults that are given; those that there are not are left out."""
    call.account.configure(worker_defaults=await call.json_object())
    return success(dict(call.account.state.worker_defaults))


async def list_nothing(call: Call) -> Response:
    """What the account has none of, by page."""
    return page((), call.request.query_params, per_page=_PER_PAGE)


async def list_domains(_call: Call) -> Response:
    """Custom domains, all at once; there are none. wrangler asks for the page 0."""
    return success([])


async def read_domain(call: Call) -> Response:
    """A custom domain; there is none. Raises RefusalError 100114."""
    raise RefusalError(404, 100114, f"The domain {call['domain_id']} could not be found.")


async def put_routes(call: Call) -> Response:
    """Routes of a worker: none may be put in.

    Raises:
        RefusalError: 10000 for a route, as for a token without permission for all zones: wrangler then looks
            for the zone itself and says that there is none.
    """
    call.named_script()
    if await call.json_array():
        raise RefusalError(403, 10000, "Authentication error")
    return success([])


async def compare_domains(call: Call) -> Response:
    """What a change of the custom domains would do. Raises RefusalError 100116 for any domain."""
    _refuse_domains(call, await call.json_array())
    return success({"added": [], "removed": [], "updated": [], "conflicting": []})


async def put_domains(call: Call) -> Response:
    """Custom domains of a worker: none may be put in. Raises RefusalError 100116 for any domain."""
    unusable = RefusalError(400, 10026, 'The request body must be an object with "origins".')
    body = await call.json_object(unusable)
    if not isinstance(body.get("origins"), list):
        raise unusable
    _refuse_domains(call, body["origins"])
    return success([])


async def list_zone_routes(call: Call) -> Response:
    """Routes of a zone, which is nobody's here. Raises RefusalError 7003 or 10000."""
    if not _ZONE_ID.fullmatch(call["zone_id"]):
        raise no_route(call.request.url.path)
    raise RefusalError(403, 10000, "Authentication error")


def _refuse_domains(call: Call, origins: list[Any]) -> None:
    call.named_script()
    for origin in origins:
        hostname = origin.get("hostname") if isinstance(origin, dict) else origin
        # The sentence and the code are not documented.
        raise RefusalError(400, 100116, f"Could not find zone for {hostname}.")


def _unavailable() -> RefusalError:
    return RefusalError(409, 10031, "workers.api.error.subdomain_unavailable")


_ACCOUNT: Final = "/accounts/{account_id}"
_WORKERS: Final = _ACCOUNT + "/workers"
_SCRIPT: Final = _WORKERS + "/scripts/{script}"

ROUTES: Final = (
    ApiRoute("GET", _WORKERS + "/subdomain", read_subdomain, Permission.WORKERS_READ),
    ApiRoute("PUT", _WORKERS + "/subdomain", put_subdomain, Permission.WORKERS_EDIT),
    ApiRoute("GET", _WORKERS + "/subdomains/{name}", check_subdomain, Permission.WORKERS_READ),
    ApiRoute("GET", _WORKERS + "/account-settings", read_settings, Permission.WORKERS_READ),
    ApiRoute("PUT", _WORKERS + "/account-settings", put_settings, Permission.WORKERS_EDIT),
    ApiRoute("GET", _WORKERS + "/domains", list_domains, Permission.WORKERS_READ),
    ApiRoute("GET", _WORKERS + "/domains/records", list_domains, Permission.WORKERS_READ),
    ApiRoute("GET", _WORKERS + "/domains/records/{domain_id}", read_domain, Permission.WORKERS_READ),
    ApiRoute("GET", _WORKERS + "/domains/{domain_id}", read_domain, Permission.WORKERS_READ),
    ApiRoute("GET", _WORKERS + "/durable_objects/namespaces", list_nothing, Permission.WORKERS_READ),
    ApiRoute("GET", _WORKERS + "/dispatch/namespaces", list_nothing, Permission.WORKERS_READ),
    ApiRoute("PUT", _SCRIPT + "/routes", put_routes, Permission.WORKERS_EDIT),
    ApiRoute("POST", _SCRIPT + "/domains/changeset", compare_domains, Permission.WORKERS_EDIT),
    ApiRoute("PUT", _SCRIPT + "/domains/records", put_domains, Permission.WORKERS_EDIT),
    ApiRoute("GET", _ACCOUNT + "/storage/kv/namespaces", list_nothing),
    ApiRoute("GET", "/zones", list_nothing),
    ApiRoute("GET", "/zones/{zone_id}/workers/routes", list_zone_routes),
)

"""Two older and newer views of a worker that wrangler asks for during a deploy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import success
from diagnose.embedded.app.scripts import described
from diagnose.embedded.deploying import find
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call

_ENVIRONMENT: Final = "production"


async def read_service(call: Call) -> Response:
    """The worker as a service. Raises RefusalError 10090, by which wrangler knows that a worker is new."""
    script = call.account.scripts.get(call["service"])
    if script is None:
        raise RefusalError(404, 10090, "workers.api.error.service_not_found")
    environment = {
        "environment": _ENVIRONMENT,
        "created_on": script.created_on,
        "modified_on": script.modified_on,
        "script": {**described(script), "tags": []},
    }
    return success(
        {
            "id": script.name,
            "created_on": script.created_on,
            "modified_on": script.modified_on,
            "default_environment": environment,
            "environments": [environment],
        }
    )


async def read_worker(call: Call) -> Response:
    """The worker in the newer API, by name or tag. Raises RefusalError 10007."""
    by_tag = {script.tag: script for script in call.account.scripts.values()}
    script = by_tag.get(call["worker"]) or find(call.account.state, call["worker"])
    deployed = script.deployments[0].created_on if script.deployments else None
    references: dict[str, list[object]] = {
        kind: [] for kind in ("dispatch_namespace_outbounds", "domains", "durable_objects", "workers")
    }
    references["queues"] = [
        {"queue_id": queue.id, "queue_name": queue.name, "queue_consumer_id": queue.consumer.id}
        for queue in call.account.queues.values()
        if queue.consumer is not None and queue.consumer.script == script.name
    ]
    return success(
        {
            "id": script.tag,
            "name": script.name,
            "created_on": script.created_on,
            "updated_on": script.modified_on,
            "deployed_on": deployed,
            "logpush": False,
            "tags": [],
            "tail_consumers": [],
            "observability": {"enabled": False},
            "subdomain": {"enabled": script.subdomain, "previews_enabled": script.previews},
            "references": references,
        }
    )


ROUTES: Final = (
    ApiRoute(
        "GET", "/accounts/{account_id}/workers/services/{service}", read_service, Permission.WORKERS_READ
    ),
    ApiRoute("GET", "/accounts/{account_id}/workers/workers/{worker}", read_worker, Permission.WORKERS_READ),
)

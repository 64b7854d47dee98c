"""What refers to a worker: wrangler asks before it deletes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import success
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.state import AccountState, Binding, ScriptState

_ENVIRONMENT: Final = "production"


async def read_references(call: Call) -> Response:
    """Service bindings, Durable Objects and dispatchers of other workers that name this one."""
    script = call.named_script()
    incoming = _bound(call.account.state, script, "service", "service")
    objects = _bound(call.account.state, script, "durable_object_namespace", "script_name")
    return success(
        {
            "services": {"incoming": incoming, "outgoing": [], "pages_function": False},
            "durable_objects": objects,
            "dispatch_outbounds": [],
        }
    )


async def list_tail_producers(call: Call) -> Response:
    """The workers whose tail this one consumes."""
    name = call["script"]
    return success(
        [
            {"consumer": _service(name), "producer": _service(script.name)}
            for script in call.account.scripts.values()
            if any(consumer.get("service") == name for consumer in script.settings.tail_consumers)
        ]
    )


def delete_worker(call: Call, script: ScriptState) -> None:
    """Remove the worker; what refers to it is broken by that, and only if `force` says so.

    Raises:
        RefusalError: 10064 others refer to it. The code is not documented.
    """
    state = call.account.state
    referring = [
        *_bound(state, script, "service", "service"),
        *_bound(state, script, "durable_object_namespace", "script_name"),
    ]
    if referring and call.request.query_params.get("force") != "true":
        names = ", ".join(sorted({str(one["service"]) for one in referring}))
        raise RefusalError(400, 10064, f"Cannot delete this Worker as it is still referenced by: {names}")
    call.account.delete_script(script.name)


def _bound(state: AccountState, target: ScriptState, kind: str, key: str) -> list[dict[str, Any]]:
    """The bindings of other workers that name this one."""
    return [
        {**_service(script.name), "name": binding["name"], **_namespace(binding)}
        for script in state.scripts.values()
        if script.name != target.name and (version := script.active or script.latest) is not None
        for binding in version.bindings
        if binding["type"] == kind and binding.get(key) == target.name
    ]


def _namespace(binding: Binding) -> dict[str, Any]:
    if binding["type"] != "durable_object_namespace":
        return {}
    return {"durable_object_namespace_name": binding.get("class_name")}


def _service(name: str) -> dict[str, Any]:
    return {"service": name, "environment": _ENVIRONMENT}


ROUTES: Final = (
    ApiRoute(
        "GET",
        "/accounts/{account_id}/workers/scripts/{script}/references",
        read_references,
        Permission.WORKERS_READ,
    ),
    ApiRoute(
        "GET",
        "/accounts/{account_id}/workers/tails/by-consumer/{script}",
        list_tail_producers,
        Permission.WORKERS_READ,
    ),
)

"""Workers in the newer API, `/workers/workers`: one object by id or name, with all that refers to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.app.accounts import EMAIL
from diagnose.embedded.app.bodies import object_in
from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import page, success
from diagnose.embedded.app.references import delete_worker
from diagnose.embedded.app.settings import CONFIGURED, script_settings, subdomain_settings
from diagnose.embedded.deploying import find, with_settings
from diagnose.embedded.refusal import RefusalError, no_version
from diagnose.embedded.secret_changes import add_version_with_secrets
from diagnose.embedded.state import SECRET_TYPES
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.state import ScriptState, VersionState

_PER_PAGE: Final = 10
_LATEST: Final = "latest"


async def list_workers(call: Call) -> Response:
    """All workers, newest first, by page."""
    workers = [shown_worker(call, script) for script in reversed(list(call.account.scripts.values()))]
    return page(workers, call.request.query_params, per_page=_PER_PAGE)


async def read_worker(call: Call) -> Response:
    """One worker. Raises RefusalError 10007."""
    return success(shown_worker(call, known_worker(call)))


async def edit_worker(call: Call) -> Response:
    """Change what is given; the rest stays. The name cannot be changed here."""
    body, script = await call.json_object(), known_worker(call)
    if body.get("name", script.name) != script.name:
        raise RefusalError(400, 10026, "A worker of an embedded account cannot be renamed.")
    reachable = {**subdomain_settings(script), **object_in(body, "subdomain")}
    script = replace(
        script,
        settings=with_settings(script.settings, body),
        subdomain=bool(reachable["enabled"]),
        previews=bool(reachable["previews_enabled"]),
    )
    call.account.put_script(script)
    return success(shown_worker(call, script))


async def delete(call: Call) -> Response:
    """The worker with everything that belongs to it is gone."""
    delete_worker(call, known_worker(call))
    return success(None)


async def list_versions(call: Call) -> Response:
    """All versions, newest first, by page."""
    versions = [shown_version(version) for version in reversed(known_worker(call).versions)]
    return page(versions, call.request.query_params, per_page=_PER_PAGE)


async def read_version(call: Call) -> Response:
    """One version, or the `latest`. Raises RefusalError 100146."""
    script = known_worker(call)
    wanted = call["version_id"]
    version = script.latest if wanted == _LATEST else script.version(wanted)
    if version is None:
        raise no_version(wanted)
    return success(shown_version(version))


async def edit_latest_version(call: Call) -> Response:
    """A new version like the newest with other secrets, which nothing reaches yet: `versions secret put`.

    Raises:
        RefusalError: 10222 there is no version; 10056 a secret to be taken away does not exist; 10053
            another binding has the name; 10026 something else than secrets shall change.
    """
    body, script = await call.json_object(), known_worker(call)
    unusable = RefusalError(400, 10026, "Only secrets in `env`, and annotations, can be changed here.")
    env, annotations = body.get("env") or {}, body.get("annotations") or {}
    if set(body) - {"env", "annotations"} or not isinstance(env, dict) or not isinstance(annotations, dict):
        raise unusable
    if not all(secret is None or _is_secret(secret) for secret in env.values()):
        raise unusable
    changes = {
        name: None if secret is None else {"type": "secret_text", **secret, "name": name}
        for name, secret in env.items()
    }
    told = {str(key): str(value) for key, value in annotations.items() if value is not None}
    told = {"workers/triggered_by": "secret", **told}
    script = add_version_with_secrets(script, changes, source=call.source, annotations=told)
    call.account.put_script(script)
    return success(shown_version(script.versions[-1]))


def _is_secret(given: Any) -> bool:
    return isinstance(given, dict) and str(given.get("type", "secret_text")) in SECRET_TYPES


def known_worker(call: Call) -> ScriptState:
    """The worker of that name or id. Raises RefusalError 10007."""
    by_tag = {script.tag: script for script in call.account.scripts.values()}
    return by_tag.get(call["worker"]) or find(call.account.state, call["worker"])


def shown_worker(call: Call, script: ScriptState) -> dict[str, Any]:
    """A worker as this API shows it."""
    deployed = script.deployments[0].created_on if script.deployments else None
    references: dict[str, list[Mapping[str, Any]]] = {
        kind: [] for kind in ("dispatch_namespace_outbounds", "domains", "durable_objects", "workers")
    }
    references["queues"] = [
        {"queue_id": queue.id, "queue_name": queue.name, "queue_consumer_id": queue.consumer.id}
        for queue in call.account.queues.values()
        if queue.consumer is not None and queue.consumer.script == script.name
    ]
    return {
        "id": script.tag,
        "name": script.name,
        "created_on": script.created_on,
        "updated_on": script.modified_on,
        "deployed_on": deployed,
        "subdomain": subdomain_settings(script),
        "references": references,
        **script_settings(script),
    }


def shown_version(version: VersionState) -> dict[str, Any]:
    """A version as this API shows it."""
    return {
        "id": version.id,
        "number": version.number,
        "created_on": version.created_on,
        "author_email": EMAIL,
        "source": version.source,
        "annotations": dict(version.annotations),
        "bindings": list(version.bindings),
        "compatibility_date": version.compatibility_date,
        "compatibility_flags": list(version.compatibility_flags),
        "main_module": version.main_module,
        "usage_model": "standard",
        "urls": [],
        "startup_time_ms": 1,
        **{key: version.configured[key] for key in CONFIGURED if key in version.configured},
    }


WORKERS: Final = "/accounts/{account_id}/workers/workers"
_WORKER: Final = WORKERS + "/{worker}"
_VERSIONS: Final = _WORKER + "/versions"

ROUTES: Final = (
    ApiRoute("GET", WORKERS, list_workers, Permission.WORKERS_READ),
    ApiRoute("GET", _WORKER, read_worker, Permission.WORKERS_READ),
    ApiRoute("PATCH", _WORKER, edit_worker, Permission.WORKERS_EDIT),
    ApiRoute("PUT", _WORKER, edit_worker, Permission.WORKERS_EDIT),
    ApiRoute("DELETE", _WORKER, delete, Permission.WORKERS_EDIT),
    ApiRoute("GET", _VERSIONS, list_versions, Permission.WORKERS_READ),
    ApiRoute("PATCH", _VERSIONS + "/latest", edit_latest_version, Permission.WORKERS_EDIT),
    ApiRoute("GET", _VERSIONS + "/{version_id}", read_version, Permission.WORKERS_READ),
)

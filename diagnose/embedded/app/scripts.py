"""Workers: upload, content, settings, schedules and workers.dev."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import success
from diagnose.embedded.app.multipart import is_service_worker, read_upload, write_content
from diagnose.embedded.app.references import delete_worker
from diagnose.embedded.app.settings import script_settings, subdomain_settings
from diagnose.embedded.deploying import deploy, next_version, schedule, upload_and_deploy
from diagnose.embedded.handlers import handlers
from diagnose.embedded.refusal import RefusalError, no_version, no_worker
from diagnose.embedded.tokens import Permission
from diagnose.embedded.validating import refuse_unusable

if TYPE_CHECKING:
    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.state import ScriptState


async def list_scripts(call: Call) -> Response:
    """All workers."""
    return success([described(script) for script in call.account.scripts.values()])


async def read_script(call: Call) -> Response:
    """The code that is deployed, or that of the version which `version` names."""
    script = call.named_script()
    version_id = call.request.query_params.get("version")
    version = script.active if version_id is None else script.version(version_id)
    if version is None:
        raise no_worker() if version_id is None else no_version(version_id)
    return write_content(version)


async def put_script(call: Call) -> Response:
    """A new version that answers at once; makes the worker if need be."""
    upload = await read_upload(call)
    refuse_unusable(upload)
    script = upload_and_deploy(call.account.state, call["script"], upload)
    call.account.put_script(script)
    version = script.versions[-1]
    return success(
        {
            **described(script),
            "deployment_id": version.id.replace("-", ""),
            "entry_point": version.main_module,
            "startup_time_ms": 1,
            "available_on_subdomain": script.subdomain,
        }
    )


async def put_content(call: Call) -> Response:
    """Other code with everything else as it was; answers at once."""
    code = await read_upload(call)
    refuse_unusable(code)
    script = call.named_script()
    if script.latest is None:
        raise no_worker()
    annotations = {**code.annotations, "workers/triggered_by": "upload"}
    version = next_version(script, script.latest, source=call.source, annotations=annotations)
    version = replace(version, main_module=code.main_module, modules=code.modules)
    script = replace(script, versions=(*script.versions, version))
    script = deploy(script, ((version.id, 100.0),), source=call.source, annotations=annotations)
    call.account.put_script(script)
    return success({**described(script), "startup_time_ms": 1})


async def delete_script(call: Call) -> Response:
    """The worker with everything that belongs to it is gone; `force` breaks what refers to it."""
    script = call.named_script()
    delete_worker(call, script)
    return success(None)


async def read_schedules(call: Call) -> Response:
    """The cron triggers."""
    return success(_schedules(call.named_script()))


async def put_schedules(call: Call) -> Response:
    """Exactly these cron triggers: a bare array of `{"cron": …}`."""
    unusable = RefusalError(400, 10026, 'The request body must be an array of {"cron": "…"}.')
    body = await call.json_array(unusable)
    if not all(isinstance(item, dict) and isinstance(item.get("cron"), str) for item in body):
        raise unusable
    script = schedule(call.named_script(), [item["cron"] for item in body])
    call.account.put_script(script)
    return success(_schedules(script))


async def read_subdomain(call: Call) -> Response:
    """Whether the worker answers at workers.dev."""
    return success(subdomain_settings(call.named_script()))


async def set_subdomain(call: Call) -> Response:
    """Let the worker answer at workers.dev, or not; a key that is left out stays as it is."""
    unusable = RefusalError(400, 10026, 'The request body must be an object with "enabled".')
    body = await call.json_object(unusable)
    script = call.named_script()
    enabled = bool(body.get("enabled", script.subdomain))
    script = replace(
        script, subdomain=enabled, previews=bool(body.get("previews_enabled", script.previews and enabled))
    )
    call.account.put_script(script)
    return success(subdomain_settings(script))


async def disable_subdomain(call: Call) -> Response:
    """Neither the worker nor its previews answer at workers.dev."""
    script = replace(call.named_script(), subdomain=False, previews=False)
    call.account.put_script(script)
    return success(subdomain_settings(script))


def described(script: ScriptState) -> dict[str, Any]:
    """A worker as lists show it."""
    version = script.active or script.latest
    configured = version.configured if version else {}
    entry = version.modules.get(version.main_module) if version else None
    return {
        "id": script.name,
        "tag": script.tag,
        "etag": version.etag if version else "",
        "handlers": handlers(version) if version else [],
        "named_handlers": [],
        "created_on": script.created_on,
        "modified_on": script.modified_on,
        "usage_model": configured.get("usage_model", "standard"),
        "compatibility_date": version.compatibility_date if version else "",
        "compatibility_flags": list(version.compatibility_flags) if version else [],
        "placement": configured.get("placement") or {},
        "limits": configured.get("limits"),
        "migration_tag": script.settings.migration_tag,
        "has_assets": "assets" in configured,
        "has_modules": entry is None or not is_service_worker(entry),
        "last_deployed_from": script.deployments[0].source if script.deployments else None,
        "routes": None,
        **script_settings(script),
    }


def _schedules(script: ScriptState) -> dict[str, Any]:
    return {
        "schedules": [
            {"cron": entry.cron, "created_on": entry.created_on, "modified_on": entry.modified_on}
            for entry in script.schedules
        ]
    }


_SCRIPTS: Final = "/accounts/{account_id}/workers/scripts"
_SCRIPT: Final = _SCRIPTS + "/{script}"

ROUTES: Final = (
    ApiRoute("GET", _SCRIPTS, list_scripts, Permission.WORKERS_READ),
    ApiRoute("GET", _SCRIPT, read_script, Permission.WORKERS_READ),
    ApiRoute("PUT", _SCRIPT, put_script, Permission.WORKERS_EDIT),
    ApiRoute("DELETE", _SCRIPT, delete_script, Permission.WORKERS_EDIT),
    ApiRoute("PUT", _SCRIPT + "/content", put_content, Permission.WORKERS_EDIT),
    ApiRoute("GET", _SCRIPT + "/content/v2", read_script, Permission.WORKERS_READ),
    ApiRoute("GET", _SCRIPT + "/schedules", read_schedules, Permission.WORKERS_READ),
    ApiRoute("PUT", _SCRIPT + "/schedules", put_schedules, Permission.WORKERS_EDIT),
    ApiRoute("GET", _SCRIPT + "/subdomain", read_subdomain, Permission.WORKERS_READ),
    ApiRoute("POST", _SCRIPT + "/subdomain", set_subdomain, Permission.WORKERS_EDIT),
    ApiRoute("DELETE", _SCRIPT + "/subdomain", disable_subdomain, Permission.WORKERS_EDIT),
)

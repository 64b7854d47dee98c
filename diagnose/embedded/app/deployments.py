"""Versions of a worker, and which of them answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import page_of, success
from diagnose.embedded.app.multipart import read_upload
from diagnose.embedded.deploying import deploy, find, upload_version
from diagnose.embedded.handlers import handlers
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.state import DeploymentState, ScriptState, VersionState

_PER_PAGE: Final = 10
_SHOWN_DEPLOYMENTS: Final = 10
_EMAIL: Final = "user@example.com"


async def list_versions(call: Call) -> Response:
    """All versions, newest first, under `items`."""
    versions = [_listed(version) for version in reversed(_script(call).versions)]
    shown, info = page_of(versions, call.request.query_params, per_page=_PER_PAGE)
    return success({"items": list(shown)}, result_info=info)


async def create_version(call: Call) -> Response:
    """A new version that nothing reaches yet."""
    upload = await read_upload(call)
    script = upload_version(call.account.state, call["script"], upload)
    call.account.put_script(script)
    return success({**_detailed(script.versions[-1], script), "startup_time_ms": 1})


async def read_version(call: Call) -> Response:
    """One version with its bindings. Raises RefusalError 100146 for an unknown one."""
    script = _script(call)
    version = script.version(call["version_id"])
    if version is None:
        raise RefusalError(404, 100146, f"The version {call['version_id']} could not be found.")
    return success(_detailed(version, script))


async def list_deployments(call: Call) -> Response:
    """The newest deployments; the first is the active one."""
    deployments = _script(call).deployments[:_SHOWN_DEPLOYMENTS]
    return success({"deployments": [_deployment(deployment) for deployment in deployments]})


async def create_deployment(call: Call) -> Response:
    """Let these versions answer."""
    unusable = RefusalError(400, 10026, 'The request body must name "versions" with their percentages.')
    body = await call.json(unusable)
    try:
        versions = [(str(item["version_id"]), float(item["percentage"])) for item in body["versions"]]
        annotations = {str(key): str(value) for key, value in body.get("annotations", {}).items()}
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise unusable from error
    user_agent = call.request.headers.get("user-agent", "")
    source = "wrangler" if user_agent.startswith("wrangler/") else "api"
    script = deploy(_script(call), versions, source=source, annotations=annotations)
    call.account.put_script(script)
    return success(_deployment(script.deployments[0]))


def _script(call: Call) -> ScriptState:
    return find(call.account.state, call["script"])


def _deployment(deployment: DeploymentState) -> dict[str, Any]:
    return {
        "id": deployment.id,
        "source": deployment.source,
        "strategy": "percentage",
        "author_email": _EMAIL,
        "created_on": deployment.created_on,
        "annotations": dict(deployment.annotations),
        "versions": [
            {"version_id": version_id, "percentage": share} for version_id, share in deployment.versions
        ],
    }


def _listed(version: VersionState) -> dict[str, Any]:
    return {
        "id": version.id,
        "number": version.number,
        "metadata": {
            "created_on": version.created_on,
            "modified_on": version.created_on,
            "source": version.source,
            "author_email": _EMAIL,
            "hasPreview": False,
            "has_preview": False,
        },
        "annotations": dict(version.annotations),
    }


def _detailed(version: VersionState, script: ScriptState) -> dict[str, Any]:
    return {
        **_listed(version),
        "resources": {
            "bindings": list(version.bindings),
            "script": {
                "etag": version.etag,
                "handlers": handlers(version),
                "named_handlers": [],
                "last_deployed_from": script.deployments[0].source if script.deployments else None,
            },
            "script_runtime": {
                "compatibility_date": version.compatibility_date,
                "compatibility_flags": list(version.compatibility_flags),
                "usage_model": "standard",
            },
        },
    }


_SCRIPT: Final = "/accounts/{account_id}/workers/scripts/{script}"

ROUTES: Final = (
    ApiRoute("GET", _SCRIPT + "/versions", list_versions, Permission.WORKERS_READ),
    ApiRoute("POST", _SCRIPT + "/versions", create_version, Permission.WORKERS_EDIT),
    ApiRoute("GET", _SCRIPT + "/versions/{version_id}", read_version, Permission.WORKERS_READ),
    ApiRoute("GET", _SCRIPT + "/deployments", list_deployments, Permission.WORKERS_READ),
    ApiRoute("POST", _SCRIPT + "/deployments", create_deployment, Permission.WORKERS_EDIT),
)

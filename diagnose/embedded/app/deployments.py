"""Versions of a worker, and which of them answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from diagnose.embedded.app.accounts import EMAIL
from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import page_of, success
from diagnose.embedded.app.multipart import read_upload
from diagnose.embedded.deploying import deploy, goes_back, upload_version
from diagnose.embedded.handlers import handlers
from diagnose.embedded.refusal import RefusalError, no_version
from diagnose.embedded.secret_changes import refuse_changed_secrets
from diagnose.embedded.tokens import Permission
from diagnose.embedded.validating import refuse_unusable

if TYPE_CHECKING:
    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.state import DeploymentState, ScriptState, VersionState

_PER_PAGE: Final = 10
_SHOWN_DEPLOYMENTS: Final = 10
# https://developers.cloudflare.com/workers/configuration/versions-and-deployments/rollbacks/
_DEPLOYABLE: Final = 100


async def list_versions(call: Call) -> Response:
    """All versions, newest first, under `items`; those that can be deployed come without pages.

    `wrangler versions secret list --latest-version` reads the bindings here.
    """
    script = call.named_script()
    versions = [_detailed(version, script) for version in reversed(script.versions)]
    if call.request.query_params.get("deployable") == "true":
        return success({"items": versions[:_DEPLOYABLE]})
    shown, info = page_of(versions, call.request.query_params, per_page=_PER_PAGE)
    return success({"items": list(shown)}, result_info=info)


async def create_version(call: Call) -> Response:
    """A new version that nothing reaches yet."""
    upload = await read_upload(call)
    refuse_unusable(upload)
    script = upload_version(call.account.state, call["script"], upload)
    call.account.put_script(script)
    return success({**_detailed(script.versions[-1], script), "startup_time_ms": 1})


async def read_version(call: Call) -> Response:
    """One version with its bindings. Raises RefusalError 100146 for an unknown one."""
    script = call.named_script()
    version = script.version(call["version_id"])
    if version is None:
        raise no_version(call["version_id"])
    return success(_detailed(version, script))


async def list_deployments(call: Call) -> Response:
    """The newest deployments; the first is the active one."""
    deployments = call.named_script().deployments[:_SHOWN_DEPLOYMENTS]
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
    script = call.named_script()
    if goes_back(script, versions):
        if call.request.query_params.get("force") != "true":
            refuse_changed_secrets(script, [version_id for version_id, _ in versions])
        annotations = {"workers/triggered_by": "rollback", **annotations}
    script = deploy(script, versions, source=call.source, annotations=annotations)
    call.account.put_script(script)
    return success(_deployment(script.deployments[0]))


async def read_deployment(call: Call) -> Response:
    """One deployment. Raises RefusalError 10336 for an unknown one."""
    return success(_deployment(_known_deployment(call.named_script(), call["deployment_id"])))


async def delete_deployment(call: Call) -> Response:
    """Forget a deployment that is over.

    Raises:
        RefusalError: 10336 it is unknown; 10026 it is the active one. What the API answers then is not known.
    """
    script = call.named_script()
    deployment = _known_deployment(script, call["deployment_id"])
    if deployment == script.deployments[0]:
        raise RefusalError(400, 10026, "The active deployment of a Worker cannot be deleted.")
    kept = tuple(known for known in script.deployments if known != deployment)
    call.account.put_script(replace(script, deployments=kept))
    return success(None)


def _known_deployment(script: ScriptState, deployment_id: str) -> DeploymentState:
    found = next((known for known in script.deployments if known.id == deployment_id), None)
    if found is None:
        raise RefusalError(404, 10336, f"The deployment {deployment_id} could not be found.")
    return found


def _deployment(deployment: DeploymentState) -> dict[str, Any]:
    return {
        "id": deployment.id,
        "source": deployment.source,
        "strategy": "percentage",
        "author_email": EMAIL,
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
            "author_email": EMAIL,
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
                "usage_model": version.configured.get("usage_model", "standard"),
                "limits": version.configured.get("limits"),
            },
        },
    }


_SCRIPT: Final = "/accounts/{account_id}/workers/scripts/{script}"
_DEPLOYMENT: Final = _SCRIPT + "/deployments/{deployment_id}"

ROUTES: Final = (
    ApiRoute("GET", _SCRIPT + "/versions", list_versions, Permission.WORKERS_READ),
    ApiRoute("POST", _SCRIPT + "/versions", create_version, Permission.WORKERS_EDIT),
    ApiRoute("GET", _SCRIPT + "/versions/{version_id}", read_version, Permission.WORKERS_READ),
    ApiRoute("GET", _SCRIPT + "/deployments", list_deployments, Permission.WORKERS_READ),
    ApiRoute("POST", _SCRIPT + "/deployments", create_deployment, Permission.WORKERS_EDIT),
    ApiRoute("GET", _DEPLOYMENT, read_deployment, Permission.WORKERS_READ),
    ApiRoute("DELETE", _DEPLOYMENT, delete_deployment, Permission.WORKERS_EDIT),
)

"""The newer API makes a worker first, and then its versions, whose code travels as base64 in JSON."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from diagnose.embedded.app.beta_workers import WORKERS, known_worker, shown_version, shown_worker
from diagnose.embedded.app.bodies import object_in
from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import success
from diagnose.embedded.app.multipart import upload_of
from diagnose.embedded.deploying import upload_and_deploy, upload_version, with_settings
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.state import Module, ScriptSettings, ScriptState, timestamp
from diagnose.embedded.tokens import Permission
from diagnose.embedded.validating import refuse_unusable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call


async def create_worker(call: Call) -> Response:
    """A worker without any version.

    Raises:
        RefusalError: 10026 the body names no worker; 10040 the name is taken. That code is not documented.
    """
    body = await call.json_object()
    name = body.get("name")
    if not isinstance(name, str) or not name:
        raise RefusalError(400, 10026, 'The request body must be an object with "name".')
    if name in call.account.scripts:
        raise RefusalError(409, 10040, f"A worker with the name {name} already exists.")
    now, reachable = timestamp(), object_in(body, "subdomain")
    script = ScriptState(
        name=name,
        tag=uuid4().hex,
        created_on=now,
        modified_on=now,
        settings=with_settings(ScriptSettings(), body),
        subdomain=bool(reachable.get("enabled", False)),
        previews=bool(reachable.get("previews_enabled", False)),
    )
    call.account.put_script(script)
    return success(shown_worker(call, script))


async def create_version(call: Call) -> Response:
    """One more version, which answers only if `deploy=true` says so. Raises RefusalError as for an upload."""
    body, script = await call.json_object(), known_worker(call)
    upload = upload_of(body, _modules(body), source=call.source, strict=True)
    refuse_unusable(upload)
    deploys = call.request.query_params.get("deploy") == "true"
    make = upload_and_deploy if deploys else upload_version
    script = make(call.account.state, script.name, upload)
    call.account.put_script(script)
    return success(shown_version(script.versions[-1]))


def _modules(body: Mapping[str, Any]) -> dict[str, Module]:
    try:
        return {
            str(module["name"]): Module(
                content=base64.b64decode(module["content_base64"], validate=True),
                content_type=str(module["content_type"]),
            )
            for module in body.get("modules") or ()
        }
    except (TypeError, KeyError, ValueError) as error:
        message = "A module has a name, a content_type and a content_base64."
        raise RefusalError(400, 10021, message) from error


ROUTES: Final = (
    ApiRoute("POST", WORKERS, create_worker, Permission.WORKERS_EDIT),
    ApiRoute("POST", WORKERS + "/{worker}/versions", create_version, Permission.WORKERS_EDIT),
)

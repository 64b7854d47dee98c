"""Secrets of a worker: their names can be read, their texts never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import success
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.secret_changes import change_secrets, no_secret
from diagnose.embedded.state import SECRET_TYPES
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.state import Binding


async def list_secrets(call: Call) -> Response:
    """Name and type of each."""
    return success([dict(secret) for secret in _secrets(call)])


async def put_secret(call: Call) -> Response:
    """Set one secret. Raises RefusalError 10215 when the newest version is not deployed."""
    secret = _secret(await call.json_object(_unusable()))
    shown = _changed(call, {str(secret["name"]): secret})
    return success(shown[str(secret["name"])])


async def read_secret(call: Call) -> Response:
    """One secret, without its text. Raises RefusalError 10056."""
    name = _name(call)
    found = next((secret for secret in _secrets(call) if secret["name"] == name), None)
    if found is None:
        raise no_secret(name)
    return success(dict(found))


async def delete_secret(call: Call) -> Response:
    """Take one secret away. Raises RefusalError 10056 when there is none."""
    _changed(call, {_name(call): None})
    return success(None)


async def change_many(call: Call) -> Response:
    """Set the secrets that are given, take those away that are null, and leave the others."""
    given = (await call.json_object(_unusable())).get("secrets")
    if not isinstance(given, dict):
        raise _unusable()
    changes = {
        str(name): None if secret is None else _secret({"name": name, **_object(secret)})
        for name, secret in given.items()
    }
    return success(_changed(call, changes))


def _changed(call: Call, changes: Mapping[str, Binding | None]) -> dict[str, dict[str, Any]]:
    """Keep the worker with these changes; the secrets that it then has, by name."""
    call.account.put_script(change_secrets(call.named_script(), changes, source=call.source))
    return {str(secret["name"]): dict(secret) for secret in _secrets(call)}


def _secrets(call: Call) -> list[Binding]:
    version = call.named_script().latest
    bindings = () if version is None else version.bindings
    return [binding for binding in bindings if binding["type"] in SECRET_TYPES]


def _name(call: Call) -> str:
    name = call["secret"]
    return unquote(name) if call.request.query_params.get("url_encoded") == "true" else name


def _secret(body: Mapping[str, Any]) -> Binding:
    kind = body.get("type", "secret_text")
    if not isinstance(body.get("name"), str) or not body["name"] or str(kind) not in SECRET_TYPES:
        raise _unusable()
    return {**body, "type": kind}


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _unusable()
    return value


def _unusable() -> RefusalError:
    return RefusalError(400, 10026, 'A secret is an object with "name", "text" and "type".')


_SCRIPT: Final = "/accounts/{account_id}/workers/scripts/{script}"
_SECRETS: Final = _SCRIPT + "/secrets"
_SECRET: Final = _SECRETS + "/{secret}"

ROUTES: Final = (
    ApiRoute("GET", _SECRETS, list_secrets, Permission.WORKERS_READ),
    ApiRoute("PUT", _SECRETS, put_secret, Permission.WORKERS_EDIT),
    ApiRoute("GET", _SECRET, read_secret, Permission.WORKERS_READ),
    ApiRoute("DELETE", _SECRET, delete_secret, Permission.WORKERS_EDIT),
    ApiRoute("PATCH", _SCRIPT + "/secrets-bulk", change_many, Permission.WORKERS_EDIT),
)

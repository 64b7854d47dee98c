"""D1: the databases of an account."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal

from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import page, success
from diagnose.embedded.records import UUID
from diagnose.embedded.refusal import invalid_property, no_database, no_route
from diagnose.embedded.state import DatabaseSettings
from diagnose.embedded.tokens import Permission
from diagnose.embedded.transfers import DatabaseFacts

if TYPE_CHECKING:
    from starlette.responses import Response

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.state import DatabaseState

DATABASES: Final = "/accounts/{account_id}/d1/database"
_PER_PAGE: Final = 100
_LOCATIONS: Final = ("wnam", "enam", "weur", "eeur", "apac", "oc")
_JURISDICTIONS: Final = ("eu", "fedramp", "us")
_REGION_OF: Final[dict[str | None, str]] = {"eu": "weur", "fedramp": "enam", "us": "enam"}


async def list_databases(call: Call) -> Response:
    """All databases, or those whose name contains `name`: the documentation promises no exact match."""
    name = call.request.query_params.get("name", "")
    found = [_listed(database) for database in call.account.databases.values() if name in database.name]
    return page(found, call.request.query_params, per_page=_PER_PAGE, refusal=invalid_property)


async def create_database(call: Call) -> Response:
    """A new database. Raises RefusalError 7502 for a name that is taken, 7406 when there are enough."""
    body = await call.json(invalid_property("The request body is not JSON"))
    if not isinstance(body, dict) or not isinstance(body.get("name"), str):
        raise invalid_property("name: must be a string")
    settings = DatabaseSettings(
        location=_one_of(body, "primary_location_hint", _LOCATIONS) or DatabaseSettings().location,
        jurisdiction=_one_of(body, "jurisdiction", _JURISDICTIONS),
        read_replication=_replication(body) or "disabled",
    )
    return success(await _described(call, call.account.create_database(body["name"], settings=settings)))


async def edit_database(call: Call) -> Response:
    """Change what the body names. Raises RefusalError 7400 for settings that there are not."""
    return await _set(call, required=False)


async def update_database(call: Call) -> Response:
    """Set everything that can be set. Raises RefusalError 7400 for settings that there are not."""
    return await _set(call, required=True)


async def _set(call: Call, *, required: bool) -> Response:
    body = await object_body(call)
    database = call.account.databases[known_database(call)]
    mode = _replication(body)
    if mode is None and required:
        raise invalid_property("read_replication: must be given")
    if mode is not None:
        database = replace(database, settings=replace(database.settings, read_replication=mode))
        call.account.put_database(database)
    return success(await _described(call, database))


async def read_database(call: Call) -> Response:
    """One database by UUID or by exact name, reduced to `fields` if given."""
    database = call.account.find_database(call["database_id"])
    if database is None:
        raise no_database(call["database_id"])
    described = await _described(call, database)
    fields = call.request.query_params.get("fields")
    if fields is None:
        return success(described)
    return success({key: described[key] for key in fields.split(",") if key in described})


async def delete_database(call: Call) -> Response:
    """The database and its rows are gone."""
    uuid = known_database(call)
    call.account.transfers.require_idle(uuid)
    call.account.delete_database(uuid)
    return success(None)


async def object_body(call: Call) -> dict[str, Any]:
    """The body, which must be a JSON object. Raises RefusalError 7400."""
    body = await call.json(invalid_property("The request body is not JSON"))
    if not isinstance(body, dict):
        raise invalid_property("The request body is not an object")
    return body


def known_database(call: Call) -> str:
    """The UUID in the path. Raises RefusalError 7003 for anything else, 7404 for an unknown one."""
    database_id = call["database_id"]
    if not UUID.fullmatch(database_id):
        raise no_route(call.request.url.path)
    if database_id not in call.account.databases:
        raise no_database(database_id)
    return database_id


def _listed(database: DatabaseState) -> dict[str, Any]:
    return {
        "uuid": database.uuid,
        "name": database.name,
        "version": "production",
        "created_at": database.created_at,
        "jurisdiction": database.settings.jurisdiction,
    }


async def _described(call: Call, database: DatabaseState) -> dict[str, Any]:
    facts = call.account.transfers.before(database.uuid)
    if facts is None:
        facts = await call.turns.take(database.uuid, DatabaseFacts.of)
    region = _REGION_OF.get(database.settings.jurisdiction, database.settings.location).upper()
    return {
        **_listed(database),
        "num_tables": facts.tables,
        "file_size": facts.size_bytes,
        "running_in_region": region,
        "created_in_region": region,
        "read_replication": {"mode": database.settings.read_replication},
    }


def _one_of(body: dict[str, Any], name: str, values: tuple[str, ...]) -> str | None:
    value = body.get(name)
    if value is not None and value not in values:
        raise invalid_property(f"{name}: must be one of {', '.join(values)}")
    return value


def _replication(body: dict[str, Any]) -> Literal["auto", "disabled"] | None:
    match body.get("read_replication"):
        case None:
            return None
        case {"mode": "auto"}:
            return "auto"
        case {"mode": "disabled"}:
            return "disabled"
        case _:
            raise invalid_property("read_replication.mode: must be auto or disabled")


ROUTES: Final = (
    ApiRoute("GET", DATABASES, list_databases, Permission.D1_READ),
    ApiRoute("POST", DATABASES, create_database, Permission.D1_EDIT),
    ApiRoute("GET", DATABASES + "/{database_id}", read_database, Permission.D1_READ),
    ApiRoute("PATCH", DATABASES + "/{database_id}", edit_database, Permission.D1_EDIT),
    ApiRoute("PUT", DATABASES + "/{database_id}", update_database, Permission.D1_EDIT),
    ApiRoute("DELETE", DATABASES + "/{database_id}", delete_database, Permission.D1_EDIT),
)

"""D1: databases and queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from diagnose.d1 import D1Error, ErrorClass, Statement, classify
from diagnose.d1.javascript import JsArray, JsObject
from diagnose.d1.splitting import statements_in
from diagnose.embedded.app.auth import authorize
from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.envelope import page_of, success
from diagnose.embedded.records import UUID
from diagnose.embedded.refusal import RefusalError, invalid_property, no_database, no_route
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.responses import Response

    from diagnose.d1 import Database, Result
    from diagnose.d1.javascript import JsonValue, JsValue
    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.state import DatabaseState

_PER_PAGE: Final = 100
_MAX_PLAIN_INTEGER: Final = 1e21  # JavaScript writes integral doubles below it without an exponent


async def list_databases(call: Call) -> Response:
    """All databases, or those whose name contains `name`: the documentation promises no exact match."""
    name = call.request.query_params.get("name", "")
    found = [_listed(database) for database in call.account.databases.values() if name in database.name]
    shown, info = page_of(found, call.request.query_params, per_page=_PER_PAGE)
    return success(shown, result_info=info)


async def create_database(call: Call) -> Response:
    """A new database. Raises RefusalError 7502 for a name that is taken, 7406 when there are enough."""
    body = await call.json(invalid_property("The request body is not JSON"))
    if not isinstance(body, dict) or not isinstance(body.get("name"), str):
        raise invalid_property("name: must be a string")
    return success(_described(call, call.account.create_database(body["name"])))


async def read_database(call: Call) -> Response:
    """One database by UUID or by exact name, reduced to `fields` if given."""
    database = call.account.find_database(call["database_id"])
    if database is None:
        raise no_database(call["database_id"])
    described = _described(call, database)
    fields = call.request.query_params.get("fields")
    if fields is None:
        return success(described)
    return success({key: described[key] for key in fields.split(",") if key in described})


async def delete_database(call: Call) -> Response:
    """The database and its rows are gone."""
    call.account.delete_database(_known(call))
    return success(None)


async def query(call: Call) -> Response:
    """Rows as objects, in which the last of several columns of one name wins."""
    return await _run(
        call,
        lambda result: [{name: _written(value) for name, value in row.items()} for row in result.objects()],
    )


async def raw(call: Call) -> Response:
    """Rows as arrays beside the names of their columns."""
    return await _run(
        call,
        lambda result: {
            "columns": list(result.columns),
            "rows": [[_written(value) for value in row] for row in result.arrays()],
        },
    )


async def _run(call: Call, render: Callable[[Result], Any]) -> Response:
    uuid = _known(call)
    body = await call.json(invalid_property("The request body is not JSON"))
    try:
        results = await call.turns.take(uuid, lambda database: _permitted(call, database, body))
    except D1Error as error:
        transient = classify(error.cause) is ErrorClass.TRANSIENT
        raise RefusalError(500 if transient else 400, 7500, error.cause, result=[]) from error
    return success(
        [{"success": True, "results": render(result), "meta": _meta(result)} for result in results]
    )


def _permitted(call: Call, database: Database, body: Any) -> Sequence[Result]:
    """Run the body. Raises RefusalError 7403 where it may change something and the token may only read.

    That reading takes no permission to edit is what the changelog of D1 of May 2025 says; the code of the
    refusal is not documented.
    """
    if not call.grant.allows(Permission.D1_EDIT) and not _reads_only(database, body):
        authorize(call.account, call.grant, None, Permission.D1_EDIT, call.request.url.path)
    return _execute(database, body)


def _reads_only(database: Database, body: Any) -> bool:
    batch = body.get("batch") if isinstance(body, dict) else None
    items = batch if isinstance(batch, list) else [body]
    pieces = (piece for item in items for _, piece in statements_in(_statement(item).sql))
    try:
        return all(database.prepare(piece).readonly for piece in pieces)
    except D1Error:
        return True  # it is refused before anything is changed, with the error that running it has


def _execute(database: Database, body: Any) -> Sequence[Result]:
    """Run `{"sql", "params"}` or `{"batch": [{"sql", "params"}, …]}`, each as one transaction."""
    if isinstance(body, dict) and isinstance(body.get("batch"), list):
        return database.batch([_statement(item) for item in body["batch"]])
    return database.run_all(_statement(body))


def _statement(item: Any) -> Statement:
    if not isinstance(item, dict) or not isinstance(item.get("sql"), str):
        raise invalid_property("sql: must be a string")
    params = item.get("params") or []
    if not isinstance(params, list):
        raise invalid_property("params: must be an array")
    return Statement(item["sql"], tuple(map(_javascript, params)) if params else None)


def _javascript(value: Any) -> JsValue:
    """A JSON value as JavaScript has it. The API documents strings only; others are bound as a Worker's."""
    match value:
        case list():
            return JsArray(tuple(map(_javascript, value)))
        case dict():
            return JsObject("object", "[object Object]")
        case None | bool() | int() | float() | str():
            return value
        case _:
            raise invalid_property("params: must be JSON values")


def _written(value: JsonValue) -> JsonValue:
    """The value as `JSON.stringify` writes it: JavaScript has no `1.0`."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _MAX_PLAIN_INTEGER:
        return int(value)
    return value


def _meta(result: Result) -> dict[str, Any]:
    return {
        "served_by": "embedded",
        "served_by_primary": True,
        "duration": result.duration_ms,
        "timings": {"sql_duration_ms": result.duration_ms},
        "changes": result.changes,
        "last_row_id": result.last_row_id,
        "changed_db": result.changed_db,
        "size_after": result.size_after,
        "rows_read": result.rows_read,
        "rows_written": result.rows_written,
        "total_attempts": 1,
    }


def _known(call: Call) -> str:
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
        "jurisdiction": None,
    }


def _described(call: Call, database: DatabaseState) -> dict[str, Any]:
    engine = call.account.database(database.uuid)
    return {
        **_listed(database),
        "num_tables": len(engine.schema().tables),
        "file_size": engine.run(Statement("SELECT 1")).size_after,
        "running_in_region": "WEUR",
        "created_in_region": "WEUR",
        "read_replication": {"mode": "disabled"},
    }


_DATABASES: Final = "/accounts/{account_id}/d1/database"

ROUTES: Final = (
    ApiRoute("GET", _DATABASES, list_databases, Permission.D1_READ),
    ApiRoute("POST", _DATABASES, create_database, Permission.D1_EDIT),
    ApiRoute("GET", _DATABASES + "/{database_id}", read_database, Permission.D1_READ),
    ApiRoute("DELETE", _DATABASES + "/{database_id}", delete_database, Permission.D1_EDIT),
    ApiRoute("POST", _DATABASES + "/{database_id}/query", query, Permission.D1_READ),
    ApiRoute("POST", _DATABASES + "/{database_id}/raw", raw, Permission.D1_READ),
)

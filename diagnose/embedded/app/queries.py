"""D1: statements, and their rows as objects or as arrays.

Documented of a body is `{"sql", "params"}` with strings as parameters, and `{"batch": […]}` of the same. What
the API does with other values, and how it words the refusal of a body, is unverified: here a value means what
it means to a Worker's `bind()`.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from diagnose.d1 import D1Error, D1TypeError, ErrorClass, Statement, classify
from diagnose.d1.javascript import SAFE_INTEGER, JsArray, from_sqlite, number_text, to_sqlite
from diagnose.d1.splitting import statements_in
from diagnose.embedded.app.auth import authorize
from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.d1 import DATABASES, known_database
from diagnose.embedded.app.envelope import success
from diagnose.embedded.refusal import RefusalError, invalid_property
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.responses import Response

    from diagnose.d1 import Database, Result
    from diagnose.d1.javascript import JsonValue, JsValue
    from diagnose.embedded.app.calls import Call

_MAX_PLAIN_INTEGER: Final = 1e21  # JavaScript writes integral doubles below it without an exponent
_LONGEST_INTEGER: Final = 400  # digits; the largest double has 309, and Python refuses thousands


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
    uuid = known_database(call)
    statements = _statements(_parsed(await call.request.body()))
    try:
        results = await call.turns.take(uuid, lambda database: _permitted(call, database, statements))
        texts = (piece for statement in statements for _, piece in statements_in(statement.sql))
        call.account.query_counts.record(uuid, texts, results)
    except D1Error as error:
        transient = classify(error.cause) is ErrorClass.TRANSIENT
        raise RefusalError(500 if transient else 400, 7500, error.cause, result=[]) from error
    return success(
        [{"success": True, "results": render(result), "meta": _meta(result)} for result in results]
    )


def _permitted(call: Call, database: Database, statements: Sequence[Statement]) -> Sequence[Result]:
    """Run them. Raises RefusalError 7403 where one may change something and the token may only read.

    That reading takes no permission to edit is what the changelog of D1 of May 2025 says; the code of the
    refusal is not documented.
    """
    if not call.grant.allows(Permission.D1_EDIT) and not _reads_only(database, statements):
        authorize(call.account, call.grant, None, Permission.D1_EDIT, call.request.url.path)
    return database.run_all(*statements)


def _reads_only(database: Database, statements: Sequence[Statement]) -> bool:
    pieces = (piece for statement in statements for _, piece in statements_in(statement.sql))
    try:
        return all(database.prepare(piece).readonly for piece in pieces)
    except D1Error:
        return True  # it is refused before anything is changed, with the error that running it has


def _parsed(body: bytes) -> Any:
    """The body as a JavaScript front end reads it. Raises RefusalError 7400."""
    try:
        text = body.decode("utf-8-sig", errors="replace")
        return json.loads(text, parse_int=_integer, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise invalid_property("The request body is not JSON") from None


def _integer(text: str) -> float:
    return int(text) if len(text) < _LONGEST_INTEGER else math.inf


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _statements(body: Any) -> list[Statement]:
    """What the body asks to be run as one transaction. Raises RefusalError 7400."""
    if not isinstance(body, dict):
        raise invalid_property("The request body must be an object")
    if "batch" not in body:
        return [_statement(body, "")]
    if not isinstance(body["batch"], list):
        raise invalid_property("batch: must be an array")
    return [_statement(item, f"batch.{place}.") for place, item in enumerate(body["batch"])]


def _statement(item: Any, where: str) -> Statement:
    if not isinstance(item, dict):
        raise invalid_property(f"{where.removesuffix('.')}: must be an object")
    if not isinstance(item.get("sql"), str):
        raise invalid_property(f"{where}sql: must be a string")
    params = item.get("params")
    if params is not None and not isinstance(params, list):
        raise invalid_property(f"{where}params: must be an array")
    values = [_value(value, f"{where}params.{place}") for place, value in enumerate(params or [])]
    return Statement(item["sql"], tuple(values) if values else None)


def _value(value: Any, where: str) -> JsValue:
    """A JSON value as JavaScript has it; an array is one of bytes. Raises RefusalError 7400."""
    if isinstance(value, dict) or (isinstance(value, list) and not all(map(_is_number, value))):
        raise invalid_property(f"{where}: must be a string, number, boolean, null or array of bytes")
    if not isinstance(value, list):
        scalar: JsValue = value
        return scalar
    blob = JsArray(tuple(value))
    try:
        to_sqlite(blob)
    except D1TypeError:
        raise invalid_property(f"{where}: must be an array of bytes from 0 to 255") from None
    return blob


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _written(value: JsonValue) -> JsonValue:
    """The value as `JSON.stringify` writes it: JavaScript has no `1.0`, and few digits of large integers."""
    if not isinstance(value, float) or not value.is_integer() or abs(value) >= _MAX_PLAIN_INTEGER:
        return value
    return int(value) if abs(value) <= SAFE_INTEGER else int(number_text(value))


def _meta(result: Result) -> dict[str, Any]:
    return {
        "served_by": "embedded",
        "served_by_primary": True,
        "duration": result.duration_ms,
        "timings": {"sql_duration_ms": result.duration_ms},
        "changes": result.changes,
        "last_row_id": _written(from_sqlite(result.last_row_id)),
        "changed_db": result.changed_db,
        "size_after": result.size_after,
        "rows_read": result.rows_read,
        "rows_written": result.rows_written,
        "total_attempts": 1,
    }


ROUTES: Final = (
    ApiRoute("POST", DATABASES + "/{database_id}/query", query, Permission.D1_READ),
    ApiRoute("POST", DATABASES + "/{database_id}/raw", raw, Permission.D1_READ),
)

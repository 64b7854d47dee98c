"""Calls the REST API with what the vectors call the binding with, as far as that can be said in its bodies.

Left out: `exec()`, whose lines and errors are the binding's own; values that `bind()` refuses before anything
is sent; and the column that `first()` does not find, which the binding looks for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from diagnose.d1.errors import D1TypeError
from diagnose.d1.javascript import JsArray, to_sqlite
from vectors.comparing import MANY, Outcome
from vectors.encoding import calls_of, encoded_parameters, read_json, statement_of, text_of, value_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.d1 import Database

LONG = 1_000_000
_OF_THE_BINDING = ("D1_TYPE_ERROR", "D1_COLUMN_NOTFOUND", "Cannot convert")


class Api:
    """One database behind `/query` or `/raw`.

    Args:
        database: the engine behind it, which the set-up is run by.
        post: sends a body to a path of the database, and gives the answer's status and body.
        path: which of the two; rows are compared as objects whichever it is, and as arrays for `/raw`.
    """

    def __init__(
        self,
        database: Database,
        post: Callable[[str, bytes], tuple[int, str]],
        path: Literal["query", "raw"],
    ) -> None:
        self._database = database
        self._post = post
        self._path = path

    def set_up(self, encoded: Any) -> None:
        self._database.run(statement_of(encoded))

    def perform(self, vector: dict[str, Any]) -> Outcome | None:
        if "exec" in vector or str(vector["error"]).startswith(_OF_THE_BINDING):
            return None
        try:
            body = _batch_body(vector["batch"]) if "batch" in vector else _body(vector)
        except D1TypeError:
            return None
        outcome, results = self._call(body)
        if results is None:
            return outcome
        return _batch_answer(results) if "batch" in vector else _answer(vector, results)

    def check(self, encoded: Any) -> Outcome:
        outcome, results = self._call(_body(encoded))
        return outcome if results is None else Outcome(result=_objects(results[-1]))

    def recorded_error(self, recorded: dict[str, Any]) -> str | None:
        """The API names no class of errors in front of them."""
        error = recorded.get("error")
        return None if error is None else str(error).removeprefix("D1_ERROR: ")

    def _call(self, body: dict[str, Any]) -> tuple[Outcome, list[dict[str, Any]] | None]:
        status, text = self._post(self._path, _encoded(body))
        answer = (
            read_json(text) if len(text) < LONG else json.loads(text)
        )  # millions of bytes are small numbers
        assert answer["success"] is (status == 200), text
        if status == 200:
            return Outcome(), answer["result"]
        (error,) = answer["errors"]
        assert (error["code"], answer["result"]) == (7500, []), text
        return Outcome(error=error["message"]), None


def _body(encoded: Any) -> dict[str, Any]:
    if not isinstance(encoded, dict) or "sql" not in encoded:
        return {"sql": text_of(encoded)}
    body: dict[str, Any] = {"sql": text_of(encoded["sql"])}
    if "params" in encoded:
        body["params"] = [_json(one) for one in encoded_parameters(encoded["params"])]
    return body


def _batch_body(batch: list[Any]) -> dict[str, Any]:
    return {"batch": [_body(one) for one in calls_of(batch)]}


def _json(encoded: Any) -> Any:
    """A value as the binding sends it in JSON. Raises D1TypeError where it sends nothing."""
    value = value_of(encoded)
    sent = to_sqlite(value)
    if isinstance(value, bytes | JsArray):
        assert isinstance(sent, bytes)
        return list(sent)
    return value if isinstance(value, str | bool) else sent


def _encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def _objects(result: dict[str, Any]) -> list[dict[str, Any]]:
    rows = result["results"]
    if isinstance(rows, dict):
        return [dict(zip(rows["columns"], row, strict=True)) for row in rows["rows"]]
    return list(rows)


def _batch_answer(results: list[dict[str, Any]]) -> Outcome:
    rows = [_objects(result) for result in results] if len(results) <= MANY else None
    return Outcome(result=rows, changes=sum(result["meta"]["changes"] for result in results))


def _answer(vector: dict[str, Any], results: list[dict[str, Any]]) -> Outcome:
    last = results[-1]
    match vector.get("method", "all"):
        case "first":
            row = next(iter(_objects(last)), None)
            column = vector.get("column")
            return Outcome(result=row if row is None or column is None else row[column])
        case "raw" if isinstance(last["results"], dict):
            names = [last["results"]["columns"]] if vector.get("options", {}).get("columnNames") else []
            return Outcome(result=names + last["results"]["rows"])
        case "raw":
            return Outcome(result=vector["result"])  # objects have lost what is compared
    meta = {
        "last_row_id": last["meta"]["last_row_id"],
        "changed_db": any(result["meta"]["changed_db"] for result in results),
    }
    return Outcome(
        result=_objects(last), changes=sum(result["meta"]["changes"] for result in results), meta=meta
    )

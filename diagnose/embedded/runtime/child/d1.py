"""The D1 binding: `D1Database` and `D1PreparedStatement` as the runtime's JavaScript has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .isolate import current
from .promises import promise, rejection
from .values import MISSING, NULL, Array, BigInt, JsError, PlainObject, PyProxy, Value, iterate
from .wire import decode, encode

if TYPE_CHECKING:
    from .channel import Frame
    from .promises import Promise


def request(frame: Frame) -> Frame:
    """Ask the parent on behalf of a binding. Raises JsError with what the binding answered."""
    isolate = current()
    refusal = isolate.require_handler()
    if refusal is not None:
        raise JsError(refusal)
    reply = isolate.channel.ask({**frame, "at": isolate.here})
    if "error" in reply:
        raise JsError(reply["error"]["message"], reply["error"]["name"])
    return reply


class Binding(Value):
    """An object of `env` that refuses by name what is not imitated."""

    not_imitated: frozenset[str] = frozenset()

    def get(self, name: str) -> Any:
        """A member, or MISSING."""
        if name in self.not_imitated:
            current().refuse(f"{self.constructor}.{name}")
        return super().get(name)


class D1Database(Binding):
    """`env.DB`."""

    constructor = "D1Database"
    members = frozenset({"prepare", "batch", "exec"})
    not_imitated = frozenset({"dump", "withSession"})

    def __init__(self, name: str) -> None:
        self.name = name

    def prepare(self, sql: Any = None) -> D1PreparedStatement:
        """A statement without parameters."""
        return D1PreparedStatement(self, _sql_text(sql))

    def batch(self, statements: Any = None) -> Promise:
        """Every statement in one transaction."""
        if isinstance(statements, PyProxy):
            current().refuse("D1Database.batch() with a Python list that was not converted with to_js")
        try:
            prepared = [_prepared(statement) for statement in iterate(statements)]
            results = _perform("batch", self, prepared)
        except JsError as error:
            return rejection(error)
        return promise(Array([_objects(result) for result in results]))

    def exec(self, sql: Any = None) -> Promise:
        """Statements separated by line breaks."""
        try:
            reply = request({"op": "exec", "binding": self.name, "text": _sql_text(sql)})
        except JsError as error:
            return rejection(error)
        return promise(PlainObject({"count": reply["count"], "duration": reply["duration"]}))


class D1PreparedStatement(Value):
    """What `prepare` and `bind` return."""

    constructor = "D1PreparedStatement"
    members = frozenset({"bind", "run", "all", "first", "raw"})

    def __init__(self, database: D1Database, sql: str, params: list[Any] | None = None) -> None:
        self.database = database
        self.sql = sql
        self.params = params

    def bind(self, *values: Any) -> D1PreparedStatement:
        """A new statement with parameters. A value of a wrong type is refused here, before a call."""
        encoded = [encode(value) for value in values]
        if not all(_is_plain(value) for value in values):
            request({"op": "bind", "binding": self.database.name, "sql": self.sql, "values": encoded})
        return D1PreparedStatement(self.database, self.sql, encoded)

    def run(self, *_ignored: Any) -> Promise:
        """All rows as objects."""
        return self._objects("run")

    def all(self, *_ignored: Any) -> Promise:
        """All rows as objects."""
        return self._objects("all")

    def first(self, column: Any = None) -> Promise:
        """The first row as an object, or one of its values; null without rows."""
        try:
            rows = _objects(_perform("first", self.database, [self])[0]).properties["results"].items
            return promise(_first(rows, column))
        except JsError as error:
            return rejection(error)

    def raw(self, options: Any = None) -> Promise:
        """Rows as arrays; `columnNames: true` puts the names first."""
        try:
            result = _perform("raw", self.database, [self])[0]
        except JsError as error:
            return rejection(error)
        names = isinstance(options, Value) and options.get("columnNames") is True
        rows = [decode(row) for row in result["rows"]]
        return promise(Array([Array(list(result["columns"])), *rows] if names else rows))

    def _objects(self, method: str) -> Promise:
        try:
            return promise(_objects(_perform(method, self.database, [self])[0]))
        except JsError as error:
            return rejection(error)


def _sql_text(sql: Any) -> str:
    if not isinstance(sql, str):
        current().refuse("D1: SQL that is not a string")
    return sql


def _is_plain(value: Any) -> bool:
    return value is NULL or (isinstance(value, (str, bool, int, float)) and not isinstance(value, BigInt))


def _prepared(statement: Any) -> D1PreparedStatement:
    if not isinstance(statement, D1PreparedStatement):
        current().refuse("D1Database.batch() with something that is not a prepared statement")
    return statement


def _perform(method: str, database: D1Database, statements: list[D1PreparedStatement]) -> list[Frame]:
    sent = [{"sql": statement.sql, "params": statement.params} for statement in statements]
    reply = request({"op": "d1", "method": method, "binding": database.name, "statements": sent})
    results: list[Frame] = reply["results"]
    return results


def _objects(result: Frame) -> PlainObject:
    """`{success, meta, results}`; of columns with one name the last wins."""
    columns = result["columns"]
    rows = [
        PlainObject({name: decode(value) for name, value in zip(columns, row, strict=True)})
        for row in result["rows"]
    ]
    meta = {
        key: PlainObject(value) if isinstance(value, dict) else value for key, value in result["meta"].items()
    }
    return PlainObject({"success": True, "meta": PlainObject(meta), "results": Array(list(rows))})


def _first(rows: list[Any], column: Any) -> Any:
    if not rows:
        return NULL
    if column is None:
        return rows[0]
    value = rows[0].properties.get(column, MISSING)
    if value is MISSING:
        raise JsError(f"D1_COLUMN_NOTFOUND: Column not found ({column})")
    return value

"""`JSON.stringify` and `JSON.parse` over JavaScript values."""

from __future__ import annotations

import json
import math
from typing import Any

from .isolate import current
from .values import (
    NULL,
    PLAIN_BELOW,
    Array,
    BigInt,
    Bytes,
    Date,
    Function,
    JsError,
    PlainObject,
    PyProxy,
    Value,
)

_BORROWED = "This borrowed proxy was automatically destroyed when an iterator was exhausted."


def stringify(value: Any) -> str | None:
    """The JSON text, or None for what has none (undefined, a function)."""
    plain = _plain(value, (), in_list=False)
    return None if plain is _ABSENT else json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def parse(content: str) -> Any:
    """The JavaScript value of a JSON text. Raises JsError (SyntaxError)."""
    try:
        return from_json(json.loads(content))
    except json.JSONDecodeError as error:
        raise JsError(f"{error.msg} in JSON at position {error.pos}", "SyntaxError") from None


def from_json(value: Any) -> Any:
    """A JavaScript value from plain Python JSON."""
    if value is None:
        return NULL
    if isinstance(value, dict):
        return PlainObject({key: from_json(item) for key, item in value.items()})
    if isinstance(value, list):
        return Array([from_json(item) for item in value])
    if isinstance(value, int) and not isinstance(value, bool) and value != int(float(value)):
        return float(value)
    return value


class _Absent:
    """Has no JSON: left out of objects, null in arrays."""


_ABSENT = _Absent()


def _plain(value: Any, above: tuple[int, ...], *, in_list: bool) -> Any:
    if isinstance(value, BigInt):
        raise JsError("Do not know how to serialize a BigInt", "TypeError")
    if isinstance(value, float):
        return _number(value)
    if value is NULL:
        return None
    if value is None or isinstance(value, Function):
        return None if in_list else _ABSENT
    if not isinstance(value, Value):
        return value
    if id(value) in above:
        raise JsError("Converting circular structure to JSON", "TypeError")
    return _members(value, (*above, id(value)), in_list=in_list)


def _members(value: Value, above: tuple[int, ...], *, in_list: bool) -> Any:
    if isinstance(value, Array):
        return [_plain(item, above, in_list=True) for item in value.items]
    if isinstance(value, Date):
        return value.toISOString()
    if isinstance(value, Bytes):
        return {str(index): byte for index, byte in enumerate(value.content)} if value.length else {}
    if isinstance(value, PyProxy):
        return _proxied(value.target, above, in_list=in_list)
    members = {key: _plain(value.get(key), above, in_list=False) for key in value.keys()}  # noqa: SIM118 - not a dict
    return {key: item for key, item in members.items() if item is not _ABSENT}


def _number(value: float) -> int | float | None:
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < PLAIN_BELOW else value


def _proxied(target: Any, above: tuple[int, ...], *, in_list: bool) -> Any:
    """A Python object that was not converted: measured on Pyodide 314 only."""
    from .proxies import to_javascript

    if not current().dict_is_object:
        current().refuse(
            f"JSON of a Python {type(target).__name__} that was not converted with to_js "
            f"(Pyodide {current().pyodide_version})"
        )
    if isinstance(target, dict):
        if in_list:
            raise JsError(_BORROWED)
        members = {str(k): _plain(to_javascript(v), above, in_list=False) for k, v in target.items()}
        return {key: item for key, item in members.items() if item is not _ABSENT}
    if isinstance(target, (list, tuple)):
        return [_plain(to_javascript(item), above, in_list=True) for item in target]
    return {}

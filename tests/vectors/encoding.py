"""The encoding of the vectors, which their header describes, as statements of the engine."""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING, Any

from diagnose.d1.engine import Statement
from diagnose.d1.javascript import SAFE_INTEGER, UNDEFINED, BigInt, JsArray, JsObject

if TYPE_CHECKING:
    from diagnose.d1.javascript import JsValue


def read_json(text: str) -> Any:
    """JSON as JavaScript reads it: a number is an integer only where a double holds it."""
    return json.loads(text, parse_int=_number)


def _number(text: str) -> float:
    return int(text) if abs(int(text)) <= SAFE_INTEGER else float(text)


def text_of(generator: Any) -> str:
    match generator:
        case str():
            return generator
        case {"repeat": {"text": text, "times": times}}:
            return text_of(text) * times
        case {"concat": parts}:
            return "".join(map(text_of, parts))
        case {"join": join}:
            numbers = range(join.get("from", 1), join["to"] + 1)
            return join["sep"].join(join["template"].replace("{i}", str(number)) for number in numbers)
        case {"utf16": units}:
            return struct.pack(f"<{len(units)}H", *units).decode("utf-16-le", "surrogatepass")
    raise AssertionError(generator)


def encoded_parameters(encoded: list[Any]) -> list[Any]:
    """The parameters one by one, still encoded."""
    values: list[Any] = []
    for one in encoded:
        match one:
            case {"spread": {"from": first, "to": last}}:
                values.extend(range(first, last + 1))
            case {"spread": {"values": repeated, "times": times}}:
                values.extend(repeated * times)
            case _:
                values.append(one)
    return values


def value_of(encoded: Any) -> JsValue:  # noqa: PLR0911, PLR0912 - one case per kind in the header
    if not isinstance(encoded, dict):
        return encoded
    if "js" not in encoded:
        return text_of(encoded)
    value = encoded.get("value")
    match encoded["js"]:
        case "undefined":
            return UNDEFINED
        case "NaN" | "Infinity" | "-Infinity" | "-0" as number:
            return float(number.replace("Infinity", "inf"))
        case "BigInt":
            return BigInt(int(value))
        case "Symbol":
            return JsObject("symbol", "Symbol()")
        case "Function":
            return JsObject("function", "function f() {}")
        case "Date":
            return JsObject("object", "Tue Jan 02 2024 03:04:05 GMT+0000 (Coordinated Universal Time)")
        case "Map":
            return JsObject("object", "[object Map]")
        case "Object":
            return JsObject("object", "[object Object]")
        case "String" | "Number":
            return JsObject("object", str(value))
        case "Array":
            return JsArray(tuple(map(value_of, value)))
        case "Uint8Array.fill":
            return bytes([encoded["byte"]]) * encoded["length"]
        case "DataView":
            return b""
        case "ArrayBuffer" | "Uint8Array" | "Int8Array" | "Uint16Array" | "Float64Array":
            return bytes(math.trunc(number) % 256 for number in value)
    raise AssertionError(encoded)


def statement_of(encoded: Any) -> Statement:
    if isinstance(encoded, dict) and "sql" in encoded:
        params = tuple(map(value_of, encoded_parameters(encoded["params"]))) if "params" in encoded else None
        return Statement(text_of(encoded["sql"]), params)
    return Statement(text_of(encoded))


def calls_of(batch: list[Any]) -> list[Any]:
    """The encoded statements of a batch one by one."""
    return [one for one in batch for _ in range(one.get("times", 1) if isinstance(one, dict) else 1)]

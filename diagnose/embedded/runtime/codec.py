"""Values between the worker's process and ours: JavaScript values in, results out.

The tags are those of `child/wire.py`.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any

from diagnose.d1.javascript import UNDEFINED, BigInt, JsArray, JsObject, from_sqlite

if TYPE_CHECKING:
    from diagnose.d1 import Result
    from diagnose.d1.javascript import JsValue
    from diagnose.model import Json

_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
_DEEPEST = 64


class MalformedFrameError(Exception):
    """The worker's process sent something that our own child never sends."""


def decode_value(encoded: object, depth: int = _DEEPEST) -> JsValue:  # noqa: PLR0911 - one return per kind of value
    """The JavaScript value behind its encoding. Raises MalformedFrameError."""
    if encoded is None or isinstance(encoded, (bool, int, float, str)):
        return encoded
    if not isinstance(encoded, dict) or len(encoded) != 1 or depth == 0:
        raise MalformedFrameError("a value that is none")
    ((tag, content),) = encoded.items()
    match tag, content:
        case "undefined", True:
            return UNDEFINED
        case "number", str() if content in _NUMBERS:
            return _NUMBERS[content]
        case "bigint", str():
            return BigInt(_integer(content))
        case "bytes", str():
            return decode_bytes(content)
        case "array", list():
            return JsArray(tuple(decode_value(item, depth - 1) for item in content))
        case "object", ["object" | "function" as kind, str() as text]:
            return JsObject(kind, text)
        case _:
            raise MalformedFrameError("a value of an unknown kind")


def decode_bytes(content: object) -> bytes:
    """Bytes from base64. Raises MalformedFrameError."""
    if not isinstance(content, str):
        raise MalformedFrameError("bytes that are not text")
    try:
        return binascii.a2b_base64(content, strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedFrameError("bytes that are not base64") from error


def encode_bytes(content: bytes) -> str:
    """Base64 without a line break."""
    return binascii.b2a_base64(content, newline=False).decode("ascii")


def encode_result(result: Result) -> dict[str, Any]:
    """One result as the binding's JavaScript sees it: numbers are doubles, bytes lists of numbers."""
    return {
        "columns": list(result.columns),
        "rows": [[from_sqlite(value) for value in row] for row in result.rows],
        "meta": encode_meta(result),
    }


def encode_meta(result: Result) -> dict[str, Json]:
    """`meta` with the keys of the newest runtime, in its order."""
    return {
        "served_by": "diagnose",
        "served_by_primary": True,
        "total_attempts": 1,
        "timings": {"sql_duration_ms": result.duration_ms},
        "duration": result.duration_ms,
        "changes": result.changes,
        "last_row_id": result.last_row_id,
        "changed_db": result.changed_db,
        "size_after": result.size_after,
        "rows_read": result.rows_read,
        "rows_written": result.rows_written,
    }


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError as error:
        raise MalformedFrameError("a bigint that is no number") from error

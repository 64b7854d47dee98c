"""JavaScript values in JSON, for the parent's `codec`.

Strings, booleans, finite numbers and null stand for themselves; everything else is an object with the one
key that says what it is: undefined, number, bigint, bytes, array, object.
"""

from __future__ import annotations

import math
from binascii import a2b_base64, b2a_base64
from typing import Any

from .values import NULL, Array, BigInt, Bytes, Function, PyProxy, number_text, text


def encode(value: Any) -> Any:  # noqa: PLR0911 - one return per kind of value
    """A value on its way to the parent."""
    if value is NULL:
        return None
    if value is None:
        return {"undefined": True}
    if isinstance(value, BigInt):
        return {"bigint": str(int(value))}
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": number_text(value)}
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Bytes):
        return {"bytes": encode_bytes(value.content)}
    if isinstance(value, Array):
        return {"array": [encode(item) for item in value.items]}
    return {"object": [_kind(value), text(value)]}


def encode_bytes(content: bytes) -> str:
    """Base64 without a line break."""
    return b2a_base64(content, newline=False).decode("ascii")


def decode_bytes(content: str) -> bytes:
    """Bytes from base64."""
    return a2b_base64(content)


def decode(value: Any) -> Any:
    """A value that the parent sends: JSON as it is, with null for null."""
    if value is None:
        return NULL
    return Array([decode(item) for item in value]) if isinstance(value, list) else value


def _kind(value: Any) -> str:
    if isinstance(value, Function) or (isinstance(value, PyProxy) and callable(value.target)):
        return "function"
    return "object"

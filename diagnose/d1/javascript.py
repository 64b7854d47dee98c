"""JavaScript values as they reach a D1 binding, and what `bind()` makes of them.

None                 null
bool                 boolean
int, float           number (JavaScript has one kind: the double)
str                  string; may hold lone surrogates
bytes                ArrayBuffer or typed array, one byte per element
UNDEFINED            undefined
BigInt(value)        bigint
JsArray(items)       Array
JsObject(kind, text) anything else: a plain object, Date, Map, function, symbol, a Pyodide proxy
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, TypeAlias, assert_never

from diagnose.d1.errors import D1TypeError

SqliteValue: TypeAlias = "int | float | str | bytes | None"
JsonValue: TypeAlias = "int | float | str | list[int] | None"

SAFE_INTEGER: Final = 2**53 - 1  # Number.MAX_SAFE_INTEGER
_PLAIN_DIGITS: Final = 21  # Number::toString switches to an exponent from 1e21 (ECMA-262, 6.1.6.1.20)
_PLAIN_ZEROS: Final = 6  # and below 1e-6
_BYTE: Final = 256
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Undefined(Enum):
    """The type of `undefined`."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED


@dataclass(frozen=True, slots=True)
class BigInt:
    """A `bigint`."""

    value: int


@dataclass(frozen=True, slots=True)
class JsArray:
    """An `Array`."""

    items: tuple[JsValue, ...]


@dataclass(frozen=True, slots=True)
class JsObject:
    """A value that has no counterpart in SQL; `text` is its `String(value)`."""

    kind: Literal["object", "function", "symbol"]
    text: str


JsValue: TypeAlias = "bool | int | float | str | bytes | Undefined | BigInt | JsArray | JsObject | None"


def to_sqlite(value: JsValue) -> SqliteValue:
    """What SQLite is given for a bound value.

    Numbers and booleans become doubles and NaN and the infinities NULL, because the call travels as JSON
    and the engine binds every number as a double. A lone surrogate becomes three replacement characters,
    which is what a reader of the stored bytes sees.

    Raises:
        D1TypeError: the value is of a type that `bind()` refuses.
    """
    match value:
        case None | bytes():
            return value
        case str():
            return well_formed(value)
        case bool() | int() | float():
            return _number(value)
        case JsArray():
            return _array(value)
        case Undefined() | BigInt() | JsObject():
            raise _refused(value)
        case _:
            assert_never(value)


def well_formed(text: str) -> str:
    """The text with each lone surrogate replaced as a decoder of its three stored bytes would."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd" * 3, text)


def from_sqlite(value: SqliteValue) -> JsonValue:
    """What a Worker sees of a stored value: a JSON value.

    Integers beyond 2^53 are rounded to the nearest double, infinities are null, blobs are lists of numbers.
    """
    match value:
        case bytes():
            return list(value)
        case float() if not math.isfinite(value):
            return None
        case int() if abs(value) > SAFE_INTEGER:
            return float(value)
        case _:
            return value


def number_text(value: float) -> str:
    """`String(value)` of a JavaScript number."""
    number = _double(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "0"
    return ("-" if number < 0 else "") + _finite_text(abs(number))


def _finite_text(number: float) -> str:
    mantissa, _, exponent = f"{number!r}e0".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading = len(whole + fraction) - len(digits)
    point = len(whole) - leading + int(exponent.partition("e")[0])
    digits = digits.rstrip("0")
    if len(digits) <= point <= _PLAIN_DIGITS:
        return digits.ljust(point, "0")
    if 0 < point <= _PLAIN_DIGITS:
        return f"{digits[:point]}.{digits[point:]}"
    if -_PLAIN_ZEROS < point <= 0:
        return f"0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{tail}e{point - 1:+d}"


def _double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _number(value: float) -> float | None:
    number = _double(value)
    # Adding zero turns -0.0 into 0.0: JSON.stringify(-0) is "0".
    return number + 0.0 if math.isfinite(number) else None


def _array(array: JsArray) -> bytes:
    numbers = [item for item in array.items if isinstance(item, int | float) and not isinstance(item, bool)]
    if len(numbers) == len(array.items) and all(0 <= number < _BYTE for number in numbers):
        return bytes(int(number) for number in numbers)
    raise _refused(array)


def _refused(value: JsArray | Undefined | BigInt | JsObject) -> D1TypeError:
    if isinstance(value, JsObject) and value.kind == "symbol":
        return D1TypeError("Cannot convert a Symbol value to a string", prefix="")
    return D1TypeError(f"Type '{_type_name(value)}' not supported for value '{_text(value)}'")


def _type_name(value: JsArray | Undefined | BigInt | JsObject) -> str:
    match value:
        case Undefined():
            return "undefined"
        case BigInt():
            return "bigint"
        case JsObject():
            return value.kind
        case JsArray():
            return "object"


def _text(value: JsValue) -> str:  # noqa: PLR0911 - one return per type
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value)
        case str():
            return value
        case bytes():
            return ",".join(map(str, value))
        case Undefined():
            return "undefined"
        case BigInt():
            return str(value.value)
        case JsArray():
            return ",".join("" if item is None or item is UNDEFINED else _text(item) for item in value.items)
        case JsObject():
            return value.text
        case _:
            assert_never(value)

"""How one value travels to D1 so that it arrives as it was."""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from diagnose.d1.errors import RowError
from diagnose.d1.javascript import SAFE_INTEGER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.javascript import SqliteValue
    from diagnose.d1.limits import D1Limits

_INT64: Final = range(-(2**63), 2**63)
_UTF8_BYTES: Final = 4  # the most that one character takes


class Carrier(Enum):
    """What carries a value.

    NULL: any. JSON: inside a JSON text. HEX: inside a JSON text, as hexadecimal digits. BOUND: only a
    parameter of its own keeps it as it is.
    """

    NULL = auto()
    JSON = auto()
    HEX = auto()
    BOUND = auto()


def carrier(value: SqliteValue, limits: D1Limits) -> Carrier:
    """What carries the value.

    A double outside the range that every build of D1 reads exactly is bound, and so is text with U+0000,
    where SQLite's JSON functions end a string.
    """
    match value:
        case None:
            return Carrier.NULL
        case bytes():
            return Carrier.HEX
        case float() if not limits.json_doubles.holds(value):
            return Carrier.BOUND
        case str() if "\0" in value:
            return Carrier.BOUND
        case _:
            return Carrier.JSON


def all_ordinary(row: Sequence[SqliteValue], limits: D1Limits) -> bool:
    """Whether the row holds nothing but nulls, short texts, 64-bit integers and doubles safe in JSON.

    The quick answer for nearly all rows: it spares them `carrier` and `check`.
    """
    smallest, largest = limits.json_doubles.smallest, limits.json_doubles.largest
    longest = limits.value_bytes // _UTF8_BYTES
    for value in row:
        if value is None or (type(value) is str and len(value) <= longest):
            continue
        if type(value) is float and (value == 0 or smallest <= abs(value) <= largest):
            continue
        if type(value) is int and _INT64.start <= value < _INT64.stop:
            continue
        return False
    return True


def check(value: SqliteValue, *, row: int, column: str, limits: D1Limits) -> None:
    """Refuse what D1 cannot hold.

    Raises:
        RowError: NaN or an infinity (they would silently become NULL), an integer of more than 64 bits,
            or a text or blob over the limit.
    """
    match value:
        case float() if not math.isfinite(value):
            raise RowError(
                f"{value} cannot be stored: D1 turns it into NULL",
                row=row,
                column=column,
                hint="map it to a number, to text or to null before the import",
            )
        case int() if value not in _INT64:
            raise RowError(
                f"{value} does not fit into 64 bits", row=row, column=column, hint="store it as text"
            )
        case str() | bytes() if (
            len(value) * _UTF8_BYTES > limits.value_bytes and _size(value) > limits.value_bytes
        ):
            raise RowError(
                f"the value has {_size(value)} bytes and D1 stores at most {limits.value_bytes}",
                row=row,
                column=column,
            )


def placeholder(value: SqliteValue, text: str) -> str:
    """The SQL for a bound value; an integer that a double cannot hold travels as text."""
    return f"CAST({text} AS INTEGER)" if _too_precise(value) else text


def bound(value: SqliteValue) -> SqliteValue:
    """The value to bind where `placeholder` stands; booleans are 0 and 1."""
    if _too_precise(value):
        return str(value)
    return int(value) if isinstance(value, bool) else value


def _too_precise(value: SqliteValue) -> bool:
    return isinstance(value, int) and abs(value) > SAFE_INTEGER


def _size(value: str | bytes) -> int:
    return len(value.encode(errors="surrogatepass")) if isinstance(value, str) else len(value)

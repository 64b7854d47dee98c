"""Words SQLite's errors as D1 words them."""

from __future__ import annotations

import re
from typing import Final

import apsw

from diagnose.d1.allowed import ABSENT_FUNCTIONS
from diagnose.d1.errors import D1Error

# https://developers.cloudflare.com/d1/observability/debug-d1/
_TOO_LATE: Final = "D1 DB storage operation exceeded timeout which caused object to be reset."
_FUNCTION: Final = re.compile(r"(?:not authorized to use|wrong number of arguments to) function:? ([\w]+)")


def offset_of(error: apsw.Error) -> int:
    """Byte offset of the token that is wrong, or -1."""
    return int(getattr(error, "error_offset", -1))


def translated(error: apsw.Error, message: str | None = None, offset: int | None = None) -> D1Error:
    """The D1Error for an error of SQLite; `message` and `offset` replace SQLite's own.

    The extended code is named only when it says more than the primary one, the offset only when SQLite
    knows which token is wrong.
    """
    if isinstance(error, apsw.InterruptError):
        return too_late()
    message = str(error) if message is None else message
    result = getattr(error, "result", apsw.SQLITE_ERROR)
    # Only a virtual table says no more than this; D1 has its own statements answer without extended codes.
    extended = result if message == "constraint failed" else getattr(error, "extendedresult", result)
    offset = offset_of(error) if offset is None else offset
    return D1Error.from_sqlite(
        _hide_absent_function(message),
        code=str(apsw.mapping_result_codes.get(result, "SQLITE_ERROR")),
        extended=None if extended == result else _extended_name(extended),
        offset=None if offset < 0 else offset,
    )


def refused(error: apsw.Error, refusal: D1Error | None) -> D1Error:
    """The D1Error for an error of SQLite, or the authorizer's own where it was the authorizer's.

    A text may be wrong for another reason behind what the authorizer refused; then that is told.
    """
    return refusal if refusal is not None and isinstance(error, apsw.AuthError) else translated(error)


def too_late() -> D1Error:
    """A query, or a whole batch, took longer than it may."""
    return D1Error(_TOO_LATE)


def _extended_name(code: int) -> str | None:
    name = apsw.mapping_extended_result_codes.get(code)
    return None if name is None else str(name)


def _hide_absent_function(message: str) -> str:
    """Functions that only the bundled SQLite has read as missing ones, whatever is wrong with the call."""
    match = _FUNCTION.match(message)
    if match and match[1].lower() in ABSENT_FUNCTIONS:
        return f"no such function: {match[1]}"
    return message

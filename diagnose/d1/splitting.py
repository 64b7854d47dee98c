"""Where one statement ends within a text, as SQLite's own tail pointer would say."""

from __future__ import annotations

import re
from typing import Final

import apsw

_SPACE: Final = " \t\n\f\r"
_TRAILING_RUN: Final = re.compile(r"[ \t\n\f\r;]*\Z")
_JAVASCRIPT_SPACE: Final = (
    " \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_LINE_COMMENT: Final = re.compile(
    rf"(?:^|(?<=[\n\r\u2028\u2029]))[{_JAVASCRIPT_SPACE}]*--[^\n\r\u2028\u2029]*"
)


def statement_end(swallowed: str) -> int:
    """Length of the first statement of a text that apsw took for one, with its own semicolon.

    apsw takes white space and further semicolons along; SQLite stops behind the first semicolon that
    completes the statement, which in a CREATE TRIGGER is not the first of the run.
    """
    run = _TRAILING_RUN.search(swallowed)
    start = len(swallowed) if run is None else run.start()
    for index in range(start, len(swallowed)):
        if swallowed[index] == ";" and apsw.complete(swallowed[: index + 1]):
            return index + 1
    return len(swallowed)


def skip_space(text: str) -> str:
    """The text behind the white space that follows a statement."""
    return text.lstrip(_SPACE)


def trim(text: str) -> str:
    """`String.prototype.trim`, as the binding's `exec()` applies it."""
    return text.strip(_JAVASCRIPT_SPACE)


def is_blank(text: str) -> bool:
    """Whether D1 drops the text before it reaches SQLite: nothing in it but space and `--` comments."""
    return not trim(_LINE_COMMENT.sub("", text))

"""Where one statement ends within a text, as SQLite's own tail pointer would say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import apsw

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACE: Final = " \t\n\f\r"
_JAVASCRIPT_SPACE: Final = (
    " \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_TRIGGER: Final = re.compile(r"(?:EXPLAIN\b.*?)?CREATE\b.*?\bTRIGGER\b", re.IGNORECASE | re.DOTALL)
_LINE_END: Final = "\n\r\u2028\u2029"
_WITHIN_LINE: Final = "".join(space for space in _JAVASCRIPT_SPACE if space not in _LINE_END)
# Blank lines stay: a space that ran over them would be tried anew from each of a hundred thousand.
_LINE_COMMENT: Final = re.compile(rf"(?:^|(?<=[{_LINE_END}]))[{_WITHIN_LINE}]*--[^{_LINE_END}]*")

# What may hold a semicolon that ends nothing, and a semicolon: files have megabytes, which `tokens` takes
# ten times as long to read. A doubled quote inside a literal makes two of it, which does no harm here. What
# has no end goes to the end of the text: nothing is looked for in it once more.
_MARK: Final = re.compile(
    r"""'[^']*(?:'|\Z)|"[^"]*(?:"|\Z)|`[^`]*(?:`|\Z)|\[[^\]]*(?:\]|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)|;""",
    re.DOTALL,
)
_FILLING: Final = re.compile(r"(?:[ \t\n\f\r;]|--[^\n]*|/\*.*?(?:\*/|\Z))*", re.DOTALL)


def statement_end(swallowed: str) -> int:
    """Length of the first statement of a text that apsw took for one, with its own semicolon.

    apsw takes white space and further semicolons along; SQLite stops behind the first semicolon that
    completes the statement, which in a CREATE TRIGGER is not the first of the run.
    """
    start = len(swallowed.rstrip(_SPACE + ";"))
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


def statements_in(text: str) -> Iterator[tuple[int, str]]:
    """Every statement of a file, with the character at which it begins.

    Comments and space before a statement are left out; its semicolon belongs to it. A text that SQLite
    refuses is split all the same: a semicolon inside a literal, a comment or a trigger's body ends nothing.
    """
    start = position = _filling_end(text, 0)
    while start < len(text) and (mark := _MARK.search(text, position)):
        position = mark.end()
        if mark[0] != ";":
            continue
        statement = text[start:position]
        if apsw.complete(statement.replace("\0", " ")):  # apsw takes no NUL
            yield start, statement
            start = position = _filling_end(text, position)
        elif not _TRIGGER.match(statement):
            break  # a literal without an end: what follows cannot be told from it
    if start < len(text):
        yield start, text[start:].rstrip(_SPACE)


def _filling_end(text: str, position: int) -> int:
    """Where white space, comments and lone semicolons end."""
    found = _FILLING.match(text, position)
    return position if found is None else found.end()

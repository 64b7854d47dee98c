"""Calls of SQL functions that take any number of arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.d1.tokens import Kind, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.d1.tokens import Token

# Only these can be given many: https://sqlite.org/lang_corefunc.html and https://sqlite.org/json1.html. Any
# other word before a parenthesis is another function, a table with its columns, or a keyword.
_CALL: Final = re.compile(
    r"\b(?:char|coalesce|concat|concat_ws|format|max|min|printf"
    r"|jsonb?_(?:array|extract|insert|object|remove|replace|set))\b",
    re.IGNORECASE,
)
_BEFORE_A_TABLE: Final = ("INTO", "TABLE", "VIEW", "REFERENCES", "EXISTS", "WITH", "RECURSIVE")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """One call.

    Attributes:
        function: its name as it is written, with its quotes if it has some; D1's errors name it so, too.
        arguments: how many it is given.
        start: position of the name in characters.
    """

    function: str
    arguments: int
    start: int


def function_calls(sql: str) -> Iterator[FunctionCall]:
    """The calls of functions that take any number of arguments, in the order of their names."""
    found = list(tokens(sql)) if _CALL.search(sql) else []
    for index, name in enumerate(found):
        if _CALL.fullmatch(_name(name)) and not _names_a_table(found, index):
            arguments = _arguments(found, index + 1)
            if arguments is not None:
                yield FunctionCall(function=name.text, arguments=arguments, start=name.start)


def _name(token: Token) -> str:
    """A word, or what stands in quotes: SQLite takes a quoted name for a function's, too."""
    if token.kind is Kind.QUOTED:
        return token.text[1:-1]
    return token.text if token.kind is Kind.WORD else ""


def _names_a_table(found: Sequence[Token], index: int) -> bool:
    if index == 0:
        return False
    before = found[index - 1]
    if before.is_word("ON"):  # of an index; in a join or an upsert it is followed by an expression
        return index > 2 and found[index - 3].is_word("INDEX", "EXISTS")  # noqa: PLR2004 - INDEX name ON
    return before.text == "." or before.is_word(*_BEFORE_A_TABLE)


def _arguments(found: Sequence[Token], index: int) -> int | None:
    """How many stand in the parentheses that open here; None where none open."""
    if index >= len(found) or found[index].text != "(":
        return None
    depth, count, is_empty = found[index].depth, 0, True
    for token in found[index + 1 :]:
        if token.text == ")" and token.depth == depth:
            break
        is_empty = False
        count += token.kind is Kind.SYMBOL and token.text == "," and token.depth == depth + 1
    return 0 if is_empty else count + 1

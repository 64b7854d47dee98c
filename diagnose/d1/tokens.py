"""SQL text as tokens, as far as finding the clauses of a statement needs it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# The rules of SQLite's tokenizer: https://sqlite.org/syntax/sql-stmt.html and src/tokenize.c.
_TOKEN: Final = re.compile(
    r"""
      (?P<space>   [\ \t\n\f\r\ufeff]+ | --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<literal> '(?:[^']|'')*' | (?:[0-9]+(?:\.[0-9_]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)? )
    | (?P<quoted>  "(?:[^"]|"")*" | `(?:[^`]|``)*` | \[[^\]]*\] )
    | (?P<variable> \?[0-9]* | [@:\#$][\w$\x80-\U0010ffff]+ )
    | (?P<word>    [A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]* )
    | (?P<symbol>  . )
    """,
    re.VERBOSE | re.DOTALL,
)


class Kind(Enum):
    """What a token is."""

    LITERAL = "literal"
    QUOTED = "quoted"
    VARIABLE = "variable"
    WORD = "word"
    SYMBOL = "symbol"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `start` and `end` are positions in characters, `depth` counts open parentheses."""

    kind: Kind
    text: str
    start: int
    end: int
    depth: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords, which are given in upper case."""
        return self.kind is Kind.WORD and self.text.upper() in words


def parameters(found: Iterable[Token]) -> dict[int, int]:
    """The number that SQLite gives each parameter, by the place where it stands."""
    numbers: dict[int, int] = {}
    known: dict[str, int] = {}
    highest = 0
    for token in found:
        if token.kind is Kind.VARIABLE:
            explicit = token.text[1:] if token.text[0] == "?" else ""
            number = int(explicit) if explicit else known.get(token.text, highest + 1)
            if token.text != "?":
                known[token.text] = number
            highest = max(highest, number)
            numbers[token.start] = number
    return numbers


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of a text; white space and comments are left out."""
    depth = 0
    for match in _TOKEN.finditer(sql):
        kind, text = match.lastgroup, match[0]
        if kind is None or kind == "space":
            continue
        depth -= text == ")"
        yield Token(Kind(kind), text, match.start(), match.end(), depth)
        depth += text == "("

"""String literals as they are written: where they begin and end, and how to go on behind a place in one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ast_grep_py import SgRoot

from diagnose.rewriting.outcome import NotUnderstood

WIDTH: Final = 100
"""Columns that new text keeps to."""


@dataclass(frozen=True, slots=True)
class StringLiteral:
    """One literal, without its neighbours; offsets are those of the text.

    Attributes:
        prefix: such as `f` or `rb`.
        quote: `"`, `'`, or three of them.
        start: of the prefix.
        end: behind the closing quote.
    """

    prefix: str
    quote: str
    start: int
    end: int

    @property
    def inside(self) -> int:
        """Where its characters begin."""
        return self.start + len(self.prefix) + len(self.quote)


def literal_at(text: str, offset: int) -> StringLiteral:
    """The innermost literal around a character. Raises NotUnderstood when none is there."""
    found = None
    for node in SgRoot(text, "python").root().find_all(kind="string"):
        where = node.range()
        if where.start.index <= offset < where.end.index:
            found = node
    opening = re.match(r"""([A-Za-z]*)(\"\"\"|'''|"|')""", found.text()) if found else None
    if found is None or opening is None:
        raise NotUnderstood("the statement's text is not written as a literal")
    where = found.range()
    return StringLiteral(opening[1], opening[2], where.start.index, where.end.index)


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines that end with the blank after them, so that they can be joined again."""
    lines = [""]
    for word in re.findall(r"\S+\s*", text):
        if lines[-1] and len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += word
    return lines


def adjacent(lines: list[str], indent: str, quote: str = '"') -> str:
    """The lines as literals below each other."""
    return f"\n{indent}".join(f"{quote}{line}{quote}" for line in lines)


def shifted(text: str, *, add: str = "", drop: int = 0) -> str:
    """The text with all lines but its first indented further, or by `drop` characters less.

    Lines that begin inside a literal belong to its value and stay.
    """
    fixed: set[int] = set()
    for node in SgRoot(text, "python").root().find_all(kind="string"):
        where = node.range()
        fixed.update(range(where.start.line + 1, where.end.line + 1))
    lines = text.split("\n")
    return "\n".join(
        line if number == 0 or number in fixed or not line.strip() else add + line[drop:]
        for number, line in enumerate(lines)
    )

"""Text with half a surrogate pair, which JavaScript has, D1 stores as three bytes, and apsw does not encode.

Such a value is bound as a BLOB that SQL casts to text. In a statement a character of as many bytes stands in
for each half, so that offsets of errors stay what they are, and literals are cast before it is run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.d1.tokens import Kind, parameters, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.javascript import SqliteValue

_HALF: Final = re.compile("[\ud800-\udfff]")
_STAND_IN: Final = re.compile("[\ue000-\ue7ff]")
_SHIFT: Final = 0xE000 - 0xD800
_SEEN: Final = "\ufffd" * 3  # what a decoder makes of the three bytes
_ROWS: Final = ("SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE")


class HalvedText(bytes):
    """The bytes of a text with half a surrogate pair."""

    __slots__ = ()


def paired(text: str) -> str:
    """The text with halves that belong together made one character."""
    if text.isascii() or not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def stored(text: str) -> str | HalvedText:
    """The text, or the bytes that stand for it in the database."""
    whole = paired(text)
    if whole.isascii() or not _HALF.search(whole):
        return whole
    return HalvedText(whole.encode("utf-8", "surrogatepass"))


def has_halves(sql: str) -> bool:
    """Whether half a surrogate pair stands in the text of a statement."""
    return not sql.isascii() and _HALF.search(paired(sql)) is not None


def stand_ins(sql: str) -> str:
    """A statement in which a character of the private use area stands for each half."""
    return _HALF.sub(lambda half: chr(ord(half[0]) + _SHIFT), paired(sql))


def seen(text: str) -> str:
    """What a reader sees of a name or an error that quotes stand-ins."""
    return _STAND_IN.sub(_SEEN, text)


def spelled(sql: str, values: Sequence[SqliteValue], *, halved: bool) -> str:
    """The statement with what apsw does not encode written as a cast; `halved` when it has stand-ins.

    A plus sign takes the affinity away that a cast would have. What defines a table keeps its stand-ins.
    """
    if not halved and not any(isinstance(value, HalvedText) for value in values):
        return sql
    found = [token for token in tokens(sql) if token.text != ";"]
    if not found or not found[0].is_word(*_ROWS):
        return sql
    numbers = parameters(found)
    pieces, reached = [], 0
    for token in found:
        text = None
        if token.kind is Kind.VARIABLE and isinstance(values[numbers[token.start] - 1], HalvedText):
            text = f"(+CAST(?{numbers[token.start]} AS TEXT))"
        elif token.kind is Kind.VARIABLE:
            text = f"?{numbers[token.start]}"
        elif halved and token.kind is Kind.LITERAL and _STAND_IN.search(token.text):
            text = f"(+CAST(x'{_literal_bytes(token.text).hex()}' AS TEXT))"
        if text is not None:
            pieces += [sql[reached : token.start], text]
            reached = token.end
    return "".join(pieces) + sql[reached:]


def _literal_bytes(literal: str) -> bytes:
    halves = _STAND_IN.sub(lambda half: chr(ord(half[0]) - _SHIFT), literal[1:-1].replace("''", "'"))
    return halves.encode("utf-8", "surrogatepass")

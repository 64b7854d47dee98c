"""Columns whose values a statement computes anew each time, so that comparing them would tell nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.tokens import Kind, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from diagnose.d1.tokens import Token

# Functions that are not deterministic: https://sqlite.org/deterministic.html
_RANDOM = ("RANDOM", "RANDOMBLOB", "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LAST_INSERT_ROWID")
_CLOCKS = ("DATE", "TIME", "DATETIME", "STRFTIME", "UNIXEPOCH", "JULIANDAY", "TIMEDIFF")


def computed_columns(sql: str, columns: Sequence[str]) -> frozenset[str]:
    """The columns, in lower case, that an INSERT or UPDATE fills with the time or with random values.

    Args:
        sql: the statement, or a trigger.
        columns: those that an INSERT fills, in order.
    """
    read = list(tokens(sql))
    found = {
        column.lower() for column, value in zip(columns, _inserted(read), strict=False) if is_computed(value)
    }
    return frozenset(found | {column for column, value in assigned(read) if is_computed(value)})


def is_computed(value: Sequence[Token]) -> bool:
    """The expression asks for the time, or for a random value."""
    for position, token in enumerate(value):
        if token.is_word(*_RANDOM):
            return True
        if token.is_word(*_CLOCKS):
            arguments = [one for one in value[position + 1 :] if one.text != "("]
            first = arguments[0].text if arguments else ")"
            if first == ")" or "now" in first.lower() or any(one.text == "'now'" for one in arguments):
                return True
    return False


def assigned(read: Sequence[Token]) -> Iterator[tuple[str, Sequence[Token]]]:
    """The columns after each SET, in lower case, with the expression that each gets."""
    for position, token in enumerate(read):
        if token.is_word("SET"):
            inside = list(_until(read[position + 1 :], token.depth, "WHERE", "RETURNING", "FROM"))
            for part in _split(inside, token.depth):
                if len(part) > 1 and part[1].text == "=":
                    yield _name(part[0]), part[2:]


def _inserted(read: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The expressions of the first row of VALUES, or of the SELECT."""
    for position, token in enumerate(read):
        if token.depth == 0 and token.is_word("VALUES"):
            row = [one for one in _until(read[position + 2 :], 0) if one.depth > 0]
            yield from _split(row, 1)
            return
        if token.depth == 0 and token.is_word("SELECT"):
            yield from _split(list(_until(read[position + 1 :], 0, "FROM", "WHERE")), 0)
            return


def _until(read: Iterable[Token], depth: int, *words: str) -> Iterator[Token]:
    """The tokens before one of these words, or before the parenthesis or statement around them ends."""
    for token in read:
        if token.depth < depth or (token.depth == depth and (token.is_word(*words) or token.text in ");")):
            return
        yield token


def _split(read: Sequence[Token], depth: int) -> Iterator[Sequence[Token]]:
    part: list[Token] = []
    for token in read:
        if token.depth == depth and token.text == ",":
            yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def _name(token: Token) -> str:
    text = token.text[1:-1] if token.kind is Kind.QUOTED else token.text
    return text.lower()

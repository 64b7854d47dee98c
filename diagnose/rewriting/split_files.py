"""A SQL file, divided into several between its statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.splitting import statements_in
from diagnose.d1.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator


def split_file(text: str, limit: int) -> tuple[str, ...]:
    """The texts that make up a file, each of at most `limit` bytes unless it is one long statement.

    A comment stays with the statement behind it. A file with a PRAGMA stays whole: `defer_foreign_keys`, for
    one, holds for the transaction that the file is applied in.
    """
    pieces = list(_pieces(text))
    if any(_is_pragma(piece) for piece in pieces):
        return (text,)
    files: list[list[str]] = [[]]
    size = 0
    for piece in pieces:
        length = len(piece.encode())
        if files[-1] and size + length > limit:
            files.append([])
            size = 0
        files[-1].append(piece)
        size += length
    return tuple("".join(file) for file in files)


def _pieces(text: str) -> Iterator[str]:
    """The statements of a text with what stands before each of them; what follows the last is its own."""
    done = 0
    ends = [_line_end(text, start + len(statement)) for start, statement in statements_in(text)]
    for end in [*ends[:-1], len(text)]:
        yield text[done:end]
        done = end


def _line_end(text: str, position: int) -> int:
    """Behind the line break, if nothing else stands between it and the statement."""
    line_break = text.find("\n", position)
    return line_break + 1 if line_break >= 0 and not text[position:line_break].strip() else position


def _is_pragma(piece: str) -> bool:
    first = next(iter(tokens(piece)), None)
    return first is not None and first.is_word("PRAGMA")

"""An INSERT of a SQL file, split into several that are short enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.d1.tokens import tokens
from diagnose.rewriting.outcome import NotUnderstood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.tokens import Token

_LIMIT = int(LIMITS.d1.statement_bytes)


@dataclass(frozen=True, slots=True)
class _Insert:
    """The parts of `INSERT … VALUES (…), (…) ON CONFLICT …;`, as written.

    Attributes:
        head: from INSERT to VALUES.
        rows: each tuple, with what stands between VALUES or the comma before it and itself.
        gaps: what stands between each tuple but the last and the comma behind it.
        tail: what follows the last tuple's parenthesis: conflict clause, RETURNING, comments.
        clause: the tail without white space and comments around it.
    """

    head: str
    rows: tuple[str, ...]
    gaps: tuple[str, ...]
    tail: str
    clause: str


def split_insert(statement: str, limit: int = _LIMIT) -> str:
    """The statement as several, each of at most `limit` bytes; rows and comments stay as they are.

    Raises:
        NotUnderstood: it is no `INSERT … VALUES` of several rows, or one row alone is too long.
    """
    parts = _parts(statement)
    ending = f" {parts.clause};" if parts.clause else ";"
    texts, size = [parts.head], _size(parts.head)
    last = len(parts.rows) - 1
    for index, row in enumerate(parts.rows):
        gap, closing = (parts.tail, "") if index == last else (parts.gaps[index], ending)
        length = _size(row) + _size(gap) + 1
        if index and size + length + _size(closing) > limit:
            texts.append(f"{ending}\n{parts.head}")
            size = _size(parts.head)
        elif index:
            texts.append(",")
        if size + length + _size(closing) > limit:
            raise NotUnderstood(f"row {index + 1} alone is longer than a statement may be")
        texts.append(row + gap)
        size += length
    return "".join(texts)


def _size(text: str) -> int:
    return len(text.encode())


def _parts(statement: str) -> _Insert:
    found = list(tokens(statement))
    if not found or not found[0].is_word("INSERT", "REPLACE"):
        raise NotUnderstood("it is no INSERT, so that it cannot be divided")
    values = next((i for i, each in enumerate(found) if each.depth == 0 and each.is_word("VALUES")), None)
    if values is None:
        raise NotUnderstood("its rows are not written out behind VALUES")
    bounds, behind = _tuples(found, values + 1)
    if len(bounds) == 1:
        raise NotUnderstood("it has one row only, which cannot be divided")
    starts = [found[values].end, *(comma + 1 for _, _, comma in bounds[:-1])]
    clause = [each for each in found[behind:] if each.text != ";"]
    return _Insert(
        head=statement[found[0].start : found[values].end],
        rows=tuple(statement[start:end] for start, (_, end, _) in zip(starts, bounds, strict=True)),
        gaps=tuple(statement[end:comma] for _, end, comma in bounds[:-1]),
        tail=statement[bounds[-1][1] :],
        clause=statement[clause[0].start : clause[-1].end] if clause else "",
    )


def _tuples(found: Sequence[Token], position: int) -> tuple[list[tuple[int, int, int]], int]:
    """Start, end and the comma behind each tuple, and the position of the token behind the last one."""
    bounds: list[tuple[int, int, int]] = []
    while position < len(found) and found[position].text == "(":
        opening = found[position]
        while position < len(found) and not (found[position].text == ")" and found[position].depth == 0):
            position += 1
        if position == len(found):
            break
        closing, position = found[position], position + 1
        comma = found[position].start if position < len(found) and found[position].text == "," else -1
        bounds.append((opening.start, closing.end, comma))
        if comma < 0:
            return bounds, position
        position += 1
    raise NotUnderstood("its rows are not written as tuples")

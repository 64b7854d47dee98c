"""`RETURNING` in a form in which texts need not be valid UTF-8: BLOBs that begin with what they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.identifiers import quoted
from diagnose.d1.tokens import parameters, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.d1.tokens import Token


def marked(value: str) -> str:
    """SQL for a value, which must be a name: a text or BLOB as a marked BLOB, anything else as it is."""
    return (
        f"CASE typeof({value}) WHEN 'text' THEN CAST('t' || {value} AS BLOB)"
        f" WHEN 'blob' THEN CAST('b' || {value} AS BLOB) ELSE {value} END"
    )


def marked_returning(sql: str, columns: Sequence[str]) -> str | None:
    """The statement with each returned value marked, or None when its clause cannot be told apart.

    Args:
        sql: one statement.
        columns: the names of what it returns.
    """
    found = list(tokens(sql))
    starts = [index for index, token in enumerate(found) if token.depth == 0 and token.is_word("RETURNING")]
    if not starts:
        return None
    numbers = parameters(found)
    items = list(_items([token for token in found[starts[-1] + 1 :] if token.text != ";"]))
    stars = sum(_is_star(item) for item in items)
    width = (len(columns) - len(items) + stars) // stars if stars else 0
    values: list[str] = []
    for item in items:
        if _is_star(item):
            values += [quoted(name) for name in columns[len(values) : len(values) + width]]
        else:
            values.append(_numbered(sql, item, numbers))
    if len(values) != len(columns):
        return None
    returned = ", ".join(f"(SELECT {marked('v')} FROM (SELECT {value} AS v))" for value in values)  # noqa: S608 - the user's own
    head = _numbered(sql, found[: starts[-1] + 1], numbers)
    return f"{sql[: found[0].start]}{head} {returned}"


def _items(clause: Sequence[Token]) -> Iterator[list[Token]]:
    """The tokens between the commas."""
    item: list[Token] = []
    for token in clause:
        if token.depth == 0 and token.text == ",":
            yield item
            item = []
        else:
            item.append(token)
    yield item


def _is_star(item: Sequence[Token]) -> bool:
    return [token.text for token in item] == ["*"]


def _numbered(sql: str, found: Sequence[Token], numbers: Mapping[int, int]) -> str:
    """The text of the tokens up to an AS, with parameters by number, since some move."""
    text, reached = "", found[0].start if found else 0
    for token in found:
        if token.depth == 0 and token.is_word("AS") and token is not found[0] and _ends(found, token):
            break
        if token.start in numbers:
            text += sql[reached : token.start] + f"?{numbers[token.start]}"
        else:
            text += sql[reached : token.end]
        reached = token.end
    return text


def _ends(found: Sequence[Token], token: Token) -> bool:
    """Whether what follows is the name of a result column and nothing else."""
    return found[-2] is token

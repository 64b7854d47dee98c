"""What an INSERT does with rows that are there already."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

from diagnose.d1.identifiers import unquoted
from diagnose.d1.tokens import Kind, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.d1.tokens import Token
    from diagnose.project.source.model import StatementSite

ConflictAction: TypeAlias = Literal["ignore", "replace", "update"]


@dataclass(frozen=True, slots=True)
class ConflictClause:
    """`OR IGNORE`, `OR REPLACE`, or `ON CONFLICT (target) DO …`.

    Attributes:
        text: how it is written, such as `INSERT OR IGNORE`.
        target: the columns in parentheses; empty without them.
    """

    action: ConflictAction
    text: str
    target: tuple[str, ...] = ()


def conflict_clause(site: StatementSite) -> ConflictClause | None:
    """The clause of an INSERT; None for other statements and for an INSERT without one."""
    if site.verb not in {"INSERT", "REPLACE"}:
        return None
    words = [token for token in tokens(site.sql.render(rows=1, hole="1")) if token.depth == 0]
    return _leading(words) or _trailing(site, words)


def _leading(words: Sequence[Token]) -> ConflictClause | None:
    for first, second, third in zip(words, words[1:], words[2:], strict=False):
        if first.is_word("INSERT") and second.is_word("OR") and third.is_word("IGNORE"):
            return ConflictClause("ignore", "INSERT OR IGNORE")
        if first.is_word("INSERT") and second.is_word("OR") and third.is_word("REPLACE"):
            return ConflictClause("replace", "INSERT OR REPLACE")
        if first.is_word("REPLACE") and second.is_word("INTO"):
            return ConflictClause("replace", "REPLACE")
        if first.is_word("INTO"):
            break
    return None


def _trailing(site: StatementSite, words: Sequence[Token]) -> ConflictClause | None:
    text = site.sql.render(rows=1, hole="1")
    for index, (first, second) in enumerate(pairwise(words)):
        if first.is_word("ON") and second.is_word("CONFLICT"):
            rest = words[index + 2 :]
            action: ConflictAction = "ignore" if _follows(rest, "DO", "NOTHING") else "update"
            target = _target(text, rest)
            columns = f" ({', '.join(target)})" if target else ""
            return ConflictClause(action, f"ON CONFLICT{columns}", target)
    return None


def _follows(words: Sequence[Token], *wanted: str) -> bool:
    texts = [token.text.upper() for token in words]
    return any(texts[at : at + len(wanted)] == list(wanted) for at in range(len(texts)))


def _target(text: str, rest: Sequence[Token]) -> tuple[str, ...]:
    """The plain columns between the parentheses; none when there is an expression among them."""
    if len(rest) < 2 or rest[0].text != "(":  # noqa: PLR2004 - an opening and a closing parenthesis
        return ()
    inside = list(tokens(text[rest[0].end : rest[1].start]))
    names = [token for token in inside if token.kind in {Kind.WORD, Kind.QUOTED}]
    plain = len(inside) == 2 * len(names) - 1 and all(token.depth == 0 for token in inside)
    return tuple(unquoted(token.text) for token in names) if plain else ()

"""`UPDATE … LIMIT` and `DELETE … LIMIT`, which D1's SQLite is compiled with and the bundled one is not.

SQLite carries them out as `WHERE key IN (SELECT key FROM t WHERE … ORDER BY … LIMIT …)`
(https://sqlite.org/lang_delete.html, section 3); the text is rewritten into just that, and the offsets of
errors are mapped back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from diagnose.d1.identifiers import unquoted
from diagnose.d1.tokens import parameters, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from diagnose.d1.tokens import Token

_REFUSED: Final = re.compile(r'near "(?:ORDER|LIMIT)": syntax error', re.IGNORECASE)
_SYNTAX: Final = re.compile(
    r'near ".*": syntax error|incomplete input|unrecognized token', re.DOTALL | re.IGNORECASE
)
_UNCLOSED: Final = 'near ")": syntax error'
_STATEMENTS: Final = ("UPDATE", "DELETE", "INSERT", "REPLACE", "SELECT", "VALUES", "CREATE", "ALTER", "DROP")


def is_refused_limit(message: str) -> bool:
    """Whether SQLite's message is the one for a clause that it was not compiled with."""
    return _REFUSED.match(message) is not None


def is_syntax(message: str) -> bool:
    """Whether SQLite could not even read the text."""
    return _SYNTAX.match(message) is not None


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the rewritten text; `start` is where it stands in the original, None for what was added."""

    text: str
    start: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedStatement:
    """The clauses of one UPDATE or DELETE that has a LIMIT.

    Attributes:
        sql: the text it was found in.
        table: the name of the table that it changes.
        end: where the statement ends in `sql`, without its semicolon.
        stray: a closing parenthesis at `end` that nothing opened, or None.
        semicolon: where that stands, or None when the text ends without one.
    """

    sql: str
    verb: str
    table: str
    found: tuple[Token, ...]
    target: tuple[int, int]
    where: int
    returning: int
    tail: int
    end: int
    stray: Token | None
    semicolon: int | None

    @property
    def length(self) -> int:
        """Characters that the statement takes of `sql`, its semicolon included."""
        return len(self.sql) if self.semicolon is None else self.semicolon + 1

    @property
    def unlimited(self) -> str:
        """The text up to the ORDER BY or LIMIT."""
        return self.sql[: self.tail]

    @property
    def complaint(self) -> str | None:
        """SQLite's complaint when there is an ORDER BY and no LIMIT."""
        limited = any(
            token.depth == 0 and token.is_word("LIMIT") for token in self.found if token.start >= self.tail
        )
        return None if limited else f"ORDER BY without LIMIT on {self.verb}"

    def rewritten(self, key: Sequence[str]) -> RewrittenStatement:
        """The statement that this SQLite takes; `key` are the columns that tell rows apart."""
        columns = ", ".join(key)
        one = columns if len(key) == 1 else f"({columns})"
        names = parameters(self.found)
        pieces = (
            *self._copied(0, self.where, names),
            Piece(f" WHERE {one} IN (SELECT {columns} FROM "),  # noqa: S608 - names are quoted
            *self._copied(*self.target, names),
            Piece(" "),
            *self._copied(self.where, self.returning, names),
            *self._copied(self.tail, self.end, names),
            Piece(") "),
            *self._copied(self.returning, self.tail, names),
        )
        return RewrittenStatement(statement=self, pieces=pieces)

    def _copied(self, start: int, end: int, names: dict[int, int]) -> Iterator[Piece]:
        """A part of the text in which parameters have their numbers, since it moves."""
        for token in self.found:
            if start <= token.start < end and token.start in names:
                yield Piece(self.sql[start : token.start], start)
                yield Piece(f"?{names[token.start]}", token.start)
                start = token.end
        yield Piece(self.sql[start:end], start)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrittenStatement:
    """A statement in the form that this SQLite takes."""

    statement: LimitedStatement
    pieces: tuple[Piece, ...]

    @property
    def sql(self) -> str:
        """The text to execute."""
        return "".join(piece.text for piece in self.pieces)

    def relocated(self, message: str, offset: int) -> tuple[str, int]:
        """An error of the rewritten text as it reads for the original: message and byte offset or -1."""
        place = self._original(offset) if offset >= 0 else None
        if place is not None:
            return message, len(self.statement.sql[:place].encode())
        if message != _UNCLOSED:
            return message, -1
        # The parenthesis stands where the original text ends.
        if self.statement.semicolon is None:
            return "incomplete input", -1
        return 'near ";": syntax error', len(self.statement.sql[: self.statement.semicolon].encode())

    def _original(self, offset: int) -> int | None:
        reached = 0
        for piece in self.pieces:
            length = len(piece.text.encode())
            if offset < reached + length:
                if piece.start is None:
                    return None
                return piece.start + len(piece.text.encode()[: offset - reached].decode(errors="ignore"))
            reached += length
        return None


def limited_statement(sql: str) -> LimitedStatement | None:
    """The UPDATE or DELETE with ORDER BY or LIMIT that a text begins with, or None.

    `UPDATE … FROM … LIMIT`, which limits the joined rows, is not covered.
    """
    found, semicolon = _first_statement(sql)
    stray = _first(found, lambda token: token.depth < 0)
    if stray is not None:
        found = found[: found.index(stray)]
    outer = [token for token in found if token.depth == 0]
    verb = _first(outer, lambda token: token.is_word(*_STATEMENTS))
    if verb is None or not verb.is_word("UPDATE", "DELETE"):
        return None
    after = outer[outer.index(verb) + 1 :]
    tail = _first(after, lambda token: token.is_word("ORDER", "LIMIT"))
    if tail is None or _joins(verb, after, tail):
        return None
    returning = _start(after, "RETURNING", tail.start)
    where = _start(after, "WHERE", returning)
    target = _target(verb, after, _start(after, "SET", where))
    if not target:
        return None
    return LimitedStatement(
        sql=sql,
        verb=verb.text.upper(),
        table=_table(target),
        found=found,
        target=(target[0].start, target[-1].end),
        where=where,
        returning=returning,
        tail=tail.start,
        end=found[-1].end,
        stray=stray,
        semicolon=semicolon,
    )


def _first_statement(sql: str) -> tuple[tuple[Token, ...], int | None]:
    """Its tokens, and where its semicolon stands."""
    found: list[Token] = []
    for token in tokens(sql):
        if token.text != ";":
            found.append(token)
        elif found:
            return tuple(found), token.start
    return tuple(found), None


def _first(found: Sequence[Token], wanted: Callable[[Token], bool]) -> Token | None:
    return next((token for token in found if wanted(token)), None)


def _start(found: Sequence[Token], word: str, end: int) -> int:
    """Where the clause begins, or `end` when there is none before it."""
    return next((token.start for token in found if token.is_word(word) and token.start < end), end)


def _joins(verb: Token, after: Sequence[Token], tail: Token) -> bool:
    """Whether an UPDATE has a FROM clause; `IS DISTINCT FROM` is none."""
    return verb.is_word("UPDATE") and any(
        token.is_word("FROM") and token.start < tail.start and not previous.is_word("DISTINCT")
        for previous, token in pairwise(after)
    )


def _target(verb: Token, after: Sequence[Token], end: int) -> list[Token]:
    """The tokens that name the table, with its alias and index hint."""
    named = [token for token in after if token.start < end]
    if verb.is_word("DELETE"):
        return named[1:]
    return named[2:] if named and named[0].is_word("OR") else named


def _table(target: Sequence[Token]) -> str:
    qualified = len(target) > 2 and target[1].text == "."  # noqa: PLR2004 - schema, dot, name
    return unquoted(target[2 if qualified else 0].text)

"""As much of GraphQL as clients of the analytics API write: one query, fields, arguments, variables.

https://spec.graphql.org/October2021/#sec-Language, without fragments, directives and mutations.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN: Final = re.compile(
    r"""(?P<skip>[\s,﻿]+|\#[^\n]*)
      | (?P<text>"(?:[^"\\\n]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<mark>[!$()\[\]{}:=])""",
    re.VERBOSE,
)
_WORDS: Final = {"true": True, "false": False, "null": None}


class QueryError(ValueError):
    """A text that is no query, with the reason."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a selection; variables in its arguments are replaced by their values."""

    name: str
    alias: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    selections: tuple[Field, ...] = ()

    def selected(self, name: str) -> Field | None:
        """The field of that name in the selection, or None."""
        return next((one for one in self.selections if one.name == name), None)


def read_query(text: str, variables: Mapping[str, Any]) -> tuple[Field, ...]:
    """The top fields of the one query in a text. Raises QueryError."""
    reader = _Reader(_tokens(text), variables)
    fields = reader.operation()
    reader.expect_end()
    return fields


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise QueryError(f"unexpected {text[place]!r}")
        if match.lastgroup != "skip":
            tokens.append((str(match.lastgroup), match[0]))
        place = match.end()
    return tokens


class _Reader:
    """Reads tokens from left to right; each method reads one thing of the grammar, and raises QueryError."""

    def __init__(self, tokens: list[tuple[str, str]], variables: Mapping[str, Any]) -> None:
        self._tokens = tokens
        self._place = 0
        self._variables = variables

    def operation(self) -> tuple[Field, ...]:
        if self._peek() == "query":
            self._next()
            if self._peek() not in {"{", "("}:
                self._name()
            if self._peek() == "(":
                self._definitions()
        return self._selections()

    def expect_end(self) -> None:
        if self._place < len(self._tokens):
            raise QueryError(f"unexpected {self._peek()!r} after the query")

    def _definitions(self) -> None:
        """Types of variables, of which only the defaults matter."""
        self._expect("(")
        while self._peek() != ")":
            self._expect("$")
            name = self._name()
            self._expect(":")
            while self._peek() in {"[", "]", "!"} or self._kind() == "name":
                self._next()
            if self._peek() == "=":
                self._next()
                self._variables = {name: self._value(), **self._variables}
        self._expect(")")

    def _selections(self) -> tuple[Field, ...]:
        self._expect("{")
        fields = []
        while self._peek() != "}":
            fields.append(self._field())
        self._expect("}")
        return tuple(fields)

    def _field(self) -> Field:
        name = alias = self._name()
        if self._peek() == ":":
            self._next()
            name = self._name()
        arguments = self._entries("(", ")") if self._peek() == "(" else {}
        selections = self._selections() if self._peek() == "{" else ()
        return Field(name, alias, arguments, selections)

    def _entries(self, opening: str, closing: str) -> dict[str, Any]:
        self._expect(opening)
        entries = {}
        while self._peek() != closing:
            name = self._name()
            self._expect(":")
            entries[name] = self._value()
        self._expect(closing)
        return entries

    def _value(self) -> Any:
        kind, written = self._kind(), self._peek()
        if written == "{":
            return self._entries("{", "}")
        self._next()
        match kind, written:
            case "mark", "$":
                return self._variables.get(self._name())
            case "mark", "[":
                return self._list()
            case "text", _:
                return json.loads(written)
            case "number", _:
                return float(written) if re.search("[.eE]", written) else int(written)
            case "name", _:
                return _WORDS.get(written, written)
            case _:
                raise QueryError(f"unexpected {written!r}")

    def _list(self) -> list[Any]:
        values = []
        while self._peek() != "]":
            values.append(self._value())
        self._expect("]")
        return values

    def _name(self) -> str:
        if self._kind() != "name":
            raise QueryError(f"unexpected {self._peek()!r}")
        return self._next()

    def _expect(self, mark: str) -> None:
        if self._peek() != mark:
            raise QueryError(f"unexpected {self._peek()!r} where {mark!r} must stand")
        self._next()

    def _peek(self) -> str:
        return self._tokens[self._place][1] if self._place < len(self._tokens) else "end of text"

    def _kind(self) -> str:
        return self._tokens[self._place][0] if self._place < len(self._tokens) else "end"

    def _next(self) -> str:
        token = self._peek()
        if self._place >= len(self._tokens):
            raise QueryError("unexpected end of text")
        self._place += 1
        return token

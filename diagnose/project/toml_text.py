"""TOML, read by tomlkit, with the place of every key and value.

tomlkit reads what wrangler reads (TOML 1.1: inline tables over several lines) but does not say where a key
stands. A scanner finds that out; it walks over text that tomlkit has accepted and judges nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.exceptions import ParseError, TOMLKitError

from diagnose.errors import ConfigError
from diagnose.project.document import (
    BYTE_ORDER_MARK,
    Container,
    Layout,
    Place,
    Span,
    Table,
    line_and_column,
)

if TYPE_CHECKING:
    from diagnose.project.document import Keys

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[^\s.=\]\[{},"\'#]+')
_SCALAR = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|[^\s,\]}#]+(?:[ ]\d[^\s,\]}#]*)?",  # a date may have a space before its time
    re.DOTALL,
)


def read_toml(text: str, path: str) -> Layout:
    """Read a whole text.

    Raises:
        ConfigError: it does not parse; with `path`, line and column.
    """
    body = text.removeprefix(BYTE_ORDER_MARK)
    try:
        data = tomlkit.parse(body).unwrap()
        return _Scanner(text, path, len(text) - len(body)).document(data)
    except ParseError as error:
        raise _located(error, path) from error
    except TOMLKitError as error:
        raise ConfigError(str(error), where=path) from error
    except RecursionError as error:
        raise ConfigError("nested too deeply", where=path) from error


def _located(error: ParseError, path: str) -> ConfigError:
    """Tomlkit's error in our words; its message ends with the place, its column counts from 0."""
    message = str(error).rpartition(" at line ")[0] or str(error)
    line, column = error.line, error.col + 1
    return ConfigError(message, where=f"{path}:{line}:{column}", line=line, column=column)


class _Scanner:
    """Walks over valid TOML; `_offset` is where the next token may begin."""

    def __init__(self, text: str, path: str, offset: int) -> None:
        self._text = text
        self._path = path
        self._offset = offset
        self._places: dict[Keys, Place] = {}
        self._containers: dict[Keys, Container] = {}
        self._items: dict[Keys, int] = {}
        self._repeated: dict[Keys, list[Span]] = {}

    def document(self, data: dict[str, Any]) -> Layout:
        tables = [self._statements((), Span(self._offset, self._offset))]
        while self._offset < len(self._text):
            tables.append(self._table())
        return Layout(data, self._places, self._containers, tuple(tables), self._repeated)

    def _table(self) -> Table:
        start = self._offset
        array = self._text.startswith("[[", start)
        self._offset += 2 if array else 1
        keys = self._descend((), self._dotted_key(), array=array)
        self._offset += 2 if array else 1
        return self._statements(keys, Span(start, self._offset))

    def _statements(self, keys: Keys, header: Span) -> Table:
        """The statements up to the next header or the end."""
        statements: list[Span] = []
        while self._skip(_BLANK) and self._text[self._offset] != "[":
            statements.append(self._statement(keys))
        return Table(keys, header, tuple(statements))

    def _statement(self, keys: Keys) -> Span:
        """`dotted.key = value`."""
        names = self._dotted_key()
        parent = self._descend(keys, names[:-1])
        name, key = names[-1]
        self._offset += 1  # the equals sign
        self._skip(_SPACE)
        value = self._value((*parent, name))
        self._places[*parent, name] = Place(key, value)
        return Span(names[0][1].start, value.end)

    def _descend(self, keys: Keys, names: list[tuple[str, Span]], *, array: bool = False) -> Keys:
        """The keys of the table that names lead to; each name opens a table where there is none yet.

        A name that stands for an array of tables means its last item. With `array`, the last name adds one.
        """
        for index, (name, span) in enumerate(names):
            keys = (*keys, name)
            if self._places.setdefault(keys, Place(span, None)).key != span:
                self._repeated.setdefault(keys, []).append(span)
            if array and index == len(names) - 1:
                self._items[keys] = self._items.get(keys, 0) + 1
            if keys in self._items:
                keys = (*keys, self._items[keys] - 1)
                self._places.setdefault(keys, Place(span, None))
        return keys

    def _dotted_key(self) -> list[tuple[str, Span]]:
        names = [self._simple_key()]
        while self._text[self._offset] == ".":
            self._offset += 1
            names.append(self._simple_key())
        return names

    def _simple_key(self) -> tuple[str, Span]:
        self._skip(_SPACE)
        span = self._token(_KEY)
        self._skip(_SPACE)
        return _key_name(span.of(self._text)), span

    def _value(self, keys: Keys) -> Span:
        match self._text[self._offset]:
            case "[":
                return self._bracketed(keys, "]")
            case "{":
                return self._bracketed(keys, "}")
            case _:
                return self._token(_SCALAR)

    def _bracketed(self, keys: Keys, closing: str) -> Span:
        start = self._offset
        self._offset += 1
        children: list[Span] = []
        commas: list[int | None] = []
        while self._skip(_BLANK) and self._text[self._offset] != closing:
            if closing == "}":
                children.append(self._statement(keys))
            else:
                children.append(self._item((*keys, len(children))))
            self._skip(_BLANK)
            comma = self._text[self._offset] == ","
            commas.append(self._offset if comma else None)
            self._offset += comma
        self._offset += 1
        span = Span(start, self._offset)
        self._containers[keys] = Container(span, tuple(children), tuple(commas))
        return span

    def _item(self, keys: Keys) -> Span:
        value = self._value(keys)
        self._places[keys] = Place(value, value)
        return value

    def _token(self, pattern: re.Pattern[str]) -> Span:
        found = pattern.match(self._text, self._offset)
        if found is None:  # tomlkit accepted what this scanner does not know
            line, column = line_and_column(self._text, self._offset)
            where = f"{self._path}:{line}:{column}"
            raise ConfigError("this notation is not known here", where=where, line=line, column=column)
        self._offset = found.end()
        return Span(*found.span())

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Skip blanks; whether anything follows."""
        found = pattern.match(self._text, self._offset)
        self._offset = found.end() if found else self._offset
        return self._offset < len(self._text)


def _key_name(raw: str) -> str:
    """The key that a bare or quoted notation stands for."""
    if "\\" in raw and raw.startswith('"'):
        return next(iter(tomlkit.parse(f"{raw} = 0").unwrap()))
    return raw[1:-1] if raw[0] in "\"'" else raw

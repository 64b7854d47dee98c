"""JSON with comments and trailing commas, read with the place of every key and value.

The grammar is the one that wrangler accepts (jsonc-parser with `allowTrailingComma`), for `.json` files too.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from diagnose.errors import ConfigError
from diagnose.project.document import BYTE_ORDER_MARK, Container, Layout, Place, Span, line_and_column

if TYPE_CHECKING:
    from diagnose.project.document import Keys

MAX_DEPTH = 100
"""Levels of nesting; a config has five, and the reader must not exhaust the stack on hostile text."""

_BLANK = re.compile(r"(?:[ \t\r\n]+|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])", re.ASCII)
_WORD = re.compile(r"(?:true|false|null)(?!\w)")


def read_jsonc(text: str, path: str) -> Layout:
    """Read a whole text; of two members with one name the last counts, as in JavaScript.

    Raises:
        ConfigError: it does not parse; with `path`, line and column.
    """
    return _Reader(text, path).document()


class _Reader:
    """Recursive descent over one text; `_offset` is where the next token may begin."""

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = path
        self._offset = len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0
        self._places: dict[Keys, Place] = {}
        self._containers: dict[Keys, Container] = {}

    def document(self) -> Layout:
        self._skip_blank()
        data, _ = self._value(())
        self._skip_blank()
        if self._offset < len(self._text):
            self._fail("expected the end of the file after the first value")
        return Layout(data, self._places, self._containers)

    def _value(self, keys: Keys) -> tuple[Any, Span]:
        start = self._offset
        match self._text[start : start + 1]:
            case "{":
                return self._object(keys)
            case "[":
                return self._array(keys)
            case '"':
                return self._string()
        found = _NUMBER.match(self._text, start) or _WORD.match(self._text, start)
        if found is None:
            self._fail_value()
        self._offset = found.end()
        try:
            return json.loads(found[0]), Span(*found.span())
        except ValueError:  # more digits than Python turns into an integer
            self._fail("the number has too many digits", start)

    def _object(self, keys: Keys) -> tuple[dict[str, Any], Span]:
        start = self._open(keys)
        data: dict[str, Any] = {}
        children: list[Span] = []
        commas: list[int | None] = []
        while not self._closes("}", children, commas):
            if self._text[self._offset : self._offset + 1] != '"':
                self._fail("expected a key in double quotes or `}`")
            name, key = self._string()
            self._forget((*keys, name))
            self._skip_blank()
            if not self._take(":"):
                self._fail("expected `:` after the key")
            self._skip_blank()
            data[name], value = self._value((*keys, name))
            self._places[*keys, name] = Place(key, value)
            children.append(Span(key.start, value.end))
        return data, self._close(keys, start, children, commas)

    def _array(self, keys: Keys) -> tuple[list[Any], Span]:
        start = self._open(keys)
        data: list[Any] = []
        children: list[Span] = []
        commas: list[int | None] = []
        while not self._closes("]", children, commas):
            item_keys = (*keys, len(data))
            item, span = self._value(item_keys)
            data.append(item)
            self._places[item_keys] = Place(span, span)
            children.append(span)
        return data, self._close(keys, start, children, commas)

    def _string(self) -> tuple[str, Span]:
        found = _STRING.match(self._text, self._offset)
        if found is None:
            self._fail("the string does not end on its line, or holds an escape that JSON does not know")
        self._offset = found.end()
        return json.loads(found[0]), Span(*found.span())

    def _open(self, keys: Keys) -> int:
        if len(keys) >= MAX_DEPTH:
            self._fail(f"nested deeper than {MAX_DEPTH} levels")
        self._offset += 1
        return self._offset - 1

    def _closes(self, bracket: str, children: list[Span], commas: list[int | None]) -> bool:
        """Whether the container ends here; otherwise the comma before the next child is taken."""
        self._skip_blank()
        if children:
            commas.append(self._offset if self._text.startswith(",", self._offset) else None)
            self._take(",")
            self._skip_blank()
        if self._take(bracket):
            return True
        if self._offset >= len(self._text):
            self._fail(f"the file ends before the closing `{bracket}`")
        if children and commas[-1] is None:
            self._fail(f"expected `,` or `{bracket}`")
        return False

    def _close(self, keys: Keys, start: int, children: list[Span], commas: list[int | None]) -> Span:
        span = Span(start, self._offset)
        self._containers[keys] = Container(span, tuple(children), tuple(commas))
        return span

    def _forget(self, keys: Keys) -> None:
        """Drop what an earlier member of the same name has left below it."""
        if keys in self._places:
            for known in [known for known in self._places if known[: len(keys)] == keys]:
                del self._places[known]
                self._containers.pop(known, None)

    def _take(self, token: str) -> bool:
        found = self._text.startswith(token, self._offset)
        self._offset += len(token) if found else 0
        return found

    def _skip_blank(self) -> None:
        found = _BLANK.match(self._text, self._offset)
        self._offset = found.end() if found else self._offset
        if self._text.startswith("/*", self._offset):
            self._fail("the comment has no end")

    def _fail_value(self) -> NoReturn:
        if self._offset >= len(self._text):
            self._fail("the file ends where a value is expected")
        if self._text[self._offset] == "'":
            self._fail("strings need double quotes")
        self._fail("expected a value")

    def _fail(self, message: str, offset: int | None = None) -> NoReturn:
        line, column = line_and_column(self._text, self._offset if offset is None else offset)
        raise ConfigError(message, where=f"{self._path}:{line}:{column}", line=line, column=column)

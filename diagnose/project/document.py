"""A config file as text, as data, and as the places of its keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from diagnose.model import Location

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Keys: TypeAlias = "tuple[str | int, ...]"
Format: TypeAlias = Literal["toml", "json", "jsonc"]

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters of a text."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters themselves."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one key stands in a document.

    Attributes:
        key: the key itself without its dots or brackets; for an item of an array, the item; for an item
            of a TOML array of tables, the last key of its header.
        value: the value, or None where a TOML table has no text of its own (a header or dotted key makes it).
    """

    key: Span
    value: Span | None


@dataclass(frozen=True, slots=True)
class Container:
    """An object, an array or an inline table between its brackets.

    Attributes:
        span: with both brackets.
        children: each from the first character of its key (or value) to the last of its value.
        commas: the offset of the comma after each child, or None after a last one without.
    """

    span: Span
    children: tuple[Span, ...]
    commas: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The part of a TOML text that one header opens; the first has no header.

    Attributes:
        keys: of the table, with the index for an item of an array of tables.
        header: with its brackets; empty for the first.
        statements: each from its key to the end of its value, in order.
    """

    keys: Keys
    header: Span
    statements: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a reader finds in a text: the data, and where everything stands.

    Attributes:
        containers: bracketed values by their path of keys.
        tables: of a TOML text, in order; () for JSON.
        repeated: where else a key of a TOML table is written: in further headers and dotted keys.
    """

    data: Any
    places: Mapping[Keys, Place]
    containers: Mapping[Keys, Container]
    tables: tuple[Table, ...] = ()
    repeated: Mapping[Keys, Sequence[Span]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDocument:
    """A config file that parses.

    Attributes:
        path: relative to the project folder, with forward slashes.
        text: the whole file, with its byte order mark and line ends as they are on disk.
        data: the content as plain Python values.
        layout: where everything stands in the text.
    """

    path: str
    format: Format
    text: str
    data: Mapping[str, Any]
    layout: Layout = field(repr=False, compare=False)

    def locate(self, *keys: str | int) -> Location | None:
        """The place of a key (for an item of an array, of the item), or None when there is no such key."""
        place = self.layout.places.get(keys)
        if place is None:
            return None
        line, column = line_and_column(self.text, place.key.start)
        return Location(self.path, line, column)

    def get(self, *keys: str | int) -> Any:
        """The value at a path of keys, or None when there is none."""
        value: Any = self.data
        for key in keys:
            value = _child(value, key)
        return value


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """The 1-based line and column, in characters, of an offset; a byte order mark counts for nothing."""
    line_start = text.rfind("\n", 0, offset) + 1
    mark = 1 if line_start == 0 and text.startswith(BYTE_ORDER_MARK) else 0
    return text.count("\n", 0, offset) + 1, max(offset - line_start - mark, 0) + 1


def _child(value: Any, key: str | int) -> Any:
    if isinstance(key, int):
        return value[key] if isinstance(value, list) and 0 <= key < len(value) else None
    return value.get(key) if isinstance(value, dict) else None

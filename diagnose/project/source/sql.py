"""SQL text as far as the source determines it: fixed text, repetitions, and holes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.project.source.counts import Count

_NOT_A_PLACEHOLDER = r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \[[^\]]*\] | --[^\n]* | /\*.*?\*/"""
_TOKEN = re.compile(
    rf"(?P<skip>{_NOT_A_PLACEHOLDER})|(?P<hole>\?\d*|[:@$][A-Za-z_]\w*)", re.VERBOSE | re.DOTALL
)

Origin: TypeAlias = Literal["caller", "fetched", "queried"]
"""A request or a message; an answer to a request of the worker; the worker's own database."""


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that stand in the statement as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Ordinal:
    """The number of the repetition it stands in, as in `?1, ?2, ?3`: `start + step * index`."""

    start: int = 1
    step: int = 1


@dataclass(frozen=True, slots=True)
class Hole:
    """Text that reading the source does not determine; `expression` is the source that yields it.

    `origin` tells whose text it is, where that is known and nothing restricts what it may be.
    """

    expression: str
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Repeated:
    """One unit for each element of a collection, with a separator between two.

    Attributes:
        key: names the collection, so that two lists of different lengths can be told apart.
    """

    unit: SqlText
    separator: str
    count: Count
    key: str


Part: TypeAlias = "Text | Ordinal | Hole | Repeated"


@dataclass(frozen=True, slots=True)
class SqlText:
    """A statement as the source builds it."""

    parts: tuple[Part, ...] = ()

    def render(self, counts: Mapping[str, int] | None = None, *, rows: int = 1, hole: str = "?") -> str:
        """The statement with every repetition written out.

        Args:
            counts: repetitions by `Repeated.key`.
            rows: repetitions of those that `counts` does not name, but never more than the source allows.
            hole: stands for each text that is not known.
        """
        return "".join(self._render(counts or {}, rows, hole, 0))

    def _render(self, counts: Mapping[str, int], rows: int, hole: str, index: int) -> Iterator[str]:
        for part in self.parts:
            match part:
                case Text(text):
                    yield text
                case Ordinal(start, step):
                    yield str(start + step * index)
                case Hole():
                    yield hole
                case Repeated(unit, separator):
                    times = repetitions(part, counts, rows)
                    units = ("".join(unit._render(counts, rows, hole, turn)) for turn in range(times))  # noqa: SLF001 - of the same class
                    yield separator.join(units)

    @property
    def is_complete(self) -> bool:
        """True when nothing but the number of repetitions is unknown."""
        return not any(self.holes())

    @property
    def repeated(self) -> tuple[Repeated, ...]:
        """The outermost repetitions, in order."""
        return tuple(part for part in self.parts if isinstance(part, Repeated))

    def holes(self) -> Iterator[Hole]:
        """Every text that is not known, in order."""
        for part in self.parts:
            if isinstance(part, Hole):
                yield part
            elif isinstance(part, Repeated):
                yield from part.unit.holes()

    def minimum(self) -> str:
        """The statement with one repetition of each kind and nothing in the holes."""
        return self.render(rows=1, hole="")

    def head(self) -> str:
        """The fixed text before the first repetition or hole."""
        texts: list[str] = []
        for part in self.parts:
            if not isinstance(part, Text):
                break
            texts.append(part.text)
        return "".join(texts)

    def __str__(self) -> str:
        return self.render(hole="{…}")


def repetitions(part: Repeated, counts: Mapping[str, int], rows: int) -> int:
    """How often `part` is written out under these counts."""
    return counts.get(part.key, part.count.within(rows))


def placeholders(sql: str) -> tuple[str, ...]:
    """The parameter marks of a text, in order: `?`, `?3`, `:name`; none from strings, names and comments."""
    return tuple(match["hole"] for match in _TOKEN.finditer(sql) if match["hole"])


def parameter_count(sql: str) -> int:
    """How many parameters SQLite gives the statement: `?` takes the next number, `?3` makes at least three.

    https://sqlite.org/lang_expr.html#parameters
    """
    highest = 0
    names: dict[str, int] = {}
    for mark in placeholders(sql):
        if mark == "?":
            highest += 1
        elif mark[0] == "?":
            highest = max(highest, int(mark[1:]))
        elif mark not in names:
            highest += 1
            names[mark] = highest
    return highest

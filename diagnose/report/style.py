"""How text may look: its width, whether it has colours, and which characters its reader can show."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_RESET: Final = "\x1b[0m"


class Role(StrEnum):
    """What a piece of text is for; the value is its ANSI (SGR) parameter."""

    GOOD = "32"
    BAD = "31"
    CAUTION = "33"
    STRONG = "1"
    FAINT = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The characters a box is drawn with."""

    top: tuple[str, str]
    bottom: tuple[str, str]
    line: str
    side: str
    arrow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """The signs of one character set."""

    passed: str
    failed: str
    warned: str
    skipped: str
    more: str
    gutter: str
    to: str
    down: str
    box: Frame
    missing: Frame


_UNICODE: Final = Glyphs(
    passed="✓",
    failed="✗",
    warned="!",
    skipped="-",
    more="…",
    gutter="│",
    to="→",
    down="↓",
    box=Frame(top=("┌", "┐"), bottom=("└", "┘"), line="─", side="│", arrow="─▶"),
    missing=Frame(top=("┌", "┐"), bottom=("└", "┘"), line="╌", side="╎", arrow="╌▷"),
)
_ASCII: Final = Glyphs(
    passed="ok",
    failed="X",
    warned="!",
    skipped="-",
    more="...",
    gutter="|",
    to="->",
    down="v",
    box=Frame(top=("+", "+"), bottom=("+", "+"), line="-", side="|", arrow="->"),
    missing=Frame(top=(".", "."), bottom=(".", "."), line=".", side=":", arrow=".>"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a renderer may write.

    Attributes:
        width: of the terminal, in columns.
        color: ANSI colours are understood.
        unicode: every character can be shown; otherwise only ASCII is written.
    """

    width: int = 100
    color: bool = False
    unicode: bool = True

    @classmethod
    def for_encoding(cls, encoding: str | None, *, width: int = 100, color: bool = False) -> Style:
        """The style for a stream with this encoding: ASCII unless it is a form of UTF-8."""
        try:
            unicode = codecs.lookup(encoding or "ascii").name.startswith("utf-8")
        except LookupError:
            unicode = False
        return cls(width=width, color=color, unicode=unicode)

    @property
    def glyphs(self) -> Glyphs:
        """The signs that can be shown."""
        return _UNICODE if self.unicode else _ASCII

    def paint(self, role: Role | None, text: str) -> str:
        """The text in the colour of its role, or as it is."""
        if not self.color or role is None or not text:
            return text
        return f"\x1b[{role.value}m{text}{_RESET}"

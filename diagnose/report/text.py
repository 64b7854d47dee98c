"""Text from anywhere, made safe to show and fitted into columns.

Names, messages and evidence may hold what an untrusted worker wrote: terminal escapes, line breaks that
imitate a report, or marks that reverse the direction of writing. All of them are shown as escapes.
"""

from __future__ import annotations

import textwrap
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from diagnose.report.style import Style

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories: control, format, surrogate, line and paragraph separators."""

_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_ASCII_FORMS: Final = str.maketrans(
    {
        "\N{RIGHTWARDS ARROW}": "->",
        "\N{LEFTWARDS ARROW}": "<-",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{LESS-THAN OR EQUAL TO}": "<=",
        "\N{GREATER-THAN OR EQUAL TO}": ">=",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{NO-BREAK SPACE}": " ",
    }
)
"""How our own messages read where only ASCII can be shown; anything else becomes an escape."""

_NARROWEST: Final = 20


def shown(text: str, style: Style) -> str:
    """The text on one line: invisible characters as escapes, and only ASCII where the style wants it."""
    visible = "".join(map(_visible, text))
    if style.unicode:
        return visible
    return visible.translate(_ASCII_FORMS).encode("ascii", "backslashreplace").decode("ascii")


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    return _NAMED.get(character) or character.encode("unicode_escape", "surrogatepass").decode("ascii")


def columns(text: str) -> int:
    """How many terminal columns the text takes: two for wide East Asian characters, none for combining."""
    return sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, width: int) -> str:
    """The text followed by blanks up to `width` columns."""
    return text + " " * (width - columns(text))


def shortened(text: str, width: int, style: Style) -> str:
    """The text cut to `width` columns, ending with an ellipsis where something is left out."""
    if columns(text) <= width:
        return text
    more = style.glyphs.more
    kept = ""
    for character in text:
        if columns(kept + character) > width - columns(more):
            break
        kept += character
    return kept.rstrip() + more


def wrapped(text: str, style: Style, *, indent: int = 0, hang: int = 0) -> list[str]:
    """The text as indented lines that fit the width; later lines are indented by `hang` more.

    Words are never broken, so that paths and commands can be copied.
    """
    return textwrap.wrap(
        shown(text, style),
        width=max(style.width, indent + hang + _NARROWEST),
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hang),
        break_long_words=False,
        break_on_hyphens=False,
    )


def labelled(label: str, text: str, style: Style, *, indent: int, label_width: int) -> list[str]:
    """A label, and the text wrapped in the column to the right of it."""
    lines = wrapped(text, style, indent=indent + label_width) or [""]
    head = " " * indent + padded(label, label_width)
    return [(head + lines[0].strip()).rstrip(), *lines[1:]]

"""Adding and removing one child of a bracketed value, with the style of its neighbours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.project.document import Container, Span

_INDENT = re.compile(r"^([ \t]+)\S", re.MULTILINE)
_REST_OF_LINE = re.compile(r"[ \t]*(?:(?://|#)[^\r\n]*|/\*[^\r\n]*\*/[ \t]*)?(?=\r?\n|\Z)")
_COMMA = 1


def newline_of(text: str) -> str:
    """The line end that a text uses."""
    return "\r\n" if "\r\n" in text else "\n"


def indent_unit(text: str) -> str:
    """One level of indentation, as the first indented line has it."""
    found = _INDENT.search(text)
    return found[1] if found else "  "


def line_start(text: str, offset: int) -> int:
    """The first character of the line that an offset is on."""
    return text.rfind("\n", 0, offset) + 1


def indent_at(text: str, offset: int) -> str:
    """The white space at the beginning of the line that an offset is on."""
    line = text[line_start(text, offset) : offset]
    return line[: len(line) - len(line.lstrip(" \t\ufeff"))]


def rest_of_line(text: str, offset: int) -> int | None:
    """The end of the line when nothing but white space and one comment follow, else None."""
    found = _REST_OF_LINE.match(text, offset)
    return found.end() if found else None


def insert_child(
    text: str, container: Container, render: Callable[[str | None], str], *, spread: bool
) -> str:
    """The text with one more child at the end of a container.

    Args:
        text: the whole document.
        container: where it belongs.
        render: the child's text, given the indentation of its line, or None to stay on one line.
        spread: give the first child of an empty container a line of its own.
    """
    if not container.children:
        return _insert_first(text, container.span, render, spread=spread)
    last, comma = container.children[-1], container.commas[-1]
    after = last.end if comma is None else comma + _COMMA
    if "\n" not in text[container.span.start : container.children[0].start]:
        child = render(None)
        return _splice(text, after, after, f", {child}" if comma is None else f" {child},")
    indent = indent_at(text, last.start)
    addition = newline_of(text) + indent + render(indent) + ("" if comma is None else ",")
    end = rest_of_line(text, after)
    text = _splice(text, end if end is not None else after, end if end is not None else after, addition)
    return text if comma is not None else _splice(text, last.end, last.end, ",")


def remove_child(text: str, container: Container, index: int) -> str:
    """The text without one child, its comma, and the line that only it was on."""
    child, comma = container.children[index], container.commas[index]
    end = child.end if comma is None else comma + _COMMA
    start, line_end = line_start(text, child.start), rest_of_line(text, end)
    if line_end is not None and start > container.span.start and not text[start : child.start].strip():
        end = text.find("\n", line_end) + 1
    elif index + 1 < len(container.children):
        start, end = child.start, len(text) - len(text[end:].lstrip(" \t"))
    else:
        start = len(text[: child.start].rstrip(" \t"))
    text = _splice(text, start, end, "")
    needless = container.commas[index - 1] if comma is None and index > 0 else None
    return text if needless is None else _splice(text, needless, needless + _COMMA, "")


def _insert_first(text: str, span: Span, render: Callable[[str | None], str], *, spread: bool) -> str:
    inner = text[span.start + 1 : span.end - 1]
    outer = indent_at(text, span.start)
    indent = outer + indent_unit(text)
    newline = newline_of(text)
    if inner.strip():  # comments only
        if "\n" not in inner:
            return _splice(text, span.end - 1, span.end - 1, render(None))
        close = line_start(text, span.end - 1)
        return _splice(text, close, close, indent + render(indent) + newline)
    child = newline + indent + render(indent) + newline + outer if spread else render(None)
    return _splice(text, span.start + 1, span.end - 1, child)


def _splice(text: str, start: int, end: int, replacement: str) -> str:
    return text[:start] + replacement + text[end:]

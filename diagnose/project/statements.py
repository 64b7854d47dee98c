"""Adding, removing and moving statements and tables of a TOML text, comments included."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import tomlkit

from diagnose.project.children import indent_at, line_start, newline_of
from diagnose.project.document import BYTE_ORDER_MARK, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.project.document import Keys, Layout, Table

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)+")


def toml_key(name: str) -> str:
    """A key in the plainest notation there is for it."""
    return name if _BARE_KEY.fullmatch(name) else toml_value(name)


def toml_value(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        members = ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {members} }}" if members else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return str(tomlkit.item(value).as_string())


def find_statement(layout: Layout, keys: Keys) -> Span | None:
    """The statement below a header that a key stands in, or None for a key in brackets or of a table."""
    place = layout.places.get(keys)
    if place is None or place.value is None:
        return None
    for table in layout.tables:
        for statement in table.statements:
            if statement.start <= place.key.start and statement.end == place.value.end:
                return statement
    return None


def find_table(layout: Layout, keys: Keys) -> Table | None:
    """The table that a header opens (the part before the first header for `()`), or None."""
    return next((table for table in layout.tables if table.keys == keys), None)


def statement_lines(text: str, statement: Span, *, comments: bool) -> Span:
    """The whole lines of a statement; with the comment lines directly above it, if asked for."""
    start = line_start(text, statement.start)
    while comments and start > 0:
        above = line_start(text, start - 1)
        if not text[above:start].lstrip(" \t").startswith("#"):
            break
        start = above
    end = text.find("\n", statement.end)
    return Span(start, len(text) if end < 0 else end + 1)


def insert_statement(text: str, layout: Layout, table: Table, lines: str) -> str:
    """The text with whole lines at the end of a table's own statements."""
    newline = newline_of(text)
    if not lines.endswith("\n"):
        lines += newline
    if not table.statements and not table.keys:
        return _insert_at_top(text, layout, lines)
    anchor = table.statements[-1] if table.statements else table.header
    indent = indent_at(text, anchor.start)
    lines = "".join(indent + line.lstrip(" \t") for line in lines.splitlines(keepends=True))
    return _insert_line(text, statement_lines(text, anchor, comments=False).end, lines)


def append_header(text: str, layout: Layout, keys: Keys, values: Mapping[str, Any], *, array: bool) -> str:
    """The text with one more table: after its siblings, else at the end."""
    header = ".".join(toml_key(str(key)) for key in keys)
    lines = [f"[[{header}]]" if array else f"[{header}]"]
    lines += [f"{toml_key(key)} = {toml_value(value)}" for key, value in values.items()]
    newline = newline_of(text)
    siblings = [table for table in layout.tables if table.keys[: len(keys)] == keys]
    if siblings:
        last = siblings[-1]
        anchor = last.statements[-1] if last.statements else last.header
        end = statement_lines(text, anchor, comments=False).end
    else:
        text = text.rstrip() + newline if text.strip(BYTE_ORDER_MARK + " \t\r\n") else text
        end = len(text)
    blank = newline if text[:end].strip(BYTE_ORDER_MARK + " \t\r\n") else ""
    return _insert_line(text, end, blank + newline.join(lines) + newline)


def without_table(text: str, table: Table) -> str:
    """The text without a header, its statements, and the comment lines directly above it.

    Of the blank lines around it one group stays; at the end of the file none does.
    """
    mark = len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0
    start = max(statement_lines(text, table.header, comments=True).start, mark)
    last = table.statements[-1] if table.statements else table.header
    end = statement_lines(text, last, comments=False).end
    head, tail = text[:start], text[end:]
    if not tail.strip():
        head = head.rstrip()
        return head + newline_of(text) if head.strip(BYTE_ORDER_MARK) else head
    blank = _BLANK_LINES.match(tail)
    return head + (tail[blank.end() :] if blank and _ends_blank(head) else tail)


def _ends_blank(head: str) -> bool:
    """Whether nothing stands above, or a blank line."""
    lines = head.strip(BYTE_ORDER_MARK).splitlines()
    return not lines or not lines[-1].strip()


def _insert_at_top(text: str, layout: Layout, lines: str) -> str:
    """Before the first header and the comments that belong to it."""
    headers = [table.header for table in layout.tables if table.keys]
    if not headers:
        return _insert_line(text, len(text), lines)
    start = statement_lines(text, headers[0], comments=True).start
    start = max(start, len(BYTE_ORDER_MARK) if text.startswith(BYTE_ORDER_MARK) else 0)
    return text[:start] + lines + newline_of(text) + text[start:]


def _insert_line(text: str, offset: int, lines: str) -> str:
    """Insert whole lines, ending the line before them where the file does not."""
    head = text[:offset]
    ended = not head.strip(BYTE_ORDER_MARK) or head.endswith("\n")
    return head + ("" if ended else newline_of(text)) + lines + text[offset:]

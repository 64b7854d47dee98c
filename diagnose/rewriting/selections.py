"""SQL that takes its rows from one JSON parameter, in place of `VALUES (…), (…)` or `IN (?, ?)`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from diagnose.d1.forms import Insert, json_each_sql
from diagnose.project.source.sql import Hole, Repeated, SqlText, Text, placeholders
from diagnose.rewriting.outcome import NotUnderstood

LIST_SELECTION: Final = "SELECT value FROM json_each(?)"
"""What stands between the parentheses of an `IN (…)` list."""

_VALUES = re.compile(r"\bVALUES\s*\Z", re.IGNORECASE)
_SINGLE_ROW = re.compile(r"\A(?P<head>.*\bVALUES)\s*(?P<row>\(.*)\Z", re.IGNORECASE | re.DOTALL)
_UPSERT = re.compile(r"\bON\s+CONFLICT\b", re.IGNORECASE)
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\?\d*|[:@$][A-Za-z_]\w*|.""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RowSelection:
    """The rows of an INSERT, selected from JSON.

    Attributes:
        head: the statement's fixed text up to and without `VALUES`; None when part of it is not known.
        selection: `SELECT value->>0, … FROM json_each(?1)`, with `WHERE true` where SQLite needs it.
        tail: what follows the rows, such as an `ON CONFLICT` clause; empty when nothing does.
        width: values per row.
        behind: parameters in the tail.
    """

    head: str | None
    selection: str
    tail: str
    width: int
    behind: int = 0

    @property
    def statement(self) -> str:
        """The whole statement; `INSERT …` stands for a head that is not known."""
        head = "INSERT …" if self.head is None else self.head.rstrip()
        return f"{head} {self.selection.rstrip()} {self.tail}".rstrip()


def rows_selection(sql: SqlText) -> RowSelection:
    """The form of `VALUES (…), (…)` over JSON.

    Raises:
        NotUnderstood: the text has another shape.
    """
    found: tuple[int, Repeated] | None = None
    for index, (before, part) in enumerate(pairwise(sql.parts), start=1):
        if isinstance(before, Text) and isinstance(part, Repeated) and _VALUES.search(before.text):
            found = index, part
    if found is None:
        raise NotUnderstood("the rows of the statement do not follow VALUES directly")
    index, rows = found
    head, tail = sql.parts[:index], sql.parts[index + 1 :]
    known = not any(isinstance(part, Hole) for part in head)
    head_text = _VALUES.sub("", SqlText(head).render()) if known else None
    return _selection(head_text, rows.unit.render(rows=1), SqlText(tail), behind=True)


def row_selection(sql: SqlText) -> RowSelection:
    """The form over JSON of a statement that inserts one row.

    Raises:
        NotUnderstood: the text has another shape.
    """
    if not sql.is_complete:
        raise NotUnderstood("the statement's text is not known completely")
    match = _SINGLE_ROW.match(sql.render(rows=1).strip().rstrip(";"))
    if match is None:
        raise NotUnderstood("the statement is not INSERT … VALUES (…)")
    row, tail = _first_group(match["row"])
    return _selection(match["head"][: -len("VALUES")], row, SqlText((Text(tail),)))


def _selection(head: str | None, row: str, tail: SqlText, *, behind: bool = False) -> RowSelection:
    if not tail.is_complete or tail.repeated:
        raise NotUnderstood("what follows the rows in the statement is not known")
    written = tail.render()
    after = written.strip().rstrip(";").rstrip()
    marks = placeholders(after)
    if (marks and not behind) or (head and placeholders(head)):
        raise NotUnderstood("the statement binds parameters outside its rows, too")
    if any(mark != "?" for mark in marks):
        raise NotUnderstood("the parameters behind its rows are numbered or named")
    items, width = _items(row)
    upsert = after if _UPSERT.match(after) else None
    plain = json_each_sql(Insert("t", tuple(f"c{position}" for position in range(width)), upsert=upsert))
    selection = plain[plain.index("SELECT") :].removesuffix(f" {upsert}" if upsert else "")
    if len(items) != width or any(item != f"value->>{index}" for index, item in enumerate(items)):
        _, _, source = selection.partition(" FROM ")
        selection = " ".join(("SELECT", ", ".join(items), "FROM", source))
    if marks:
        # A bare mark is one greater than the largest before it: https://sqlite.org/lang_expr.html#varparam
        selection = selection.replace("json_each(?1)", "json_each(?)")
    glue = " " if written[:1] not in {"", " ", "\n", "\t", ";"} else ""
    return RowSelection(head, selection + glue, after, width, len(marks))


def _items(row: str) -> tuple[list[str], int]:
    """The expressions of one row's parentheses over JSON, and how many parameters they had."""
    inside = row.strip()
    if not (inside.startswith("(") and inside.endswith(")")):
        raise NotUnderstood("a row of the statement is not (…)")
    items, width, depth = [""], 0, 0
    for piece in _TOKEN.findall(inside[1:-1]):
        depth += (piece == "(") - (piece == ")")
        if piece[0] in ":@$" and len(piece) > 1:
            raise NotUnderstood("the statement names its parameters")
        if piece[0] == "?":
            position = int(piece[1:]) - 1 if piece[1:] else width
            width = max(width, position + 1)
            items[-1] += f"value->>{position}"
        elif piece == "," and depth == 0:
            items.append("")
        else:
            items[-1] += piece
    return [item.strip() for item in items], width


def _first_group(text: str) -> tuple[str, str]:
    """The first parenthesised group, and what follows it."""
    depth = position = 0
    for match in _TOKEN.finditer(text):
        depth += (match[0] == "(") - (match[0] == ")")
        position = match.end()
        if depth == 0:
            return text[:position], text[position:]
    raise NotUnderstood("the parentheses of the statement's row do not match")

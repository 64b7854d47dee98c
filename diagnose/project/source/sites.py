"""Write sites: from a prepared statement to what it binds, for how many rows, and where."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.project.source.counts import AtMost, Exactly, UnknownCount
from diagnose.project.source.model import ParameterGroup, Parameters, RowTemplate
from diagnose.project.source.sql import (
    Hole,
    Repeated,
    Text,
    parameter_count,
    placeholders,
)
from diagnose.project.source.values import Item, JsonText, Many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.counts import Count, FromData
    from diagnose.project.source.sql import (
        SqlText,
    )
    from diagnose.project.source.values import ListValue, Segment

_VERB = re.compile(r"^(?:\s|--[^\n]*\n|/\*.*?\*/)*([A-Za-z]+)", re.DOTALL)
_IDENTIFIER = r"""(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|[A-Za-z_][\w$]*)"""
_TABLE = re.compile(
    rf"""\b(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM
        |CREATE\s+TABLE(?:\s+IF\s+NOT\s+EXISTS)?|FROM)\s+
        (?:{_IDENTIFIER}\s*\.\s*)?(?P<table>{_IDENTIFIER})""",
    re.IGNORECASE | re.VERBOSE,
)
_COLUMNS = re.compile(
    rf"\bINTO\s+(?:{_IDENTIFIER}\s*\.\s*)?{_IDENTIFIER}\s*\((?P<columns>[^()]*)\)\s*(?:VALUES|SELECT|WITH|$)",
    re.IGNORECASE,
)
_SET = re.compile(rf"({_IDENTIFIER})\s*=", re.IGNORECASE)
_AGGREGATE = re.compile(
    r"\s*SELECT\s+(?:count|max|min|sum|avg|total)\s*\([^()]*\)\s*(?:AS\s+\w+\s*)?FROM\b", re.IGNORECASE
)
_GROUPED = re.compile(r"\bGROUP\s+BY\b", re.IGNORECASE)
_SELECTIVE = re.compile(r"\b(?:WHERE|HAVING|JOIN|LIMIT)\b", re.IGNORECASE)
_LIMIT = re.compile(r"\bLIMIT\s+(\d+)\s*(?:OFFSET\s+\S+\s*)?;?\s*$", re.IGNORECASE)
_ROWS = re.compile(r"\bVALUES\b(?P<rows>.*)$", re.IGNORECASE | re.DOTALL)
_JSON_EACH = re.compile(r"\bjson_each\s*\(", re.IGNORECASE)


def verb_of(sql: SqlText) -> str | None:
    """`INSERT`, `SELECT`, …; of a `WITH`, the statement that follows it."""
    match = _VERB.match(sql.head())
    if match is None:
        return None
    verb = match[1].upper()
    if verb == "WITH":
        found = re.search(r"\)\s*(INSERT|REPLACE|UPDATE|DELETE|SELECT)\b", sql.render(), re.IGNORECASE)
        return found[1].upper() if found else verb
    return verb


def table_of(sql: SqlText) -> str | None:
    """The first table that the statement names, when its name is fixed."""
    match = _TABLE.search(_shown(sql))
    return _plain(match["table"]) if match else None


def columns_of(sql: SqlText) -> tuple[str, ...]:
    """The column list of an INSERT, or the columns that an UPDATE sets; empty when not fixed."""
    text = _shown(sql)
    verb = verb_of(sql)
    if verb in {"INSERT", "REPLACE"} and (match := _COLUMNS.search(text)):
        names = [name.strip() for name in match["columns"].split(",")]
        return () if any(_HOLE in name or not name for name in names) else tuple(map(_plain, names))
    if verb == "UPDATE":
        _, _, tail = re.sub(r"\s+", " ", text).partition(" SET ")
        assigned = re.split(r"\bWHERE\b", tail, maxsplit=1, flags=re.IGNORECASE)[0]
        return tuple(_plain(name) for name in _SET.findall(assigned)) if _HOLE not in assigned else ()
    return ()


_HOLE = "\x00"


def _shown(sql: SqlText) -> str:
    return sql.render(hole=_HOLE)


def _plain(name: str) -> str:
    name = name.strip()
    return name[1:-1] if name[:1] in {'"', "`", "["} else name


def limit_of(sql: SqlText) -> int | None:
    """The literal LIMIT at the end of a query."""
    match = _LIMIT.search(_shown(sql))
    return int(match[1]) if match else None


def parameters_in(sql: SqlText) -> Parameters:
    """The parameters that the text has marks for."""
    groups: list[ParameterGroup] = []
    fixed = parameter_count("".join(part.text if isinstance(part, Text) else " 0 " for part in sql.parts))
    known = sql.is_complete
    for part in sql.repeated:
        per_row = _marks(part.unit)
        if per_row is None:
            known = False
        elif per_row:
            groups.append(ParameterGroup(per_row=per_row, count=part.count, key=part.key))
    return _parameters(fixed, groups, known=known)


def _marks(unit: SqlText) -> int | None:
    total = 0
    for part in unit.parts:
        if isinstance(part, Text):
            total += len(placeholders(part.text + "1" * part.text.endswith("?")))
        elif isinstance(part, Repeated):
            inner, exact = _marks(part.unit), part.count.exact
            if inner is None or (inner and exact is None):
                return None
            total += inner * (exact or 0)
    return total


def parameters_bound(values: ListValue) -> Parameters:
    """The parameters that `bind` receives."""
    fixed = sum(1 for segment in values.segments if isinstance(segment, Item))
    groups: list[ParameterGroup] = []
    known = True
    for segment in values.segments:
        if isinstance(segment, Many):
            per_row = _width(segment.items)
            known = known and per_row is not None and not isinstance(segment.size.count, UnknownCount)
            if per_row:
                group = ParameterGroup(per_row=per_row, count=segment.size.count, key=segment.size.key)
                groups.append(group)
    return _parameters(fixed, groups, known=known)


def _width(items: Sequence[Segment]) -> int | None:
    total = 0
    for item in items:
        if isinstance(item, Item):
            total += 1
            continue
        inner, exact = _width(item.items), item.size.count.exact
        if inner is None or exact is None:
            return None
        total += inner * exact
    return total


def _parameters(fixed: int, groups: list[ParameterGroup], *, known: bool) -> Parameters:
    exact = [group for group in groups if group.count.exact is not None]
    open_ended = tuple(group for group in groups if group.count.exact is None)
    fixed += sum(group.per_row * (group.count.exact or 0) for group in exact)
    known = known and not any(isinstance(group.count, UnknownCount) for group in open_ended)
    count: Count = open_ended[0].count if open_ended else Exactly(1)
    per_row = sum(group.per_row for group in open_ended)
    return Parameters(per_row=per_row, fixed=fixed, count=count, known=known, groups=open_ended)


def combined(written: Parameters, bound: Parameters | None) -> Parameters:
    """One view of both: the binds where the text has holes, else the text."""
    if written.known or bound is None:
        return written
    if bound.known or bound.groups or not written.groups:
        return bound
    return written


def rows_of(sql: SqlText, values: ListValue | None, parameters: Parameters) -> Count:
    """Rows, or list elements, that one statement carries."""
    if values is not None and _JSON_EACH.search(_shown(sql)) and (size := json_size(values)) is not None:
        return size
    if parameters.groups:
        return parameters.groups[0].count
    if sql.repeated:
        return sql.repeated[0].count
    if not sql.is_complete:
        return UnknownCount(next(sql.holes()).expression)
    match = _ROWS.search(_shown(sql))
    return Exactly(_tuples(match["rows"]) or 1) if match else Exactly(1)


def _tuples(text: str) -> int:
    depth = count = 0
    quoted = False
    for character in text:
        if character == "'":
            quoted = not quoted
        elif not quoted and character == "(":
            count += depth == 0
            depth += 1
        elif not quoted and character == ")":
            depth -= 1
        elif not quoted and depth == 0 and character.isalpha():
            break
    return count


def json_size(values: ListValue) -> Count | None:
    """The length of the list in the JSON text among the parameters, or None without one."""
    for segment in values.segments:
        if isinstance(segment, Item) and isinstance(segment.value, JsonText):
            return segment.value.size.count
    return None


def json_source(values: ListValue | None) -> str | None:
    """The source of what `json.dumps` receives."""
    for segment in values.segments if values else ():
        if isinstance(segment, Item) and isinstance(segment.value, JsonText):
            return segment.value.source
    return None


def row_template(values: ListValue | None) -> RowTemplate | None:
    """How one row's parameters are made, when a single loop makes them."""
    many = [segment for segment in values.segments if isinstance(segment, Many)] if values else []
    if len(many) != 1 or many[0].head is None:
        return None
    head = many[0].head
    items = tuple(item.source for item in many[0].items if isinstance(item, Item))
    if len(items) != len(many[0].items):
        return None
    return RowTemplate(variable=head.variable, iterable=head.iterable, values=items, loop=head.span)


def queried_rows(sql: SqlText, expression: str, asked_at: FromData) -> Count:
    """How many rows a query answers: its LIMIT, one for an aggregate, else what the table has."""
    limit = limit_of(sql)
    if limit is not None:
        return AtMost(limit, expression)
    if not sql.is_complete:
        return UnknownCount(expression)
    text = _shown(sql)
    if _AGGREGATE.match(text) and not _GROUPED.search(text):
        return Exactly(1)
    return replace(asked_at, filtered=bool(_SELECTIVE.search(text)))


def holes_as_text(sql: SqlText) -> str:
    """A URL with `{expression}` for what is not known."""
    return "".join(
        part.text if isinstance(part, Text) else f"{{{part.expression if isinstance(part, Hole) else '…'}}}"
        for part in sql.parts
    )

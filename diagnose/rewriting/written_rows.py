"""Rows that are written into the text of an INSERT, bound as one JSON text instead."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from diagnose.project.source import Hole, Repeated, SqlText, Text, ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.execution import refuse_shadowed_json
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import place_of
from diagnose.rewriting.rows import refuse_bytes
from diagnose.rewriting.selections import rows_selection
from diagnose.rewriting.sql_edits import expression_at, select_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.project.source.model import StatementSite
    from diagnose.rewriting.outcome import Outcome, Rewritten
    from diagnose.rewriting.outline import Place

_HOW: Final = "the rows travel as one JSON text, bound as one parameter, and no value stands in the text"
_REMEDY: Final = (
    "make `rows` a list with one list of values per row, and execute "
    "`INSERT … SELECT value->>0, value->>1, … FROM json_each(?1)` with `.bind(json.dumps(rows))`"
)
_ESCAPED: Final = re.compile(r"""\.replace\(\s*(["'])'\1\s*,\s*(["'])''\2\s*\)\s*\Z""")
_NUMBERS: Final = frozenset({"int", "float", "round", "len", "abs", "min", "max", "get"})
"""Functions that make no SQL of their own."""


@dataclass(frozen=True, slots=True)
class _Written:
    """The call that joins the rows, and what each row is made of."""

    call: ir.Call
    comprehension: ir.Comprehension
    template: ir.Template

    @property
    def fields(self) -> tuple[ir.Expression, ...]:
        """What stands in the fields of a row's text."""
        return tuple(part for part in self.template.parts if not isinstance(part, str))


def rewrite_written_rows(text: str, site: StatementSite, others: Sequence[StatementSite] = ()) -> Outcome:
    """The module with the site's INSERT selecting its rows from one JSON parameter.

    Args:
        text: of the module in which the site stands.
        site: as read from that text; `", ".join(f"({…}, '{…}')" for row in rows)` makes its rows.
        others: the other places that send statements.
    """
    try:
        return _rewritten(text, site, others)
    except NotUnderstood as obstacle:
        return Refused(f"{site.function} is not rewritten: {obstacle}", _REMEDY)


def _rewritten(text: str, site: StatementSite, others: Sequence[StatementSite]) -> Rewritten:
    _require_own_text(site, others)
    place = place_of(text, site.span.path, site.span.start)
    refuse_shadowed_json(place)
    unit, quoted = _with_marks(_rows_of(site.sql))
    selection = rows_selection(_with_unit(site.sql, unit))
    written = _written(place, site.sql)
    sql = expression_at(place, site.sql_span)
    rows = _rows_source(place, written, quoted)
    edits = select_rows(place, sql, selection)
    if not (sql.span.start <= written.call.span.start and written.call.span.end <= sql.span.end):
        name = _only_use(place, written, sql)
        edits, rows = [*edits, Edit.of(written.call.span, rows)], name
    end = _prepare(place, sql).span.end
    edits.append(Edit(end, end, f".bind(json.dumps({rows}))"))
    return finish(text, edits, ["import json"], _HOW)


def _require_own_text(site: StatementSite, others: Sequence[StatementSite]) -> None:
    if site.verb not in {"INSERT", "REPLACE"} or site.bind_span is not None or site.batched:
        raise NotUnderstood("it is no INSERT that binds nothing")
    if site.sql_span.path != site.span.path or any(other.sql_span == site.sql_span for other in others):
        raise NotUnderstood("the text stands in another file, or several statements share it")


def _rows_of(sql: SqlText) -> Repeated:
    """The rows, which are the only part of the text that is not fixed."""
    rows = [part for part in sql.parts if not isinstance(part, Text)]
    if len(rows) != 1 or not isinstance(rows[0], Repeated) or rows[0].separator.strip() != ",":
        raise NotUnderstood("more than the rows of the statement is not fixed")
    return rows[0]


def _with_unit(sql: SqlText, unit: str) -> SqlText:
    parts = (
        replace(part, unit=SqlText((Text(unit),))) if isinstance(part, Repeated) else part
        for part in sql.parts
    )
    return SqlText(tuple(parts))


def _with_marks(rows: Repeated) -> tuple[str, list[bool]]:
    """One row's text with `?` for each value, and whether quotes stood around it.

    Raises:
        NotUnderstood: a value is only part of what stands between two commas.
    """
    parts = rows.unit.parts
    if any("?" in part.text for part in parts if isinstance(part, Text)):
        raise NotUnderstood("a row's text has question marks of its own")
    text, quoted, closing = "", list[bool](), 0
    for index, part in enumerate(parts):
        if isinstance(part, Text):
            text, closing = text + part.text[closing:], 0
            continue
        following = parts[index + 1] if index + 1 < len(parts) else None
        behind = following.text if isinstance(following, Text) else ""
        if not isinstance(part, Hole):
            raise NotUnderstood("a row's text grows itself")
        in_quotes = text.count("'") % 2 == 1
        if not _is_alone(text, behind, in_quotes=in_quotes):
            raise NotUnderstood(f"`{part.expression}` is only part of a value")
        quoted.append(in_quotes)
        closing = int(in_quotes)
        text = text[: len(text) - closing] + "?"
    return text, quoted


def _is_alone(before: str, behind: str, *, in_quotes: bool) -> bool:
    """Whether nothing else stands between the commas or the quotes around a value of the row itself."""
    if before.count("(") - before.count(")") != 1:
        return False
    if in_quotes:
        return before.endswith("'") and behind.startswith("'") and before[:-1].rstrip()[-1:] in {"(", ","}
    return before.rstrip()[-1:] in {"(", ","} and behind.lstrip()[:1] in {")", ","}


def _written(place: Place, sql: SqlText) -> _Written:
    """The only join in the function that makes these rows."""
    wanted = [hole.expression for hole in _rows_of(sql).unit.holes()]
    found = [one for one in _joins(place) if [field.source for field in one.fields] == wanted]
    if len(found) != 1:
        raise NotUnderstood("the rows are not written by one `join` over an f-string in the same function")
    return found[0]


def _joins(place: Place) -> Iterator[_Written]:
    for node in ir.walk(*place.scope()):
        match node:
            case ir.Call(
                function=ir.Attribute(name="join", value=ir.Literal()),
                arguments=(ir.Comprehension(element=ir.Template() as template, key=None) as comprehension,),
            ):
                yield _Written(node, comprehension, template)
            case _:
                pass


def _rows_source(place: Place, written: _Written, quoted: Sequence[bool]) -> str:
    """The comprehension with a list of values in place of each row's text."""
    refuse_bytes(place, *written.fields)
    values = ", ".join(_value(place, field, text) for field, text in zip(written.fields, quoted, strict=True))
    whole, element = written.comprehension.span, written.template.span
    source = place.text[whole.start : whole.end]
    if source[:1] + source[-1:] not in {"[]", "()"}:
        raise NotUnderstood("the rows are not joined from a comprehension in brackets")
    before = source[1 : element.start - whole.start]
    behind = source[element.end - whole.start : -1]
    return f"[{before}[{values}]{behind}]"


def _value(place: Place, field: ir.Expression, quoted: bool) -> str:  # noqa: FBT001 - a pair of lists
    """What a row's list holds for a field.

    Raises:
        NotUnderstood: the field may yield SQL of its own, such as NULL.
    """
    source = place.source(field)
    if isinstance(field, ir.Unknown):
        raise NotUnderstood(f"`{source}` is formatted")
    if quoted:
        return f"str({_ESCAPED.sub('', source)})"
    for node in ir.walk(field):
        if isinstance(node, (ir.Conditional, ir.Logical, ir.Template)) or _is_foreign(node):
            raise NotUnderstood(f"`{source}` may write SQL of its own")
    return source


def _is_foreign(node: ir.Node) -> bool:
    """A function that may answer SQL."""
    return isinstance(node, ir.Call) and node.function.source.rpartition(".")[2] not in _NUMBERS


def _only_use(place: Place, written: _Written, sql: ir.Expression) -> str:
    """The variable that takes the joined rows, which only the statement's text reads."""
    for node in ir.walk(*place.scope()):
        match node:
            case ir.Assign(targets=(ir.Name(name=name),), value=value) if value == written.call:
                uses = [
                    use for use in place.uses(name) if not node.span.start <= use.span.start < node.span.end
                ]
                inside = all(sql.span.start <= use.span.start < sql.span.end for use in uses)
                if place.assignment(name) is None or not inside:
                    raise NotUnderstood(f"`{name}` is used for more than this statement")
                return name
            case _:
                pass
    raise NotUnderstood("the joined rows are not kept in a variable of their own")


def _prepare(place: Place, sql: ir.Expression) -> ir.Call:
    """The call of `prepare` that takes the text, in the statement that executes it."""
    for node in ir.walk(place.statement):
        match node:
            case ir.Call(function=ir.Attribute(name="prepare"), arguments=(argument,)):
                assigned = place.assignment(argument.name) if isinstance(argument, ir.Name) else None
                if argument.span == sql.span or (assigned is not None and assigned.value == sql):
                    return node
            case _:
                pass
    raise NotUnderstood("the statement is not prepared where it is executed")

"""Edits of the expression that builds a statement's text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.dead_code import removal
from diagnose.rewriting.literals import WIDTH, adjacent, literal_at, wrapped
from diagnose.rewriting.outcome import NotUnderstood
from diagnose.rewriting.selections import LIST_SELECTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.source.ir import Span
    from diagnose.rewriting.outline import Place
    from diagnose.rewriting.selections import RowSelection

_VALUES_THEN_QUOTE = re.compile(r"(?P<values>\bVALUES\s*)(\"\"\"|'''|\"|')\s*\Z", re.IGNORECASE)
_VALUES_THEN_FIELD = re.compile(r"\bVALUES\s*\{\s*\Z", re.IGNORECASE)
_IN_THEN_FIELD = re.compile(r"\bIN\s*\(\s*\{\s*\Z", re.IGNORECASE)
_IN_THEN_QUOTE = re.compile(r"\bIN\s*\(\s*[\"']{1,3}\s*\Z", re.IGNORECASE)
_IN_LIST = re.compile(r"\bIN\s*\(\s*\Z", re.IGNORECASE)
_SINGLE_ROW = re.compile(r"\bVALUES\s*\((?:[^()\"]|\([^()\"]*\))*\)", re.IGNORECASE)


def expression_at(place: Place, span: Span) -> ir.Expression:
    """The expression that a span covers. Raises NotUnderstood when there is none."""
    for node in ir.walk(*place.levels[0].block):
        if isinstance(node, ir.Expression) and (node.span.start, node.span.end) == (span.start, span.end):
            return node
    raise NotUnderstood("the expression that builds the statement was not found again")


def select_rows(place: Place, sql: ir.Expression, selection: RowSelection) -> list[Edit]:
    """`VALUES` and the rows behind it, replaced by the selection; the rest stays as it is written.

    Raises:
        NotUnderstood: the expression is written in another way, and the text is not known completely.
    """
    return (
        _in_a_field(place, sql, selection)
        or _between_operands(place, sql, selection)
        or _in_steps(place, sql, selection)
        or [_from_scratch(place, sql, selection)]
    )


def select_row(place: Place, sql: ir.Expression, selection: RowSelection) -> list[Edit]:
    """The same for a text that inserts one row."""
    found = _SINGLE_ROW.search(place.source(sql))
    if isinstance(sql, ir.Literal) and found:
        start, end = sql.span.start + found.start(), sql.span.start + found.end()
        if end < literal_at(place.text, start).end:
            return _replaced(place, sql, start, end, selection.selection)
    return [_from_scratch(place, sql, selection)]


def select_lists(place: Place, sql: ir.Expression, lists: int) -> list[Edit]:
    """The marks of each `IN (…)` replaced by a selection from JSON.

    Raises:
        NotUnderstood: another number of lists is found than there are.
    """
    filled = _filled_in(place, sql) if lists == 1 else []
    if filled:
        return filled
    fields: list[Edit] = []
    for field in _fields(sql):
        if _IN_THEN_FIELD.search(place.text[: field.span.start]):
            start = place.text.rindex("{", 0, field.span.start)
            fields.append(Edit(start, place.text.index("}", field.span.end) + 1, LIST_SELECTION))
    edits = [*fields, *without_idle_prefixes(place, fields)]
    operands = list(ir.operands(sql))
    for index, marks in enumerate(operands[1:], start=1):
        if _IN_THEN_QUOTE.search(place.source(operands[index - 1])):
            edits.append(_between(place, operands[index - 1 : index + 2], marks))
    if sum(LIST_SELECTION in edit.replacement for edit in edits) != lists:
        raise NotUnderstood("the IN (…) list is put together in a way that is not understood")
    return edits


def _filled_in(place: Place, sql: ir.Expression) -> list[Edit]:
    """`"… IN (%s)" % marks`, or `"… IN ({})".format(marks)`: a literal that is filled in once."""
    match sql:
        case ir.Binary(operator="%", left=ir.Literal() as template, right=right):
            field, escape = "%s", "%%"
        case ir.Call(
            function=ir.Attribute(value=ir.Literal() as template, name="format"),
            arguments=(right,),
            keywords=(),
        ):
            field, escape = "{}", "{{"
        case _:
            return []
    source = place.source(template)
    one = not isinstance(right, ir.Sequence) or len(right.items) == 1
    if not one or source.count(field) != 1 or escape in source:
        return []
    start = source.index(field)
    if not _IN_LIST.search(source[:start]):
        return []
    start += template.span.start
    return [Edit(start, start + len(field), LIST_SELECTION), Edit(template.span.end, sql.span.end, "")]


def _between(place: Place, operands: list[ir.Expression], marks: ir.Expression) -> Edit:
    """The marks between two literals replaced, and the three made one where they are alike."""
    before = literal_at(place.text, operands[0].span.end - 1)
    if isinstance(operands[-1], ir.Literal) and operands[-1] is not marks:
        behind = literal_at(place.text, operands[-1].span.start)
        if (before.prefix, before.quote) == (behind.prefix, behind.quote):
            return Edit(before.end - len(before.quote), behind.inside, LIST_SELECTION)
    return Edit.of(marks.span, f'"{LIST_SELECTION}"')


def _in_a_field(place: Place, sql: ir.Expression, selection: RowSelection) -> list[Edit]:
    """`f"… VALUES {rows}"`."""
    for field in _fields(sql):
        before = _VALUES_THEN_FIELD.search(place.text[sql.span.start : field.span.start])
        if before:
            end = place.text.index("}", field.span.end) + 1
            return _replaced(place, sql, sql.span.start + before.start(), end, selection.selection)
    return []


def _between_operands(place: Place, sql: ir.Expression, selection: RowSelection) -> list[Edit]:
    """`"… VALUES " + rows`."""
    operands = list(ir.operands(sql))
    for index, operand in enumerate(operands[:-1]):
        found = _VALUES_THEN_QUOTE.search(place.source(operand))
        if found is None:
            continue
        start = operand.span.start + found.start("values")
        literal = literal_at(place.text, start)
        end = _balanced(place.text, start, operands[index + 1].span.end)
        if "#" in place.text[literal.end : end]:
            raise NotUnderstood("a comment stands among the parts of the statement's text")
        *edits, last = _replaced(place, sql, start, literal.end - len(literal.quote), selection.selection)
        return [*edits, last, Edit(literal.end, end, "")]
    return []


def _in_steps(place: Place, sql: ir.Expression, selection: RowSelection) -> list[Edit]:
    """`sql = "… VALUES "`, and `sql += rows` later in the same block; or `sql += "VALUES " + rows`."""
    name = _target(place.at(sql.span.start).statement)
    first = place.at(sql.span.start).assignment(name) if name else None
    if first is None or first.value is None:
        return []
    for step in _steps(place.at(sql.span.start), str(name)):
        edits = _in_a_field(place, step.value, selection) or _between_operands(place, step.value, selection)
        blocks = [place.at(node.span.start).levels[-1].block for node in (step, first)]
        if edits and blocks[0] is blocks[1]:
            return edits
    found = _VALUES_THEN_QUOTE.search(place.source(first.value))
    rows = next((step for step in _steps(place.at(sql.span.start), str(name))), None)
    if found is None or rows is None:
        return []
    if place.at(rows.span.start).levels[-1].block is not place.at(first.span.start).levels[-1].block:
        raise NotUnderstood("the statement's text is put together in several places")
    start = first.value.span.start + found.start("values")
    literal = literal_at(place.text, start)
    edits = _replaced(place, first.value, start, literal.end - len(literal.quote), selection.selection)
    return [*edits, removal(place.text, rows)]


def _target(statement: ir.Statement) -> str | None:
    """The variable that an assignment or `+=` changes."""
    match statement:
        case ir.Assign(targets=(ir.Name(name=name),)) | ir.Augment(target=ir.Name(name=name)):
            return name
        case _:
            return None


def _steps(place: Place, name: str) -> list[ir.Augment]:
    """The statements that add to a text, in order."""
    found = (node for node in ir.walk(*place.scope()) if isinstance(node, ir.Augment))
    return sorted((node for node in found if _target(node) == name), key=lambda node: node.span.start)


def _replaced(place: Place, sql: ir.Expression, start: int, end: int, text: str) -> list[Edit]:
    """New text inside a literal, which continues on further lines when one would get too long."""
    literal = literal_at(place.text, start)
    column = start - place.text.rfind("\n", 0, start) - 1
    if column + len(text) < WIDTH:
        return [*_without_prefix(place, start, end), Edit(start, end, text)]
    layout, indent = _layout(place, sql)
    if len(literal.quote) > 1:
        line = place.text[place.text.rfind("\n", 0, start) + 1 :]
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        lines = wrapped(text.rstrip(" "), WIDTH - len(indent))
        glue = " " if text.endswith(" ") else ""
        broken = f"\n{indent}".join(line.rstrip() for line in lines) + glue
        return [*_without_prefix(place, start, end), Edit(start, end, broken)]
    quote, behind = literal.quote, place.text[end : literal.end]
    if layout and len(indent) + start - literal.start + len(text) + len(behind) < WIDTH:
        return [*layout, *_without_prefix(place, start, end), Edit(start, end, text)]
    lines = wrapped(text, WIDTH - len(indent) - 3)
    joined = f"{quote}\n{indent}{quote}".join(lines)
    if len(indent) + 1 + len(lines[-1] + behind) > WIDTH and re.match(r" \w[^{}]+\Z", behind):
        joined, end = f"{joined} {quote}\n{indent}{quote}", end + 1
    if "f" in literal.prefix.lower() and re.search(r"[{}]", behind):
        head, _, tail = joined.rpartition(f"\n{indent}{quote}")
        joined = f"{head}\n{indent}f{quote}{tail}" if head else joined
    if place.text[literal.inside : start].strip():
        keeps_prefix = len(lines) == 1 and re.search(r"[{}]", behind) and "f" in literal.prefix.lower()
        joined = f"{quote}\n{indent}{'f' if keeps_prefix else ''}{quote}{joined}"
    return [*layout, *_without_prefix(place, start, literal.end), Edit(start, end, joined)]


def _without_prefix(place: Place, start: int, end: int) -> list[Edit]:
    """Drops the `f` of a literal whose last field goes."""
    return without_idle_prefixes(place, [Edit(start, end, "")])


def without_idle_prefixes(place: Place, gone: list[Edit]) -> list[Edit]:
    """Edits that drop the `f` of the literals whose last fields go."""
    edits = []
    for literal in {literal_at(place.text, edit.start) for edit in gone}:
        rest = "".join(
            character
            for offset, character in enumerate(place.text[literal.inside : literal.end], start=literal.inside)
            if not any(edit.start <= offset < edit.end for edit in gone)
        )
        if literal.prefix in {"f", "F"} and not re.search(r"[{}]", rest):
            edits.append(Edit(literal.start, literal.start + 1, ""))
    return edits


def _layout(place: Place, sql: ir.Expression) -> tuple[list[Edit], str]:
    """Edits after which the expression may go on below, and the indentation it then has."""
    start, end = sql.span.start, sql.span.end
    line_start = place.text.rfind("\n", 0, start) + 1
    line = place.text[line_start:]
    outer = line[: len(line) - len(line.lstrip())]
    if not place.text[line_start:start].strip():
        return [], outer
    inner = outer + place.indent_unit()
    further = place.source(sql).split("\n")[1:]
    if place.text[start - 1] == "(" and place.text[end : end + 1] == ")":
        return [Edit(start, start, f"\n{inner}"), Edit(end, end, f"\n{outer}")], inner
    if not _in_brackets(place, sql):
        return [Edit(start, start, f"(\n{inner}"), Edit(end, end, f"\n{outer})")], inner
    last = next((line for line in reversed(further) if line.strip()), None)
    return [], inner if last is None else last[: len(last) - len(last.lstrip())]


def _from_scratch(place: Place, sql: ir.Expression, selection: RowSelection) -> Edit:
    """The whole expression as one text."""
    if selection.head is None:
        raise NotUnderstood("the statement's text is put together in a way that is not understood")
    if "#" in place.source(sql) or '"' in selection.statement or "\\" in selection.statement:
        raise NotUnderstood("the statement's text cannot be written anew without losing something")
    if _grows_later(place, sql):
        raise NotUnderstood("the statement's text is put together in several steps")
    layout, indent = _layout(place, sql)
    lines = wrapped(" ".join(selection.statement.split()), WIDTH - len(indent) - 3)
    if len(lines) == 1:
        return Edit.of(sql.span, f'"{lines[0]}"')
    opening, closing = (edit.replacement for edit in layout) if layout else ("", "")
    return Edit.of(sql.span, opening + adjacent(lines, indent) + closing)


def _grows_later(place: Place, sql: ir.Expression) -> bool:
    """Whether the expression is one of several parts of a text that statements add to."""
    at = place.at(sql.span.start)
    name = _target(at.statement)
    return name is not None and bool(_steps(at, name))


def _in_brackets(place: Place, sql: ir.Expression) -> bool:
    """Whether a line may be broken inside the expression: a bracket of its statement is open there."""
    statement = place.at(sql.span.start).statement
    before = place.text[statement.span.start : sql.span.start]
    return sum(before.count(opening) for opening in "([{") > sum(before.count(closing) for closing in ")]}")


def _balanced(text: str, start: int, end: int) -> int:
    """`end`, moved behind the brackets that are opened between and closed after it."""
    open_brackets = 0
    for character in text[start:end]:
        open_brackets += (character in "([") - (character in ")]")
    while open_brackets > 0 and end < len(text):
        open_brackets -= text[end] in ")]"
        end += 1
    return end


def _fields(node: ir.Expression) -> Iterator[ir.Expression]:
    for operand in ir.operands(node):
        if isinstance(operand, ir.Template):
            yield from (part for part in operand.parts if not isinstance(part, str))

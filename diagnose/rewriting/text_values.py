"""Values that stand in a statement's text, taken out of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.literals import literal_at
from diagnose.rewriting.outcome import NotUnderstood
from diagnose.rewriting.sql_edits import expression_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.project.source.interpolation import InterpolatedValue
    from diagnose.project.source.model import StatementSite
    from diagnose.rewriting.outline import Place

_TEXTUAL = re.compile(r"str\(.*\)|.*\.(?:strip|upper|lower|isoformat|title|strftime)\([^()]*\)", re.DOTALL)
_LIMITS_OF_A_LITERAL = re.compile(r"['\\{}]")
_SPECIAL = {"%s": "%", "{}": "{}"}
_FIELD = re.compile(r"(?<!\{)\{[^{}]+\}(?!\})")


@dataclass(frozen=True, slots=True)
class Bound:
    """A value that leaves the text: what to replace there, and the argument of `bind` it becomes.

    Attributes:
        marks: parameter marks before it.
    """

    edit: Edit
    argument: str
    marks: int


def taken_out(
    place: Place, site: StatementSite, values: Sequence[InterpolatedValue]
) -> tuple[list[Bound], list[Edit]]:
    """Every value with its place in the source, in the order of the text; an SQL literal goes as a whole."""
    if any(value.repeated for value in values):
        raise NotUnderstood("the rows are put into the text one by one")
    sql = expression_at(place, site.sql_span)
    if any(value.marks is None for value in values):
        raise NotUnderstood("a list of parameters stands before the value")
    filled = _filled_in(sql)
    if filled is not None:
        return _markers_out(place, filled, values), [Edit(filled.template.span.end, sql.span.end, "")]
    pieces = list(_pieces(sql))
    taken: dict[Edit, Bound] = {}
    for index, value in enumerate(values):
        places = [one for one in pieces if one.is_of(value.expression)]
        alike = sum(one.expression == value.expression for one in values)
        if len(places) != alike:
            raise NotUnderstood(f"the place of `{value.expression}` in the text was not found")
        piece = places[sum(one.expression == value.expression for one in values[:index])]
        bound = _bound(place, piece, value)
        taken.setdefault(bound.edit, bound)
    return list(taken.values()), []


@dataclass(frozen=True, slots=True)
class _FilledIn:
    """`"… %s" % value`, or `"… {}".format(value)`."""

    template: ir.Literal
    values: tuple[ir.Expression, ...]
    marker: str


def _filled_in(sql: ir.Expression) -> _FilledIn | None:
    match sql:
        case ir.Binary(operator="%", left=ir.Literal() as template, right=ir.Sequence(items=items)):
            return _FilledIn(template, items, "%s")
        case ir.Binary(operator="%", left=ir.Literal() as template, right=right):
            return _FilledIn(template, (right,), "%s")
        case ir.Call(
            function=ir.Attribute(name="format", value=ir.Literal() as template),
            arguments=arguments,
            keywords=(),
        ):
            return _FilledIn(template, arguments, "{}")
        case _:
            return None


def _markers_out(place: Place, filled: _FilledIn, values: Sequence[InterpolatedValue]) -> list[Bound]:
    """All of the markers, none of which may stand for a name; the text is not filled in any more."""
    template = place.source(filled.template)
    starts = [match.start() for match in re.finditer(re.escape(filled.marker), template)]
    others = template.replace(filled.marker, "")
    wanted = [{value.expression, f"str({value.expression})"} for value in values]
    if any(character in others for character in _SPECIAL[filled.marker]):
        raise NotUnderstood("the text has more in it than values to fill in")
    if not len(starts) == len(filled.values) == len(values) or not all(
        given.source in names for given, names in zip(filled.values, wanted, strict=True)
    ):
        raise NotUnderstood("not everything that is filled in is a value")
    offset = filled.template.span.start
    return [
        _marker(place.text, offset + start, filled.marker, value)
        for start, value in zip(starts, values, strict=True)
    ]


def _marker(text: str, start: int, marker: str, value: InterpolatedValue) -> Bound:
    end, quote = start + len(marker), "'" * value.quoted
    around = text[start - 2 * len(quote) : start], text[end : end + 2 * len(quote)]
    if not around[0].endswith(quote) or not around[1].startswith(quote) or "''" in around:
        raise NotUnderstood(f"more than `{value.expression}` stands between the quotes")
    argument = _as_text(value.expression) if value.quoted else value.expression
    return Bound(Edit(start - len(quote), end + len(quote), "?"), argument, value.marks or 0)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the text that is not written out: a field, or an operand between two literals."""

    node: ir.Expression
    before: ir.Expression | None = None
    behind: ir.Expression | None = None

    def is_of(self, expression: str) -> bool:
        return self.node.source in {expression, f"str({expression})"}


def _pieces(sql: ir.Expression) -> Iterator[_Piece]:
    operands = list(ir.operands(sql))
    for index, operand in enumerate(operands):
        if isinstance(operand, ir.Template):
            yield from (_Piece(part) for part in operand.parts if not isinstance(part, str))
        elif not isinstance(operand, ir.Literal):
            yield _Piece(operand, *(_text_at(operands, at) for at in (index - 1, index + 1)))


def _text_at(operands: Sequence[ir.Expression], index: int) -> ir.Expression | None:
    found = operands[index] if 0 <= index < len(operands) else None
    return found if isinstance(found, (ir.Literal, ir.Template)) else None


def _bound(place: Place, piece: _Piece, value: InterpolatedValue) -> Bound:
    marks = value.marks or 0
    if piece.before is not None:
        return Bound(*_between(place, piece, value), marks)
    if value.quoted:
        return Bound(*_quoted(place, piece.node), marks)
    start, end = _braces(place, piece.node)
    return Bound(Edit(start, end, "?"), value.expression, marks)


def _between(place: Place, piece: _Piece, value: InterpolatedValue) -> tuple[Edit, str]:
    """`"… = '" + value + "'"`: the mark takes the place of the operand, and the literals become one."""
    assert piece.before is not None  # noqa: S101 - by the choice of the function
    before = literal_at(place.text, piece.before.span.end - 1)
    start, quote = before.end - len(before.quote), "'" * value.quoted
    if piece.behind is None:
        end, closing = piece.node.span.end, before.quote
    else:
        behind = literal_at(place.text, piece.behind.span.start)
        if (behind.prefix, behind.quote) != (before.prefix, before.quote):
            raise NotUnderstood(f"the literals around `{value.expression}` are of two kinds")
        end, closing = behind.inside, ""
    if "#" in place.text[before.end : end] or not place.text[:start].endswith(quote):
        raise NotUnderstood(f"more than `{value.expression}` stands between the quotes")
    if value.quoted and (closing or place.text[end] != "'"):
        raise NotUnderstood(f"more than `{value.expression}` stands between the quotes")
    edit = Edit(start - len(quote), end + len(quote), f"?{closing}")
    return edit, _as_text(value.expression) if value.quoted else value.expression


def _as_text(expression: str) -> str:
    return expression if _TEXTUAL.fullmatch(expression) else f"str({expression})"


def _braces(place: Place, field: ir.Expression) -> tuple[int, int]:
    """Where a field begins and ends, with its braces."""
    start = place.text.rindex("{", 0, field.span.start)
    end = place.text.index("}", field.span.end) + 1
    if (place.text[start + 1 : field.span.start] + place.text[field.span.end : end - 1]).strip():
        raise NotUnderstood(f"`{field.source}` is formatted in its field")
    return start, end


def _quoted(place: Place, field: ir.Expression) -> tuple[Edit, str]:
    """The whole SQL literal around a field, which becomes one parameter."""
    start, end = _braces(place, field)
    literal = literal_at(place.text, start - 1)
    inside_end = literal.end - len(literal.quote)
    opening = place.text.rfind("'", literal.inside, start)
    closing = place.text.find("'", end, inside_end)
    if opening < 0 or closing < 0:
        raise NotUnderstood("the quotes around the value were not found")
    if "''" in (place.text[opening - 1 : opening + 1], place.text[closing : closing + 2]):
        raise NotUnderstood(f"the text around `{field.source}` holds quotes or escapes")
    content = place.text[opening + 1 : closing]
    edit = Edit(opening, closing + 1, "?")
    if (opening + 1, closing) == (start, end):
        return edit, _as_text(field.source)
    written = _FIELD.sub("", content)
    if _LIMITS_OF_A_LITERAL.search(written) or "\n" in content or '"' in content:
        raise NotUnderstood(f"the text around `{field.source}` holds quotes or escapes")
    return edit, f'f"{content}"'

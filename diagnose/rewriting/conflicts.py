"""A conflict clause for an INSERT that has none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.d1.identifiers import quoted
from diagnose.d1.tokens import tokens
from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.literals import WIDTH, literal_at
from diagnose.rewriting.outcome import NotUnderstood, Refused, finish
from diagnose.rewriting.outline import place_of
from diagnose.rewriting.sql_edits import expression_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.model import StatementSite
    from diagnose.rewriting.outcome import Outcome
    from diagnose.rewriting.outline import Place

_INTO: Final = re.compile(r"\bINSERT\s+INTO\b", re.IGNORECASE)
_AFTER_FROM: Final = {"WHERE", "GROUP", "ORDER", "LIMIT", "HAVING"}


def add_conflict_clause(text: str, site: StatementSite, key: Sequence[str]) -> Outcome:
    """The module in which the INSERT passes over rows whose key is there already.

    `ON CONFLICT (key) DO NOTHING` where the end of the statement is written as a literal; elsewhere
    `INSERT OR IGNORE`, which passes over rows that violate NOT NULL or CHECK as well.

    Args:
        text: of the module in which the statement's text stands.
        site: as read from that text.
        key: the columns of a unique key of the table.
    """
    try:
        place = place_of(text, site.sql_span.path, site.sql_span.start)
        columns = ", ".join(map(quoted, key))
        edits = _at_the_end(place, site, f"ON CONFLICT ({columns}) DO NOTHING")
        if edits is not None:
            return finish(text, edits, (), f"a row whose ({columns}) is there already is passed over")
        how = "rows that are there already are passed over, as are rows that violate NOT NULL or CHECK"
        return finish(text, _ignoring(place, site), (), how)
    except NotUnderstood as obstacle:
        remedy = f"end the statement with ON CONFLICT ({', '.join(key)}) DO NOTHING"
        return Refused(f"{site.function} is not rewritten: {obstacle}", remedy)


def _at_the_end(place: Place, site: StatementSite, clause: str) -> list[Edit] | None:
    """The clause behind the last word, when the whole text is one expression that ends with a literal."""
    expression = expression_at(place, site.sql_span)
    if _grows(place):
        return None
    end = expression
    while isinstance(end, ir.Binary) and end.operator == "+":
        end = end.right
    if not isinstance(end, (ir.Literal, ir.Template)):
        return None
    literal = literal_at(place.text, end.span.end - 1)
    closing = literal.end - len(literal.quote)
    written = place.text[literal.inside : closing]
    stop = literal.inside + len(written.rstrip("; \t\r\n"))
    if stop == literal.inside:
        return None
    if _joins_on(site):
        clause = f"WHERE true {clause}"
    return _behind(place, expression, stop, closing, clause)


def _behind(place: Place, expression: ir.Expression, stop: int, closing: int, clause: str) -> list[Edit]:
    """The clause at the end of a literal; on a line of its own where the line would get too long."""
    literal = literal_at(place.text, stop - 1)
    line_start = place.text.rfind("\n", 0, stop) + 1
    line_end = place.text.find("\n", stop)
    length = (line_end if line_end >= 0 else len(place.text)) - line_start
    line = place.text[line_start:stop]
    indent = line[: len(line) - len(line.lstrip())]
    if len(literal.quote) > 1:
        is_alone = not place.text[stop:closing].strip() and "\n" in place.text[literal.inside : stop]
        return [Edit(stop, stop, f"\n{indent}{clause}" if is_alone else f" {clause}")]
    if length + len(clause) < WIDTH:
        return [Edit(stop, stop, f" {clause}")]
    prefix = f"{literal.quote}\n"
    start, end = expression.span.start, expression.span.end
    if not place.text[line_start : literal.start].strip():
        return [Edit(stop, stop, f" {prefix}{indent}{literal.quote}{clause}")]
    inner = indent + place.indent_unit()
    bare = place.text[start - 1] == "(" and place.text[end : end + 1] == ")"
    opened, closed = ("", "") if bare else ("(", ")")
    return [
        Edit(start, start, f"{opened}\n{inner}"),
        Edit(stop, stop, f" {prefix}{inner}{literal.quote}{clause}"),
        Edit(end, end, f"\n{indent}{closed}"),
    ]


def _joins_on(site: StatementSite) -> bool:
    """`ON` behind a FROM would be read as that of a join (https://sqlite.org/lang_upsert.html)."""
    words = {token.text.upper() for token in tokens(site.sql.render(rows=1, hole="1")) if token.depth == 0}
    return "SELECT" in words and not words & _AFTER_FROM


def _grows(place: Place) -> bool:
    """Statements add to the text afterwards."""
    match place.statement:
        case ir.Assign(targets=(ir.Name(name=name),)) | ir.Augment(target=ir.Name(name=name)):
            added = (node for node in ir.walk(*place.scope()) if isinstance(node, ir.Augment))
            return any(isinstance(node.target, ir.Name) and node.target.name == name for node in added)
        case _:
            return False


def _ignoring(place: Place, site: StatementSite) -> list[Edit]:
    found = list(_INTO.finditer(place.text, site.sql_span.start, site.sql_span.end))
    if len(found) != 1:
        raise NotUnderstood("`INSERT INTO` is not written once in the statement's text")
    match = found[0]
    word = "or ignore" if match[0].islower() else "OR IGNORE"
    at = match.start() + len("INSERT")
    return [Edit(at, at, f" {word}")]

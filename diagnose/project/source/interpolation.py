"""Values of somebody else that stand in the text of a statement, where a parameter could take them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from diagnose.d1.tokens import Kind, tokens
from diagnose.project.source import ir
from diagnose.project.source.python import lower
from diagnose.project.source.sql import Hole, Ordinal, Repeated, Text, placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.d1.tokens import Token
    from diagnose.project.source.model import Source, StatementSite
    from diagnose.project.source.sql import Origin, Part

_BINDING_VERBS = {"SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH"}
_BEFORE_VALUE = {"LIKE", "GLOB", "BETWEEN", "LIMIT", "OFFSET", "IS"}
_LISTS = {"VALUES", "IN"}
_TESTS = re.compile(
    r"(?:^|\.)(?:fullmatch|match|isidentifier|isalnum|isalpha|isdigit|isdecimal|isnumeric|isascii)$"
)
_VETTING = re.compile(r"valid|check|ensure|allow|quote|escape|sanit|clean|safe", re.IGNORECASE)
_DATES = {"fromisoformat", "strptime"}
_MARK = re.compile("\ue000([0-9]+)\ue001")  # characters that SQLite takes for those of a name


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpolatedValue:
    """One value in a statement's text.

    Attributes:
        expression: the source that yields it.
        quoted: it stands between quotes, which a quote inside it would end.
        repeated: it is repeated with a collection.
        marks: parameter marks in the text before it, or None when a repetition precedes it.
    """

    expression: str
    origin: Origin
    quoted: bool
    repeated: bool
    marks: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpolation:
    """A statement with such values, in the order of its text."""

    site: StatementSite
    values: tuple[InterpolatedValue, ...]


def interpolations(source: Source) -> tuple[Interpolation, ...]:
    """Every statement of a Python worker whose text holds a value that nothing restricts.

    Names of tables and columns cannot be bound, and are left out; so are numbers, values that the module
    compares with a list or a pattern, and values that it hands to a function that checks or quotes.
    """
    vetted = {module.path: _vetted(module.text, module.path) for module in source.modules}
    found = (
        Interpolation(site=site, values=tuple(_values(site, vetted.get(site.sql_span.path, frozenset()))))
        for site in source.sites
        if site.verb in _BINDING_VERBS
    )
    return tuple(one for one in found if one.values)


def _values(site: StatementSite, vetted: frozenset[str]) -> Iterator[InterpolatedValue]:
    holes: list[tuple[Hole, bool]] = []
    text = "".join(_marked(site.sql.parts, holes, repeated=False))
    for number, quoted in _value_places(text):
        hole, repeated = holes[number]
        if hole.origin is None or {_root(hole.expression), _plain(hole.expression)} & vetted:
            continue
        before = text[: text.index(f"\ue000{number}\ue001")]
        yield InterpolatedValue(
            expression=hole.expression,
            origin=hole.origin,
            quoted=quoted,
            repeated=repeated,
            marks=None if _repeats_before(site.sql.parts, hole) else len(placeholders(before + "'" * quoted)),
        )


def _marked(parts: Sequence[Part], holes: list[tuple[Hole, bool]], *, repeated: bool) -> Iterator[str]:
    """The text with a name of its own in place of each hole, and each repetition once."""
    for part in parts:
        match part:
            case Text(text):
                yield text
            case Ordinal(start):
                yield str(start)
            case Hole():
                holes.append((part, repeated))
                yield f"\ue000{len(holes) - 1}\ue001"
            case Repeated(unit):
                yield from _marked(unit.parts, holes, repeated=True)


def _repeats_before(parts: Sequence[Part], hole: Hole) -> bool:
    return any(isinstance(part, Repeated) for part in takewhile(lambda part: part is not hole, parts))


def _value_places(text: str) -> Iterator[tuple[int, bool]]:
    """The numbers of the holes that stand where a value does, and whether between quotes."""
    found = list(tokens(text))
    for position, token in enumerate(found):
        numbers = [int(match[1]) for match in _MARK.finditer(token.text)]
        is_text = token.kind is Kind.LITERAL or (
            token.text.startswith('"') and _is_after_comparison(found, position)
        )
        if is_text:
            yield from ((number, True) for number in numbers)
        elif numbers and _MARK.fullmatch(token.text) and _is_value(found, position):
            yield numbers[0], False


def _is_after_comparison(found: Sequence[Token], position: int) -> bool:
    before = found[position - 1] if position else None
    return before is not None and (before.text in {"=", "<", ">"} or before.is_word("LIKE", "GLOB"))


def _is_value(found: Sequence[Token], position: int) -> bool:
    before = found[position - 1] if position else None
    if before is None:
        return False
    if before.text in {"=", "<", ">"} or before.is_word(*_BEFORE_VALUE):
        return True
    if before.is_word("AND"):
        return any(one.is_word("BETWEEN") for one in found[max(position - 3, 0) : position])
    return before.text in {"(", ","} and _is_in_list(found, position, found[position].depth - 1)


def _is_in_list(found: Sequence[Token], position: int, depth: int) -> bool:
    """Inside the parentheses of `VALUES (…)`, of a further row, or of `IN (…)`, which open at a depth."""
    while position and not (found[position].text == "(" and found[position].depth == depth):
        position -= 1
    if position == 0:
        return False
    before = found[position - 1]
    is_further_row = before.text == "," and position > 1 and found[position - 2].text == ")"
    return before.is_word(*_LISTS) or (is_further_row and _is_in_list(found, position - 2, depth))


def _vetted(text: str, path: str) -> frozenset[str]:
    """The variables that a module compares with a list or a pattern, or hands to a function that checks.

    `int(limit)` whose value is dropped is a check, too, and so is reading a date.
    """
    names: set[str] = set()
    for node in ir.walk(*lower(text.removeprefix("\ufeff"), path)):
        match node:
            case ir.Comparison(operands=(left, *_), operators=("in" | "not in", *_)):
                names |= _names(left)
            case ir.Call(function=function) if _TESTS.search(function.source):
                names |= _names(node)
            case ir.Call(function=ir.Name(name=name) | ir.Attribute(name=name)) if _VETTING.search(name):
                names |= _checked(node.arguments)
            case ir.Call(function=ir.Attribute(name=name), arguments=(ir.Name(name=date), *_)) if (
                name in _DATES
            ):
                names.add(date)
            case ir.ExpressionStatement(
                value=ir.Call(function=ir.Name(name="int" | "float"), arguments=(ir.Name(name=number), *_))
            ):
                names.add(number)
            case ir.Match(subject=subject, cases=cases) if any(case.literals for case in cases):
                names |= _names(subject)
            case _:
                pass
    return frozenset(names)


def _checked(arguments: Sequence[ir.Node]) -> set[str]:
    """The variables among the arguments; of `clean(query.get("tags"))` that part of one, and no other."""
    found: set[str] = set()
    for node in arguments:
        if isinstance(node, ir.Expression) and _is_part(node):
            found.add(_plain(node.source))
        else:
            found |= {node.name} if isinstance(node, ir.Name) else _checked(tuple(ir.children(node)))
    return found


def _is_part(node: ir.Expression) -> bool:
    match node:
        case ir.Subscript(value=ir.Name(), index=ir.Literal()):
            return True
        case ir.Call(function=ir.Attribute(value=ir.Name(), name="get"), arguments=(ir.Literal(), *_)):
            return True
        case _:
            return False


def _plain(source: str) -> str:
    """The source with one kind of quotes, for those in an f-string are others."""
    return source.replace("'", '"')


def _names(*nodes: ir.Node) -> set[str]:
    return {node.name for node in ir.walk(*nodes) if isinstance(node, ir.Name)}


def _root(expression: str) -> str:
    match = re.match(r"\w+", expression)
    return match[0] if match else ""

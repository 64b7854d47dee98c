"""A flat list of parameters, made into a list of rows by the fewest edits."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit
from diagnose.rewriting.outcome import NotUnderstood
from diagnose.rewriting.outline import is_truth_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.rewriting.carriers import Carrier
    from diagnose.rewriting.outline import Place

_NOT_JSON = re.compile(
    r"\bbytes\b|\bbytearray\b|\bmemoryview\b|\.encode\(|\.tobytes\(|\.digest\(|\bb64decode\b|\bUint8Array\b"
    r"|\bto_js\b|\bjsnull\b|\bjs\.null\b|(?<![\w\"'])[bB][\"']"
)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a statement after the edits.

    Attributes:
        expression: what yields them, to be written where the parameters were.
        edits: what must change before that is true.
        collections: how the code writes what it makes one row of each element of, and the list itself:
            `len()` of these is a number of rows.
        behind: single parameters that stood in the list behind the rows.
    """

    expression: str
    edits: tuple[Edit, ...]
    collections: frozenset[str]
    behind: tuple[str, ...] = ()


def rows_of(carrier: Carrier, width: int, behind: int = 0) -> Rows:
    """The rows of `width` values that a call passes on.

    Args:
        carrier: of the parameters.
        width: parameters of a row.
        behind: single parameters behind the rows.

    Raises:
        NotUnderstood: the parameters are made in a way that is not understood, or are not JSON.
    """
    place = carrier.at_call
    value, in_call = carrier.values()
    if in_call not in {0, behind}:
        raise NotUnderstood("the call passes on another number of parameters than the statement has")
    behind -= in_call
    if isinstance(value, ir.Name):
        return _of_name(place, value, width, behind)
    return _of_list(place, value, width, behind)


def _of_list(place: Place, value: ir.Expression, width: int, behind: int) -> Rows:
    """The rows of an expression, with the single parameters at its end taken off."""
    rest: tuple[ir.Expression, ...] = ()
    if behind:
        value, rest = _taken_apart(value, behind)
    if rest and isinstance(value, ir.Name):
        rows = _of_name(place, value, width, 0)
    else:
        rows = _of_expression(place, value, width)
    return replace(rows, behind=tuple(_movable(place, one) for one in rest))


def _taken_apart(value: ir.Expression, behind: int) -> tuple[ir.Expression, tuple[ir.Expression, ...]]:
    """In `rows + [a, b]` and `[*rows, a, b]` the two parts."""
    match value:
        case ir.Binary(operator="+", left=rows, right=ir.Sequence(items=rest)):
            pass
        case ir.Sequence(items=(ir.Star(value=rows), *items)):
            rest = tuple(items)
        case _:
            raise NotUnderstood("the parameters behind the rows are not written behind them in one list")
    if len(rest) != behind or any(isinstance(one, ir.Star) for one in rest):
        raise NotUnderstood("the parameters behind the rows are not as many as the statement has")
    return rows, rest


def _movable(place: Place, value: ir.Expression) -> str:
    """The source of a value that is the same a few lines further down."""
    refuse_bytes(place, value)
    for node in ir.walk(value):
        changing = isinstance(node, ir.Name) and len(place.binders(node.name)) > 1
        if changing or isinstance(node, (ir.Call, ir.Await, ir.Walrus)):
            raise NotUnderstood(
                f"`{place.source(value)}` behind the rows may change: bind a variable that is set before"
            )
    return place.source(value)


def refuse_bytes(place: Place, *nodes: ir.Node) -> None:
    """Raise NotUnderstood when a value is evidently not one that JSON has."""
    for node in nodes:
        found = _NOT_JSON.search(place.source(node))
        if found:
            raise NotUnderstood(f"a row holds what JSON cannot carry (`{found[0].strip()}`)")


def _of_name(place: Place, name: ir.Name, width: int, behind: int) -> Rows:
    assigned = place.assignment(name.name)
    growth = growth_of(place, name.name)
    if any(isinstance(binder, ir.Parameter) for binder in place.binders(name.name)):
        function = place.function.name if place.function else "the function"
        raise NotUnderstood(
            f"`{name.name}` is made where `{function}` is called, and the text of the statement is not: "
            "let one function make both"
        )
    if assigned is None or assigned.value is None:
        raise NotUnderstood(f"`{name.name}` is not made in the same function by one assignment")
    if not growth:
        _only_used(place, name.name, [assigned], name)
        rows = _of_list(place, assigned.value, width, behind)
        edit = Edit.of(assigned.value.span, rows.expression)
        return Rows(name.name, (*rows.edits, edit), rows.collections | {name.name}, rows.behind)
    if behind:
        raise NotUnderstood("the parameters behind the rows are not written behind them in one list")
    if place.source(assigned.value).replace(" ", "") not in {"[]", "list()"}:
        raise NotUnderstood(f"`{name.name}` starts with parameters that belong to no row")
    _only_used(place, name.name, [assigned, *growth], name)
    loop = _loop_of(place, growth)
    refuse_bytes(place, *growth)
    return Rows(
        name.name,
        tuple(_one_row(place, name.name, growth, width)),
        frozenset({name.name, _counted(place.source(loop.iterable))}),
    )


def growth_of(place: Place, name: str) -> list[ir.Statement]:
    """Statements that add to a list."""
    found: list[ir.Statement] = []
    for node in ir.walk(*place.scope()):
        match node:
            case ir.Augment(target=ir.Name(name=target), operator="+") if target == name:
                found.append(node)
            case ir.ExpressionStatement(
                value=ir.Call(function=ir.Attribute(value=ir.Name(name=target), name="append" | "extend"))
            ) if target == name:
                found.append(node)
            case _:
                pass
    return sorted(found, key=lambda statement: statement.span.start)


def _only_used(place: Place, name: str, makers: Sequence[ir.Node], bound: ir.Name) -> None:
    """Raise unless the list is made, asked for its being empty, and bound: nothing else sees its shape."""
    for use in place.uses(name):
        made = any(maker.span.start <= use.span.start < maker.span.end for maker in makers)
        statement = place.at(use.span.start).statement
        tested = isinstance(statement, ir.If) and is_truth_test(statement.test, name)
        if not made and not tested and use.span.start != bound.span.start:
            raise NotUnderstood(f"`{name}` is used for something else as well")


def _loop_of(place: Place, growth: Sequence[ir.Statement]) -> ir.For:
    """The loop in whose body all the statements stand, one behind the other."""
    levels = place.at(growth[0].span.start).levels
    outer = levels[-2].statement if len(levels) > 1 else None
    neighbours = levels[-1].block[levels[-1].index : levels[-1].index + len(growth)]
    if not isinstance(outer, ir.For) or [node.span for node in neighbours] != [node.span for node in growth]:
        raise NotUnderstood("the parameters of a row are not made in one place of a loop")
    return outer


def _one_row(place: Place, name: str, growth: Sequence[ir.Statement], width: int) -> list[Edit]:
    if len(growth) == 1:
        return _from_one(place, name, growth[0], width)
    if len(growth) != width:
        raise NotUnderstood("the parameters of a row are not as many as the statement has")
    values = [_appended(statement) for statement in growth]
    indent = place.at(growth[0].span.start).indent
    inner = indent + place.indent_unit()
    edits = []
    for position, (statement, value) in enumerate(zip(growth, values, strict=True)):
        opening = f"{name}.append([\n{inner}" if position == 0 else place.indent_unit()
        closing = f",\n{indent}])" if position == len(growth) - 1 else ","
        edits.append(Edit(statement.span.start, value.span.start, opening))
        edits.append(Edit(value.span.end, statement.span.end, closing))
    return edits


def _appended(statement: ir.Statement) -> ir.Expression:
    match statement:
        case ir.ExpressionStatement(
            value=ir.Call(function=ir.Attribute(name="append"), arguments=(value,))
        ) if not isinstance(value, ir.Star):
            return value
        case _:
            raise NotUnderstood("a row's parameters are added in several different ways")


def _from_one(place: Place, name: str, statement: ir.Statement, width: int) -> list[Edit]:
    match statement:
        case ir.ExpressionStatement(
            value=ir.Call(function=ir.Attribute(name="extend") as method, arguments=(value,))
        ):
            method_name = Edit(method.span.end - len("extend"), method.span.end, "append")
            return [method_name, *_as_row(place, value, width)]
        case ir.ExpressionStatement(
            value=ir.Call(function=ir.Attribute(name="append"), arguments=(value,))
        ) if width == 1:
            return [Edit.of(value.span, f"[{place.source(value)}]")]
        case ir.Augment(value=value):
            call = Edit(statement.span.start, value.span.start, f"{name}.append(")
            if place.text[statement.target.span.end : value.span.start].count("("):
                raise NotUnderstood("the parameters of a row are added in parentheses")
            closing = Edit(value.span.end, value.span.end, ")")
            return [call, *_as_row(place, value, width), closing]
        case _:
            raise NotUnderstood("the parameters of a row are added in a way that is not understood")


def _as_row(place: Place, value: ir.Expression, width: int) -> list[Edit]:
    """Edits that make a list of an iterable of one row's values, where it is none."""
    row = row_source(place, value, width)
    if row == place.source(value):
        return []
    # The parentheses of a generator that is the only argument are those of the call.
    shared = place.source(value)[0] == "(" and re.match(r"[\w)\]]", place.text[value.span.start - 1])
    return [Edit.of(value.span, f"({row})" if shared else row)]


def row_source(place: Place, value: ir.Expression, width: int) -> str:
    """The source of a list (or tuple) of one row's values.

    Raises:
        NotUnderstood: it is a set, or evidently has another number of values.
    """
    source = place.source(value)
    if isinstance(value, ir.Sequence):
        if value.kind == "set":
            raise NotUnderstood("the values of a row are a set, which has no order")
        if len(value.items) != width and not any(isinstance(item, ir.Star) for item in value.items):
            raise NotUnderstood("the parameters of a row are not as many as the statement has")
        return source if source[0] in "[(" else f"[{source}]"
    if isinstance(value, ir.Comprehension):
        return f"[{source[1:-1]}]" if source[0] in "[(" else f"list({source})"
    return f"list({source})"


def _of_expression(place: Place, value: ir.Expression, width: int) -> Rows:
    """The rows of an expression that makes the flat list in one go."""
    refuse_bytes(place, value)
    match value:
        case ir.Call(function=ir.Name(name="list" | "tuple"), arguments=(inner,)):
            return _of_expression(place, inner, width)
        case ir.Call(function=ir.Name(name="sum"), arguments=(inner, _)):
            return _of_nested(place, inner, width)
        case ir.Call(function=function, arguments=(ir.Star(value=inner),)) if _is_chain(function):
            return _of_nested(place, inner, width)
        case ir.Call(function=ir.Attribute(value=function, name="from_iterable"), arguments=(inner,)) if (
            _is_chain(function)
        ):
            return _of_nested(place, inner, width)
        case ir.Comprehension(key=None, clauses=(first, *inner_clauses)) if inner_clauses:
            return _of_flattening(place, value, first, width)
        case _:
            raise NotUnderstood("the list of parameters is made in a way that is not understood")


def _is_chain(function: ir.Expression) -> bool:
    return isinstance(function, (ir.Name, ir.Attribute)) and function.name == "chain"


def _of_flattening(place: Place, value: ir.Comprehension, first: ir.Clause, width: int) -> Rows:
    """`[v for row in rows for v in …]`: the inner loops move into the row."""
    last = value.clauses[-1]
    simple = (
        len(value.clauses) == 2  # noqa: PLR2004 - a row, and its values
        and not last.conditions
        and place.source(last.target) == place.source(value.element)
    )
    inside = place.text[value.clauses[1].span.start : value.span.end - 1].rstrip().rstrip(",")
    row = f"[{place.source(value.element)} {inside}]"
    if simple:
        row = row_source(place, last.iterable, width)
    outer = place.text[value.element.span.end : value.clauses[1].span.start].rstrip()
    opening = place.text[value.span.start + 1 : value.element.span.start]
    closing = place.text[value.clauses[-1].span.end : value.span.end - 1] if simple else ""
    return Rows(f"[{opening}{row}{outer}{closing}]", (), _collection(place, first))


def _of_nested(place: Place, value: ir.Expression, width: int) -> Rows:
    """An iterable of rows."""
    if isinstance(value, ir.Comprehension) and value.key is None and len(value.clauses) == 1:
        source = place.source(value)
        row = row_source(place, value.element, width)
        start, end = value.element.span.start - value.span.start, value.element.span.end - value.span.start
        bracketed = source[0] in "[("
        inside = source[1:start] + row + source[end:-1] if bracketed else row + source[end:]
        return Rows(f"[{inside}]", (), _collection(place, value.clauses[0]))
    source = place.source(value)
    return Rows(f"[list(row) for row in {source}]", (), frozenset({_counted(source)}))


def _collection(place: Place, clause: ir.Clause) -> frozenset[str]:
    if clause.conditions:
        return frozenset()
    return frozenset({_counted(place.source(clause.iterable))})


def _counted(source: str) -> str:
    """The collection whose length is the number of turns: what `enumerate` walks."""
    found = re.fullmatch(r"enumerate\((\w+)(?:, *(?:start=)?\d+)?\)", source)
    return found[1] if found else source

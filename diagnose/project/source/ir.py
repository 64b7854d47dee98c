"""The small tree that every source language is lowered into.

Expressions and statements are frozen; each node knows where it stands. What a language has and this
tree has not becomes `Unknown` with the expressions inside it, so that nothing in it is overlooked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from diagnose.project.source.nodes import (
    Attribute,
    Await,
    Binary,
    Call,
    Clause,
    Comparison,
    Comprehension,
    Conditional,
    Expression,
    Keyword,
    Lambda,
    Literal,
    Logical,
    Mapping,
    Name,
    Node,
    Parameter,
    Sequence,
    Slice,
    Span,
    Star,
    Subscript,
    Template,
    Unary,
    Unknown,
    Walrus,
    Yield,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Statement(Node):
    """Something that is executed."""


Block: TypeAlias = "tuple[Statement, ...]"


@dataclass(frozen=True, slots=True)
class Assign(Statement):
    """`target = value`; several targets for `a = b = value`; no value for a bare annotation."""

    targets: tuple[Expression, ...]
    value: Expression | None
    annotation: str | None


@dataclass(frozen=True, slots=True)
class Augment(Statement):
    """`target operator= value`; also `target = target + value`."""

    target: Expression
    operator: str
    value: Expression


@dataclass(frozen=True, slots=True)
class ExpressionStatement(Statement):
    """An expression whose value is dropped."""

    value: Expression


@dataclass(frozen=True, slots=True)
class For(Statement):
    """A loop over a collection."""

    target: Expression
    iterable: Expression
    body: Block
    otherwise: Block


@dataclass(frozen=True, slots=True)
class While(Statement):
    """A loop with a condition."""

    test: Expression
    body: Block
    otherwise: Block


@dataclass(frozen=True, slots=True)
class If(Statement):
    """A branch; `elif` nests in `otherwise`."""

    test: Expression
    body: Block
    otherwise: Block


@dataclass(frozen=True, slots=True)
class Case(Node):
    """One `case`; `literals` are the constants that its pattern names, `captures` its names."""

    literals: tuple[Literal, ...]
    captures: tuple[str, ...]
    guard: Expression | None
    body: Block


@dataclass(frozen=True, slots=True)
class Match(Statement):
    """`match subject` with its cases (`switch` elsewhere)."""

    subject: Expression
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class ExceptClause(Node):
    """`except types as name`; no types for a bare one."""

    types: tuple[str, ...]
    name: str | None
    body: Block


@dataclass(frozen=True, slots=True)
class Try(Statement):
    """`try` with its clauses."""

    body: Block
    clauses: tuple[ExceptClause, ...]
    otherwise: Block
    finally_: Block


@dataclass(frozen=True, slots=True)
class With(Statement):
    """`with value as target`."""

    items: tuple[tuple[Expression, Expression | None], ...]
    body: Block


@dataclass(frozen=True, slots=True)
class Return(Statement):
    """`return value`."""

    value: Expression | None


@dataclass(frozen=True, slots=True)
class Raise(Statement):
    """`raise value`."""

    value: Expression | None


@dataclass(frozen=True, slots=True)
class Break(Statement):
    """`break`."""


@dataclass(frozen=True, slots=True)
class Continue(Statement):
    """`continue`."""


@dataclass(frozen=True, slots=True)
class Assert(Statement):
    """`assert test`."""

    test: Expression


@dataclass(frozen=True, slots=True)
class FunctionDef(Statement):
    """A function or a method.

    Attributes:
        head: span of the `def` line itself (decorators excluded).
        generator: it yields.
    """

    name: str
    parameters: tuple[Parameter, ...]
    body: Block
    decorators: tuple[Expression, ...]
    is_async: bool
    generator: bool
    head: Span


@dataclass(frozen=True, slots=True)
class ClassDef(Statement):
    """A class."""

    name: str
    bases: tuple[Expression, ...]
    body: Block
    decorators: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Import(Statement):
    """`import module as alias`; without an alias the first part of the name is bound."""

    module: str
    alias: str | None


@dataclass(frozen=True, slots=True)
class ImportFrom(Statement):
    """`from module import names`; a name of `*` imports all.

    Attributes:
        level: leading dots of a relative import.
        names: (name, local name).
    """

    module: str
    level: int
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Other(Statement):
    """Anything else: `pass`, `del`, `global`, `type X = …`."""

    expressions: tuple[Expression, ...]


_WITHOUT_NODES = {
    "Span",
    "str",
    "str | None",
    "bool",
    "tuple[str, ...]",
    "tuple[tuple[str, str], ...]",
    "str | bytes | int | float | bool | None",
}


_FIELDS: dict[type[Node], tuple[str, ...]] = {}


def _fields(kind: type[Node]) -> tuple[str, ...]:
    """The fields of a node that can hold others."""
    if kind not in _FIELDS:
        fields = kind.__dataclass_fields__
        _FIELDS[kind] = tuple(name for name, field in fields.items() if field.type not in _WITHOUT_NODES)
    return _FIELDS[kind]


def children(node: Node) -> Iterator[Node]:
    """The nodes directly inside, in the order of their fields."""
    for field in _fields(type(node)):
        value = getattr(node, field)
        if isinstance(value, Node):
            yield value
        elif value:
            yield from _nodes(value)


def _nodes(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes(item)


def walk(*nodes: Node, into_functions: bool = True) -> Iterator[Node]:
    """The nodes and everything inside them, parents first."""
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        yield node
        if into_functions or not isinstance(node, (FunctionDef, ClassDef, Lambda)):
            waiting.extend(reversed(tuple(children(node))))


def operands(node: Expression) -> Iterator[Expression]:
    """What a chain of `+` puts together, from left to right; of another expression itself."""
    if isinstance(node, Binary) and node.operator == "+":
        yield from operands(node.left)
        yield from operands(node.right)
    else:
        yield node


def statements(block: Block) -> Iterator[Statement]:
    """The statements of a block and of the blocks inside, but not of functions and classes."""
    for statement in block:
        yield statement
        match statement:
            case If() | For() | While():
                yield from statements((*statement.body, *statement.otherwise))
            case With():
                yield from statements(statement.body)
            case Try():
                yield from statements((*statement.body, *statement.otherwise, *statement.finally_))
                for clause in statement.clauses:
                    yield from statements(clause.body)
            case Match():
                for case in statement.cases:
                    yield from statements(case.body)
            case _:
                pass


__all__ = [
    "Assert",
    "Assign",
    "Attribute",
    "Augment",
    "Await",
    "Binary",
    "Block",
    "Break",
    "Call",
    "Case",
    "ClassDef",
    "Clause",
    "Comparison",
    "Comprehension",
    "Conditional",
    "Continue",
    "ExceptClause",
    "Expression",
    "ExpressionStatement",
    "For",
    "FunctionDef",
    "If",
    "Import",
    "ImportFrom",
    "Keyword",
    "Lambda",
    "Literal",
    "Logical",
    "Mapping",
    "Match",
    "Name",
    "Node",
    "Other",
    "Parameter",
    "Raise",
    "Return",
    "Sequence",
    "Slice",
    "Span",
    "Star",
    "Statement",
    "Subscript",
    "Template",
    "Try",
    "Unary",
    "Unknown",
    "Walrus",
    "While",
    "With",
    "Yield",
    "children",
    "statements",
    "walk",
]

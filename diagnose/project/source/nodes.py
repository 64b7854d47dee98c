"""Expressions of the language-neutral tree, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

from diagnose.model import Location


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one file. Lines and columns are 1-based, in characters.

    Attributes:
        start: offset of the first character in the file's text.
        end: offset after the last character.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    start: int
    end: int

    @property
    def location(self) -> Location:
        """Where it begins."""
        return Location(self.path, self.line, self.column)


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that stands in a file; `text` is its source."""

    span: Span


@dataclass(frozen=True, slots=True)
class Expression(Node):
    """Something that has a value; `source` is how it is written."""

    source: str


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """A constant: text, bytes, a number, a truth value, or nothing."""

    value: str | bytes | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Attribute(Expression):
    """`value.name`."""

    value: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Keyword(Node):
    """`name=value`; the name is None for `**value`."""

    name: str | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A call; `inside` spans what stands between the parentheses."""

    function: Expression
    arguments: tuple[Expression, ...]
    keywords: tuple[Keyword, ...]
    inside: Span


@dataclass(frozen=True, slots=True)
class Slice(Expression):
    """`lower:upper` in a subscript."""

    lower: Expression | None
    upper: Expression | None
    step: Expression | None


@dataclass(frozen=True, slots=True)
class Subscript(Expression):
    """`value[index]`."""

    value: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Sequence(Expression):
    """A list, tuple or set display; `kind` says which."""

    items: tuple[Expression, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Mapping(Expression):
    """A dictionary display; a key of None unpacks its value."""

    pairs: tuple[tuple[Expression | None, Expression], ...]


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """`left operator right`, arithmetic or text."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Unary(Expression):
    """`operator operand`: `-`, `+`, `~`, `not`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Logical(Expression):
    """`left and right`, `left or right`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Comparison(Expression):
    """`operands[0] operators[0] operands[1] …`."""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clause(Node):
    """One `for target in iterable if conditions` of a comprehension."""

    target: Expression
    iterable: Expression
    conditions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Comprehension(Expression):
    """A comprehension; `key` is set for that of a dictionary."""

    element: Expression
    clauses: tuple[Clause, ...]
    key: Expression | None


@dataclass(frozen=True, slots=True)
class Template(Expression):
    """Text with expressions in it: an f-string, or adjacent literals of which one is one.

    Attributes:
        parts: literal text, or the expression that stands in a field; a formatted field is Unknown.
    """

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True)
class Await(Expression):
    """`await value`."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Yield(Expression):
    """`yield value`; `delegates` for `yield from`."""

    value: Expression | None
    delegates: bool


@dataclass(frozen=True, slots=True)
class Conditional(Expression):
    """`then if test else otherwise`."""

    test: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A parameter of a function; `kind` is "plain", "keyword", "rest" or "options"."""

    name: str
    default: Expression | None
    annotation: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Lambda(Expression):
    """A function without a name."""

    parameters: tuple[Parameter, ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class Walrus(Expression):
    """`(name := value)`."""

    target: Name
    value: Expression


@dataclass(frozen=True, slots=True)
class Star(Expression):
    """`*value` in a call, a display or a target."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Unknown(Expression):
    """Anything else; `children` are the expressions inside."""

    children: tuple[Expression, ...]

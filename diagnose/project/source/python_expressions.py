"""Python expressions, from tree-sitter's nodes into the language-neutral tree."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.project.source import ir

if TYPE_CHECKING:
    from collections.abc import Callable

    from ast_grep_py import SgNode

_TRUTH: dict[str, bool | None] = {"true": True, "false": False, "none": None}


@dataclass(frozen=True, slots=True)
class ExpressionLowering:
    """Lowers the expressions of one file."""

    path: str

    def span(self, node: SgNode) -> ir.Span:
        """Where the node stands."""
        where = node.range()
        start, end = where.start, where.end
        return ir.Span(
            self.path,
            start.line + 1,
            start.column + 1,
            end.line + 1,
            end.column + 1,
            start.index,
            end.index,
        )

    def expression(self, node: SgNode) -> ir.Expression:
        """The node as an expression; `Unknown` when the tree has no form for it."""
        lower = _LOWERINGS.get(node.kind())
        return lower(self, node) if lower else self.unknown(node)

    def optional(self, node: SgNode | None) -> ir.Expression | None:
        """The same for a node that may be absent."""
        return None if node is None else self.expression(node)

    def unknown(self, node: SgNode) -> ir.Unknown:
        """An expression without a form of its own, with what stands inside."""
        inside = tuple(self.expression(child) for child in named(node))
        return ir.Unknown(self.span(node), node.text(), inside)

    def name(self, node: SgNode) -> ir.Expression:
        """A variable."""
        text = node.text()
        return ir.Name(self.span(node), text, text)

    def truth(self, node: SgNode) -> ir.Expression:
        """`True`, `False`, `None`."""
        return ir.Literal(self.span(node), node.text(), _TRUTH[node.kind()])

    def number(self, node: SgNode) -> ir.Expression:
        """An integer or a float; a complex number is unknown."""
        text = node.text()
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return self.unknown(node)
        return self.unknown(node) if isinstance(value, complex) else ir.Literal(self.span(node), text, value)

    def string(self, node: SgNode) -> ir.Expression:
        """A literal, or a template when fields stand in it."""
        children = node.children()
        prefix = children[0].text().rstrip("\"'").lower()
        if "b" in prefix:
            return self._bytes(node)
        parts: list[str | ir.Expression] = []
        for child in children[1:-1]:
            if child.kind() == "interpolation":
                parts.append(self._field(child))
            elif child.kind() == "string_content":
                parts.append(self._content(child, raw="r" in prefix, template="f" in prefix or "t" in prefix))
        return self._template(node, parts)

    def _bytes(self, node: SgNode) -> ir.Expression:
        try:
            return ir.Literal(self.span(node), node.text(), ast.literal_eval(node.text()))
        except (ValueError, SyntaxError):
            return self.unknown(node)

    def _content(self, node: SgNode, *, raw: bool, template: bool) -> str:
        text = node.text()
        if template:
            text = text.replace("{{", "{").replace("}}", "}")
        if raw or "\\" not in text:
            return text
        return _unescaped(text)

    def _field(self, node: SgNode) -> ir.Expression:
        plain = [child for child in node.children() if child.kind() not in {"{", "}"}]
        if len(plain) == 1:
            return self.expression(plain[0])
        if len(plain) > 1 and plain[1].kind() == "type_conversion" and plain[1].text() == "!s":
            return self.expression(plain[0])
        inside = tuple(self.expression(child) for child in plain[:1])
        return ir.Unknown(self.span(plain[0] if plain else node), plain[0].text() if plain else "", inside)

    def _template(self, node: SgNode, parts: list[str | ir.Expression]) -> ir.Expression:
        if all(isinstance(part, str) for part in parts):
            return ir.Literal(self.span(node), node.text(), "".join(str(part) for part in parts))
        return ir.Template(self.span(node), node.text(), tuple(parts))

    def adjacent_strings(self, node: SgNode) -> ir.Expression:
        """Literals that stand next to each other, as one."""
        parts: list[str | ir.Expression] = []
        for child in named(node):
            part = self.expression(child)
            if isinstance(part, ir.Template):
                parts.extend(part.parts)
            elif isinstance(part, ir.Literal) and isinstance(part.value, str):
                parts.append(part.value)
            else:
                return self.unknown(node)
        return self._template(node, parts)

    def attribute(self, node: SgNode) -> ir.Expression:
        """`value.name`."""
        value, name = node.field("object"), node.field("attribute")
        if value is None or name is None:
            return self.unknown(node)
        return ir.Attribute(self.span(node), node.text(), self.expression(value), name.text())

    def call(self, node: SgNode) -> ir.Expression:
        """A call with its arguments."""
        function, inside = node.field("function"), node.field("arguments")
        if function is None or inside is None:
            return self.unknown(node)
        arguments: list[ir.Expression] = []
        keywords: list[ir.Keyword] = []
        if inside.kind() == "generator_expression":
            arguments.append(self.comprehension(inside))
        else:
            for child in named(inside):
                self._argument(child, arguments, keywords)
        return ir.Call(
            self.span(node),
            node.text(),
            self.expression(function),
            tuple(arguments),
            tuple(keywords),
            self.span(inside),
        )

    def _argument(self, node: SgNode, arguments: list[ir.Expression], keywords: list[ir.Keyword]) -> None:
        if node.kind() == "keyword_argument":
            name, value = node.field("name"), node.field("value")
            if name is not None and value is not None:
                keywords.append(ir.Keyword(self.span(node), name.text(), self.expression(value)))
        elif node.kind() == "dictionary_splat":
            keywords.append(ir.Keyword(self.span(node), None, self.expression(named(node)[0])))
        else:
            arguments.append(self.expression(node))

    def subscript(self, node: SgNode) -> ir.Expression:
        """`value[index]`; several indices make a sequence."""
        value, *indices = named(node)
        lowered = tuple(self.expression(index) for index in indices)
        index = (
            lowered[0] if len(lowered) == 1 else ir.Sequence(self.span(node), node.text(), lowered, "tuple")
        )
        return ir.Subscript(self.span(node), node.text(), self.expression(value), index)

    def slice(self, node: SgNode) -> ir.Expression:
        """`lower:upper:step`."""
        bounds: list[SgNode | None] = [None, None, None]
        position = 0
        for child in node.children():
            if child.kind() == ":":
                position += 1
            elif child.is_named() and child.kind() not in _MEANINGLESS:
                bounds[position] = child
        lower, upper, step = (self.optional(bound) for bound in bounds)
        return ir.Slice(self.span(node), node.text(), lower, upper, step)

    def sequence(self, node: SgNode) -> ir.Expression:
        """A list, tuple or set, or names on the left of an assignment."""
        items = tuple(self.expression(child) for child in named(node))
        kind = node.kind() if node.kind() in {"list", "set"} else "tuple"
        return ir.Sequence(self.span(node), node.text(), items, kind)

    def mapping(self, node: SgNode) -> ir.Expression:
        """A dictionary."""
        pairs: list[tuple[ir.Expression | None, ir.Expression]] = []
        for child in named(node):
            inside = [self.expression(part) for part in named(child)]
            pairs.append((inside[0], inside[1]) if len(inside) > 1 else (None, inside[0]))
        return ir.Mapping(self.span(node), node.text(), tuple(pairs))

    def binary(self, node: SgNode) -> ir.Expression:
        """Arithmetic, or `+` and `%` on text."""
        left, operator, right = (node.field(name) for name in ("left", "operator", "right"))
        if left is None or operator is None or right is None:
            return self.unknown(node)
        return ir.Binary(
            self.span(node), node.text(), operator.text(), self.expression(left), self.expression(right)
        )

    def logical(self, node: SgNode) -> ir.Expression:
        """`and`, `or`."""
        left, operator, right = (node.field(name) for name in ("left", "operator", "right"))
        if left is None or operator is None or right is None:
            return self.unknown(node)
        return ir.Logical(
            self.span(node), node.text(), operator.text(), self.expression(left), self.expression(right)
        )

    def unary(self, node: SgNode) -> ir.Expression:
        """A sign, or `not`."""
        operand = node.field("argument")
        if operand is None:
            return self.unknown(node)
        operator = node.children()[0].text()
        return ir.Unary(self.span(node), node.text(), operator, self.expression(operand))

    def comparison(self, node: SgNode) -> ir.Expression:
        """A chain of comparisons."""
        operands: list[ir.Expression] = []
        operators: list[str] = []
        for child in node.children():
            if child.is_named() and child.kind() not in {*_MEANINGLESS, "not in", "is not"}:
                operands.append(self.expression(child))
            elif child.kind() not in _MEANINGLESS:
                operators.append(" ".join(child.text().split()))
        return ir.Comparison(self.span(node), node.text(), tuple(operands), tuple(operators))

    def comprehension(self, node: SgNode) -> ir.Expression:
        """A list, set, dictionary or generator comprehension."""
        inside = named(node)
        key: ir.Expression | None = None
        if inside[0].kind() == "pair":
            key, element = (self.expression(part) for part in named(inside[0])[:2])
        else:
            element = self.expression(inside[0])
        clauses: list[ir.Clause] = []
        for child in inside[1:]:
            if child.kind() == "for_in_clause":
                clauses.append(self._clause(child))
            elif child.kind() == "if_clause" and clauses:
                last = clauses.pop()
                condition = self.expression(named(child)[0])
                clauses.append(
                    ir.Clause(last.span, last.target, last.iterable, (*last.conditions, condition))
                )
        return ir.Comprehension(self.span(node), node.text(), element, tuple(clauses), key)

    def _clause(self, node: SgNode) -> ir.Clause:
        target, iterable = node.field("left"), node.field("right")
        return ir.Clause(
            self.span(node),
            self.expression(target) if target else self.unknown(node),
            self.expression(iterable) if iterable else self.unknown(node),
            (),
        )

    def parenthesised(self, node: SgNode) -> ir.Expression:
        """What stands in the parentheses."""
        inside = named(node)
        return self.expression(inside[0]) if len(inside) == 1 else self.unknown(node)

    def awaited(self, node: SgNode) -> ir.Expression:
        """`await value`."""
        return ir.Await(self.span(node), node.text(), self.expression(named(node)[0]))

    def yielded(self, node: SgNode) -> ir.Expression:
        """`yield value`, `yield from value`."""
        inside = named(node)
        delegates = any(child.kind() == "from" for child in node.children())
        value = self.expression(inside[0]) if inside else None
        return ir.Yield(self.span(node), node.text(), value, delegates)

    def conditional(self, node: SgNode) -> ir.Expression:
        """`then if test else otherwise`."""
        then, test, otherwise = (self.expression(child) for child in named(node)[:3])
        return ir.Conditional(self.span(node), node.text(), test, then, otherwise)

    def anonymous(self, node: SgNode) -> ir.Expression:
        """A lambda."""
        parameters, body = node.field("parameters"), node.field("body")
        if body is None:
            return self.unknown(node)
        lowered = self.parameters(parameters) if parameters else ()
        return ir.Lambda(self.span(node), node.text(), lowered, self.expression(body))

    def walrus(self, node: SgNode) -> ir.Expression:
        """`name := value`."""
        target, value = named(node)[:2]
        name = ir.Name(self.span(target), target.text(), target.text())
        return ir.Walrus(self.span(node), node.text(), name, self.expression(value))

    def star(self, node: SgNode) -> ir.Expression:
        """`*value`."""
        return ir.Star(self.span(node), node.text(), self.expression(named(node)[0]))

    def parameters(self, node: SgNode) -> tuple[ir.Parameter, ...]:
        """The parameters of a function or lambda."""
        lowered: list[ir.Parameter] = []
        kind = "plain"
        for child in named(node):
            if child.kind() == "keyword_separator":
                kind = "keyword"
            elif child.kind() != "positional_separator":
                parameter = self._parameter(child, kind)
                lowered.append(parameter)
                kind = "keyword" if parameter.kind == "rest" else kind
        return tuple(lowered)

    def _parameter(self, node: SgNode, kind: str) -> ir.Parameter:
        annotation, default = node.field("type"), node.field("value")
        name = node.field("name") or (node if node.kind() == "identifier" else named(node)[0])
        if "splat" in node.kind() or "splat" in name.kind():
            splat = node if "splat" in node.kind() else name
            kind = "rest" if splat.kind() == "list_splat_pattern" else "options"
            name = named(splat)[0]
        return ir.Parameter(
            self.span(node),
            name.text(),
            self.optional(default),
            annotation.text() if annotation else None,
            kind,
        )


def named(node: SgNode) -> list[SgNode]:
    """The children that mean something: no punctuation, no comments."""
    return [child for child in node.children() if child.is_named() and child.kind() not in _MEANINGLESS]


_MEANINGLESS = {"comment", "line_continuation"}


def _unescaped(text: str) -> str:
    quote = '"""' if text.endswith("'") or "'" in text else "'''"
    try:
        value = ast.literal_eval(f"{quote}{text}{quote}")
    except (ValueError, SyntaxError):
        return text
    return str(value)


_LOWERINGS: dict[str, Callable[[ExpressionLowering, SgNode], ir.Expression]] = {
    "identifier": ExpressionLowering.name,
    "true": ExpressionLowering.truth,
    "false": ExpressionLowering.truth,
    "none": ExpressionLowering.truth,
    "integer": ExpressionLowering.number,
    "float": ExpressionLowering.number,
    "string": ExpressionLowering.string,
    "concatenated_string": ExpressionLowering.adjacent_strings,
    "attribute": ExpressionLowering.attribute,
    "call": ExpressionLowering.call,
    "subscript": ExpressionLowering.subscript,
    "slice": ExpressionLowering.slice,
    "list": ExpressionLowering.sequence,
    "tuple": ExpressionLowering.sequence,
    "set": ExpressionLowering.sequence,
    "expression_list": ExpressionLowering.sequence,
    "pattern_list": ExpressionLowering.sequence,
    "tuple_pattern": ExpressionLowering.sequence,
    "list_pattern": ExpressionLowering.sequence,
    "dictionary": ExpressionLowering.mapping,
    "binary_operator": ExpressionLowering.binary,
    "boolean_operator": ExpressionLowering.logical,
    "unary_operator": ExpressionLowering.unary,
    "not_operator": ExpressionLowering.unary,
    "comparison_operator": ExpressionLowering.comparison,
    "list_comprehension": ExpressionLowering.comprehension,
    "set_comprehension": ExpressionLowering.comprehension,
    "dictionary_comprehension": ExpressionLowering.comprehension,
    "generator_expression": ExpressionLowering.comprehension,
    "parenthesized_expression": ExpressionLowering.parenthesised,
    "await": ExpressionLowering.awaited,
    "yield": ExpressionLowering.yielded,
    "conditional_expression": ExpressionLowering.conditional,
    "lambda": ExpressionLowering.anonymous,
    "named_expression": ExpressionLowering.walrus,
    "list_splat": ExpressionLowering.star,
    "list_splat_pattern": ExpressionLowering.star,
    "parenthesized_list_splat": ExpressionLowering.star,
}

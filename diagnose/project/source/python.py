"""Python modules, from tree-sitter's nodes into the language-neutral tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ast_grep_py import SgRoot

from diagnose.errors import SourceError
from diagnose.project.source import ir
from diagnose.project.source.python_expressions import ExpressionLowering, named

if TYPE_CHECKING:
    from collections.abc import Callable

    from ast_grep_py import Rule, SgNode


_BROKEN: list[Rule] = [{"kind": "ERROR"}, {"kind": "print_statement"}, {"regex": "^$"}]
"""What the parser leaves where it had to skip something, to insert a token, or to read Python 2."""


def lower(text: str, path: str) -> ir.Block:
    """The statements of a Python file.

    Raises:
        SourceError: the syntax is broken; the message names the first place.
    """
    root = SgRoot(text, "python").root()
    if not text.isascii() and text.startswith("\ufeff"):
        root = SgRoot(text[1:], "python").root()
    broken = next((node for node in root.find_all(any=_BROKEN) if node.kind() != "module"), None)
    if broken is not None:
        line = broken.range().start.line + 1
        raise SourceError(
            "this is not Python that can be read: the syntax breaks off",
            where=f"{path}:{line}",
            hint="python -m py_compile shows what the interpreter makes of it",
        )
    return _Lowering(path).block(root)


def lower_readable(text: str, path: str) -> ir.Block:
    """The same, without an error: a file that cannot be read has no statements, and is a problem anyhow."""
    try:
        return lower(text, path)
    except SourceError:
        return ()


class _Lowering(ExpressionLowering):
    __slots__ = ()

    def block(self, node: SgNode | None) -> ir.Block:
        if node is None:
            return ()
        return tuple(statement for child in named(node) for statement in self.statement(child))

    def statement(self, node: SgNode) -> ir.Block:
        lower_one = _STATEMENTS.get(node.kind())
        if lower_one is None:
            return (self.other(node),)
        lowered = lower_one(self, node)
        return lowered if isinstance(lowered, tuple) else (lowered,)

    def other(self, node: SgNode) -> ir.Statement:
        if node.kind() in {
            "type_alias_statement",
            "global_statement",
            "nonlocal_statement",
            "pass_statement",
        }:
            return ir.Other(self.span(node), ())
        return ir.Other(self.span(node), tuple(self.expression(child) for child in named(node)))

    def expression_statement(self, node: SgNode) -> ir.Statement:
        inside = named(node)
        if len(inside) != 1:
            return ir.ExpressionStatement(self.span(node), self.sequence(node))
        if inside[0].kind() == "assignment":
            return self._assign(node, inside[0])
        if inside[0].kind() == "augmented_assignment":
            return self._augment(node, inside[0])
        return ir.ExpressionStatement(self.span(node), self.expression(inside[0]))

    def _assign(self, statement: SgNode, node: SgNode) -> ir.Statement:
        targets: list[ir.Expression] = []
        annotation = node.field("type")
        value: SgNode | None = node
        while value is not None and value.kind() == "assignment":
            left = value.field("left")
            if left is not None:
                targets.append(self.expression(left))
            value = value.field("right")
        lowered = self.optional(value)
        if len(targets) == 1 and isinstance(targets[0], ir.Name) and isinstance(lowered, ir.Binary):
            added = _added(lowered, targets[0].name)
            if added is not None:
                return ir.Augment(self.span(statement), targets[0], lowered.operator, added)
        return ir.Assign(
            self.span(statement), tuple(targets), lowered, annotation.text() if annotation else None
        )

    def _augment(self, statement: SgNode, node: SgNode) -> ir.Statement:
        left, operator, right = node.children()[:3]
        return ir.Augment(
            self.span(statement), self.expression(left), operator.text()[:-1], self.expression(right)
        )

    def import_(self, node: SgNode) -> ir.Block:
        return tuple(ir.Import(self.span(node), name, alias) for name, alias in map(_imported, named(node)))

    def import_from(self, node: SgNode) -> ir.Statement:
        origin, *names = named(node)
        text = "".join(origin.text().split())
        module = text.lstrip(".")
        pairs = tuple(
            ("*", "*") if child.kind() == "wildcard_import" else _local(_imported(child)) for child in names
        )
        return ir.ImportFrom(self.span(node), module, len(text) - len(module), pairs)

    def if_(self, node: SgNode) -> ir.Statement:
        alternatives = [child for child in named(node) if child.kind() in {"elif_clause", "else_clause"}]
        otherwise: ir.Block = ()
        for clause in reversed(alternatives):
            if clause.kind() == "else_clause":
                otherwise = self.block(clause.field("body"))
            else:
                otherwise = (self._branch(clause, otherwise),)
        return self._branch(node, otherwise)

    def _branch(self, node: SgNode, otherwise: ir.Block) -> ir.If:
        test = node.field("condition")
        return ir.If(
            self.span(node),
            self.expression(test) if test else self.unknown(node),
            self.block(node.field("consequence")),
            otherwise,
        )

    def for_(self, node: SgNode) -> ir.Statement:
        target, iterable = node.field("left"), node.field("right")
        return ir.For(
            self.span(node),
            self.expression(target) if target else self.unknown(node),
            self.expression(iterable) if iterable else self.unknown(node),
            self.block(node.field("body")),
            self._else(node),
        )

    def while_(self, node: SgNode) -> ir.Statement:
        test = node.field("condition")
        return ir.While(
            self.span(node),
            self.expression(test) if test else self.unknown(node),
            self.block(node.field("body")),
            self._else(node),
        )

    def _else(self, node: SgNode) -> ir.Block:
        clause = next((child for child in named(node) if child.kind() == "else_clause"), None)
        return self.block(clause.field("body")) if clause else ()

    def try_(self, node: SgNode) -> ir.Statement:
        clauses = tuple(self._except(child) for child in named(node) if child.kind().startswith("except"))
        finally_ = next((child for child in named(node) if child.kind() == "finally_clause"), None)
        return ir.Try(
            self.span(node),
            self.block(node.field("body")),
            clauses,
            self._else(node),
            self.block(_body(finally_)),
        )

    def _except(self, node: SgNode) -> ir.ExceptClause:
        types: tuple[str, ...] = ()
        name: str | None = None
        for child in named(node):
            if child.kind() == "block":
                continue
            caught = child
            if child.kind() == "as_pattern":
                caught, target = named(child)[:2]
                name = target.text()
            types = tuple(part.text() for part in _caught(caught))
        return ir.ExceptClause(self.span(node), types, name, self.block(_body(node)))

    def with_(self, node: SgNode) -> ir.Statement:
        items: list[tuple[ir.Expression, ir.Expression | None]] = []
        for item in node.find_all(kind="with_item"):
            if (item.parent() or item).parent() != node:
                continue
            value = named(item)[0]
            if value.kind() == "as_pattern":
                inside, target = named(value)[:2]
                items.append((self.expression(inside), self.expression((named(target) or [target])[0])))
            else:
                items.append((self.expression(value), None))
        return ir.With(self.span(node), tuple(items), self.block(node.field("body")))

    def match(self, node: SgNode) -> ir.Statement:
        subject = node.field("subject")
        block = _body(node)
        cases = (
            tuple(self._case(child) for child in named(block) if child.kind() == "case_clause")
            if block
            else ()
        )
        return ir.Match(self.span(node), self.expression(subject) if subject else self.unknown(node), cases)

    def _case(self, node: SgNode) -> ir.Case:
        literals: list[ir.Literal] = []
        captures: list[str] = []
        guard: ir.Expression | None = None
        for child in named(node):
            if child.kind() == "if_clause":
                guard = self.expression(named(child)[0])
            elif child.kind() == "case_pattern":
                self._pattern(child, literals, captures)
        return ir.Case(self.span(node), tuple(literals), tuple(captures), guard, self.block(_body(node)))

    def _pattern(self, node: SgNode, literals: list[ir.Literal], captures: list[str]) -> None:
        if node.kind() in {"string", "concatenated_string", "integer", "float"}:
            literal = self.expression(node)
            if isinstance(literal, ir.Literal):
                literals.append(literal)
        elif node.kind() == "identifier":
            captures.append(node.text())
        else:
            for child in named(node):
                self._pattern(child, literals, captures)

    def return_(self, node: SgNode) -> ir.Statement:
        inside = named(node)
        return ir.Return(self.span(node), self.expression(inside[0]) if inside else None)

    def raise_(self, node: SgNode) -> ir.Statement:
        inside = named(node)
        return ir.Raise(self.span(node), self.expression(inside[0]) if inside else None)

    def assert_(self, node: SgNode) -> ir.Statement:
        return ir.Assert(self.span(node), self.expression(named(node)[0]))

    def break_(self, node: SgNode) -> ir.Statement:
        return ir.Break(self.span(node))

    def continue_(self, node: SgNode) -> ir.Statement:
        return ir.Continue(self.span(node))

    def decorated(self, node: SgNode) -> ir.Statement:
        decorators = tuple(
            self.expression(named(child)[0]) for child in named(node) if child.kind() == "decorator"
        )
        definition = node.field("definition")
        if definition is None:
            return self.other(node)
        if definition.kind() == "class_definition":
            return self._class(node, definition, decorators)
        return self._function(node, definition, decorators)

    def function(self, node: SgNode) -> ir.Statement:
        return self._function(node, node, ())

    def _function(self, outer: SgNode, node: SgNode, decorators: tuple[ir.Expression, ...]) -> ir.Statement:
        name, parameters = node.field("name"), node.field("parameters")
        body = self.block(node.field("body"))
        return ir.FunctionDef(
            self.span(outer),
            name.text() if name else "",
            self.parameters(parameters) if parameters else (),
            body,
            decorators,
            is_async=node.children()[0].kind() == "async",
            generator=_yields(node, body),
            head=self.span(node),
        )

    def class_(self, node: SgNode) -> ir.Statement:
        return self._class(node, node, ())

    def _class(self, outer: SgNode, node: SgNode, decorators: tuple[ir.Expression, ...]) -> ir.Statement:
        name, bases = node.field("name"), node.field("superclasses")
        lowered = tuple(
            self.expression(child)
            for child in (named(bases) if bases else ())
            if child.kind() not in {"keyword_argument", "dictionary_splat"}
        )
        return ir.ClassDef(
            self.span(outer), name.text() if name else "", lowered, self.block(node.field("body")), decorators
        )


def _yields(node: SgNode, body: ir.Block) -> bool:
    return "yield" in node.text() and any(
        isinstance(inside, ir.Yield) for inside in ir.walk(*body, into_functions=False)
    )


def _added(node: ir.Binary, name: str) -> ir.Expression | None:
    """`a + b` in `name + a + b`; None when the expression does not begin with the name."""
    if isinstance(node.left, ir.Name) and node.left.name == name:
        return node.right
    if node.operator != "+" or not isinstance(node.left, ir.Binary) or node.left.operator != "+":
        return None
    before = _added(node.left, name)
    if before is None:
        return None
    source = f"{before.source} + {node.right.source}"
    return ir.Binary(before.span, source, "+", before, node.right)


def _body(node: SgNode | None) -> SgNode | None:
    if node is None:
        return None
    return next((child for child in named(node) if child.kind() == "block"), None)


def _caught(node: SgNode) -> list[SgNode]:
    if node.kind() == "parenthesized_expression":
        return _caught(named(node)[0])
    return named(node) if node.kind() in {"tuple", "expression_list"} else [node]


def _imported(node: SgNode) -> tuple[str, str | None]:
    if node.kind() == "aliased_import":
        name, alias = named(node)[:2]
        return name.text(), alias.text()
    return node.text(), None


def _local(pair: tuple[str, str | None]) -> tuple[str, str]:
    name, alias = pair
    return name, alias or name


_STATEMENTS: dict[str, Callable[[_Lowering, SgNode], ir.Statement | ir.Block]] = {
    "expression_statement": _Lowering.expression_statement,
    "import_statement": _Lowering.import_,
    "import_from_statement": _Lowering.import_from,
    "if_statement": _Lowering.if_,
    "for_statement": _Lowering.for_,
    "while_statement": _Lowering.while_,
    "try_statement": _Lowering.try_,
    "with_statement": _Lowering.with_,
    "match_statement": _Lowering.match,
    "return_statement": _Lowering.return_,
    "raise_statement": _Lowering.raise_,
    "assert_statement": _Lowering.assert_,
    "break_statement": _Lowering.break_,
    "continue_statement": _Lowering.continue_,
    "decorated_definition": _Lowering.decorated,
    "function_definition": _Lowering.function,
    "class_definition": _Lowering.class_,
}

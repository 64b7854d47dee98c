"""Conditions on texts that no error of D1 or of a queue contains."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.values import Constant, FunctionValue
from diagnose.project.source.ways import way_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.source.scopes import Scope

# D1 runs one query after the other in one place and reports neither a busy nor a locked database:
# https://developers.cloudflare.com/d1/observability/debug-d1/#error-list
_OF_OTHER_DATABASES = re.compile(
    r"\block(?:ed|s)?\b|sqlite_(?:busy|locked)|\bdatabase is busy\b|deadlock|econn(?:refused|reset)"
    r"|connection refused|too many connections",
    re.IGNORECASE,
)
_DEEPEST = 3


class NeverSent:
    """Judges the conditions in one `except` clause."""

    def __init__(self, clause: ir.ExceptClause, scope: Scope | None) -> None:
        self.clause = clause
        self.scope = scope

    def before(self, span: ir.Span) -> tuple[str, ...]:
        """The texts without which a statement of the clause is not reached; () when others lead there too."""
        way = way_to(self.clause.body, span)
        for above, step in pairwise(way):
            if step.branch == "body" and isinstance(above.statement, ir.If):
                texts = self._never(above.statement.test)
                if texts:
                    return texts
        return ()

    def _never(self, test: ir.Expression) -> tuple[str, ...]:
        """The texts that a test asks for, when it fails for every error of D1."""
        if isinstance(test, ir.Logical):
            left, right = self._never(test.left), self._never(test.right)
            both = bool(left) and bool(right)
            return left + right if test.operator == "and" or both else ()
        texts = tuple(dict.fromkeys(self._texts(test, _DEEPEST)))
        is_never = bool(texts) and all(map(_OF_OTHER_DATABASES.search, texts))
        return texts if is_never and not _asks_something_else(test) else ()

    def _texts(self, node: ir.Node, depth: int) -> Iterator[str]:
        for inner in ir.walk(node):
            match inner:
                case ir.Literal(value=str(text)) if text:
                    yield text
                case ir.Name(name=name) if depth:
                    yield from self._named(name, depth - 1)
                case _:
                    continue

    def _named(self, name: str, depth: int) -> Iterator[str]:
        """Texts in what the clause or the module gives that name."""
        for node in ir.walk(*self.clause.body, into_functions=False):
            if isinstance(node, ir.Assign) and any(target.source == name for target in node.targets):
                yield from self._texts(node.value, depth) if node.value else ()
        value = self.scope.names.get(name) if self.scope else None
        if isinstance(value, Constant) and isinstance(value.value, str):
            yield value.value
        elif isinstance(value, FunctionValue):
            yield from self._of_function(value, depth)
        elif self.scope is not None:
            yield from self._of_module(name, depth)

    def _of_function(self, value: FunctionValue, depth: int) -> Iterator[str]:
        definition = value.definition
        if isinstance(definition, ir.FunctionDef):
            for statement in definition.body:
                if not _is_docstring(statement):
                    yield from self._texts(statement, depth)

    def _of_module(self, name: str, depth: int) -> Iterator[str]:
        """`RETRYABLE = ("…", "…")` at the top of the module."""
        module = self.scope.module if self.scope else None
        for statement in module.block if module else ():
            if isinstance(statement, ir.Assign) and any(one.source == name for one in statement.targets):
                yield from self._texts(statement.value, depth) if statement.value else ()


def _asks_something_else(test: ir.Expression) -> bool:
    """It also depends on the error's type, or on how often the message has been delivered."""
    return any(
        (isinstance(node, ir.Name) and node.name in {"isinstance", "type", "not"})
        or (isinstance(node, ir.Attribute) and node.name == "attempts")
        or isinstance(node, ir.Unary)
        for node in ir.walk(test)
    )


def _is_docstring(statement: ir.Statement) -> bool:
    return isinstance(statement, ir.ExpressionStatement) and isinstance(statement.value, ir.Literal)

"""Where statements of one function stand to each other: which comes first, and whether it always does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from diagnose.project.source import ir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.source.records import Trail


@dataclass(frozen=True, slots=True)
class Step:
    """One statement on the way down to another.

    Attributes:
        branch: of the statement above, such as `body`; empty in the function's own block.
        index: its place in that block.
    """

    branch: str
    index: int
    statement: ir.Statement


Way: TypeAlias = "tuple[Step, ...]"


def way_to(block: ir.Block, span: ir.Span, branch: str = "") -> Way:
    """The statements around a stretch of a block, outermost first; () when it is not in the block."""
    for index, statement in enumerate(block):
        if is_within(span, statement.span):
            inner = (way_to(inside, span, name) for name, inside in _branches(statement))
            return (Step(branch, index, statement), *next(filter(None, inner), ()))
    return ()


def is_within(span: ir.Span, around: ir.Span) -> bool:
    """One stretch of a file lies in another."""
    return span.path == around.path and around.start <= span.start and span.end <= around.end


def passes(trail: Trail, around: ir.Span) -> bool:
    """A statement is reached through a stretch of a file: it stands there, or is called from there."""
    return any(is_within(span, around) for _, span in trail)


class Ways:
    """Compares statements by how they are reached; ways and clauses are looked for once each."""

    def __init__(self) -> None:
        self._ways: dict[tuple[int, ir.Span], Way] = {}
        self._clauses: dict[int, tuple[ir.Span, ...]] = {}

    def clauses(self, definition: ir.FunctionDef | ir.Lambda | None) -> tuple[ir.Span, ...]:
        """The `except` clauses of a function."""
        if definition is None:
            return ()
        if id(definition) not in self._clauses:
            nodes = ir.walk(definition)
            self._clauses[id(definition)] = tuple(
                node.span for node in nodes if isinstance(node, ir.ExceptClause)
            )
        return self._clauses[id(definition)]

    def always_before(self, first: Trail, second: Trail) -> bool:
        """Whenever the second statement is reached, the first has been executed.

        A loop counts as executed. The error path of a `try` is not looked at.
        """
        level = _parting(first, second)
        if level is None:
            return False
        if not all(_is_certain(self._way(first, deeper), 0) for deeper in range(level + 1, len(first))):
            return False
        one, other = self._way(first, level), self._way(second, level)
        same = _shared(one, other)
        if same >= len(one) or same >= len(other) or not _is_certain(one, same):
            return False
        if one[same].branch != other[same].branch:
            return (one[same].branch, other[same].branch) in {
                ("body", "otherwise"),
                ("body", "finally"),
            } and (isinstance(one[same - 1].statement, ir.Try))
        return one[same].index < other[same].index

    def excludes(self, first: Trail, second: Trail) -> bool:
        """At most one of two statements is executed: they stand in different branches of one test."""
        level = _parting(first, second)
        if level is None:
            return False
        one, other = self._way(first, level), self._way(second, level)
        same = _shared(one, other)
        if not 0 < same < min(len(one), len(other)):
            return False
        parent = one[same - 1].statement
        return isinstance(parent, (ir.If, ir.Match)) and one[same].branch != other[same].branch

    def is_on_an_error_path(self, trail: Trail, beside: Trail) -> bool:
        """A statement is reached through an `except` that the other one does not stand in."""
        return any(
            is_within(span, clause) and not passes(beside, clause)
            for definition, span in trail
            for clause in self.clauses(definition)
        )

    def _way(self, trail: Trail, level: int) -> Way:
        definition, span = trail[level]
        if not isinstance(definition, ir.FunctionDef):
            return ()
        key = (id(definition), span)
        if key not in self._ways:
            self._ways[key] = way_to(definition.body, span)
        return self._ways[key]


def _parting(first: Trail, second: Trail) -> int | None:
    """The level of the function in which both part, or None when one of them is around the other."""
    for level, (one, other) in enumerate(zip(first, second, strict=False)):
        if one[0] is not other[0]:
            return None
        if one[1] != other[1]:
            return level
    return None


def _shared(one: Way, other: Way) -> int:
    same = 0
    for step, twin in zip(one, other, strict=False):
        if (step.branch, step.index) != (twin.branch, twin.index):
            break
        same += 1
    return same


def _is_certain(way: Way, above: int) -> bool:
    """Below a step of the way nothing decides whether the rest is executed."""
    return bool(way) and all(
        way[position].branch == "body" and isinstance(way[position - 1].statement, (ir.For, ir.With, ir.Try))
        for position in range(above + 1, len(way))
    )


def _branches(statement: ir.Statement) -> Iterator[tuple[str, ir.Block]]:
    match statement:
        case ir.If() | ir.For() | ir.While():
            yield from (("body", statement.body), ("otherwise", statement.otherwise))
        case ir.With():
            yield "body", statement.body
        case ir.Try():
            yield from (("body", statement.body), ("otherwise", statement.otherwise))
            yield "finally", statement.finally_
            for number, clause in enumerate(statement.clauses):
                yield f"except {number}", clause.body
        case ir.Match():
            for number, case in enumerate(statement.cases):
                yield f"case {number}", case.body
        case _:
            return

"""Where a place stands in a module: the statements around it, and what happens after it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.python import lower

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diagnose.model import Location


@dataclass(frozen=True, slots=True)
class Level:
    """One statement on the way down to a place, in its block."""

    block: ir.Block
    index: int

    @property
    def statement(self) -> ir.Statement:
        """The statement itself."""
        return self.block[self.index]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a module.

    Attributes:
        text: of the module, without a byte order mark.
        levels: the statements around the place, the module's first; never empty.
    """

    text: str
    levels: tuple[Level, ...]

    @property
    def statement(self) -> ir.Statement:
        """The innermost statement that holds the place."""
        return self.levels[-1].statement

    @property
    def function(self) -> ir.FunctionDef | None:
        """The innermost function around the place."""
        return next(
            (
                level.statement
                for level in reversed(self.levels)
                if isinstance(level.statement, ir.FunctionDef)
            ),
            None,
        )

    @property
    def indent(self) -> str:
        """The white space in front of the innermost statement; empty when code precedes it on its line."""
        return indent_of(self.text, self.statement.span.start)

    def indent_unit(self) -> str:
        """One step of indentation, as the file has it."""
        found = re.search(r"^([ \t]+)\S", self.text, re.MULTILINE)
        return "\t" if found and found[1].startswith("\t") else "    "

    def source(self, node: ir.Node) -> str:
        """How a node is written."""
        return self.text[node.span.start : node.span.end]

    def scope(self) -> tuple[ir.Node, ...]:
        """What shares the local names: the function, else the module."""
        return (self.function,) if self.function else self.levels[0].block

    def names(self) -> set[str]:
        """Every word in the function (or module) around the place; none of them is free for a new name."""
        return {name for node in self.scope() for name in re.findall(r"[A-Za-z_]\w*", self.source(node))}

    def fresh(self, *candidates: str) -> str:
        """The first candidate that is no name yet."""
        taken = self.names()
        numbered = (f"{candidates[-1]}_{number}" for number in range(2, 1_000))
        return next(name for name in (*candidates, *numbered) if name not in taken)

    def uses(self, name: str) -> list[ir.Name]:
        """Every occurrence of a local name, in order."""
        nodes = (node for node in ir.walk(*self.scope()) if isinstance(node, ir.Name) and node.name == name)
        return sorted(nodes, key=lambda node: node.span.start)

    def at(self, offset: int) -> Place:
        """Another place in the same module."""
        return Place(self.text, tuple(_down(self.levels[0].block, offset)))

    def binders(self, name: str) -> list[ir.Node]:
        """What gives the local name its value: assignments, loops, parameters; `+=` aside."""
        return [node for node in ir.walk(*self.scope()) if name in _bound_names(node)]

    def assignment(self, name: str) -> ir.Assign | None:
        """The only statement that binds the local name, if it is a plain assignment."""
        match self.binders(name):
            case [ir.Assign(targets=(ir.Name(),)) as assigned]:
                return assigned
            case [ir.Assign() as assigned]:
                position = paired(assigned, name)
                return None if position is None else _pair(assigned, position)
            case _:
                return None


def place_of(text: str, path: str, offset: int) -> Place:
    """The place at a character of a module. Raises SourceError when the module cannot be read."""
    body = text.removeprefix("\ufeff")
    return Place(body, tuple(_down(lower(body, path), offset)))


def offset_of(text: str, location: Location) -> int:
    """The character at a line and column of a module."""
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    line, column = location.line or 1, location.column or 1
    return sum(map(len, lines[: line - 1])) + column - 1


def indent_of(text: str, offset: int) -> str:
    """The white space at the beginning of the line, if nothing else precedes the character there."""
    line_start = text.rfind("\n", 0, offset) + 1
    before = text[line_start:offset]
    return before if not before.strip() else ""


def after(place: Place) -> Iterator[ir.Statement]:
    """The statements that run after the place's statement has succeeded, and only then.

    Those are its later neighbours; behind a `with`, and behind a `try` whose handlers all leave, the
    later neighbours of that as well. A loop, a branch or a function ends it.
    """
    for inner, level in _inside_out(place.levels):
        if inner is not None and not _falls_through_on_success(level.statement, inner.statement):
            return
        yield from level.block[level.index + 1 :]


def paired(assigned: ir.Assign, name: str) -> int | None:
    """The position of a name in `a, b = x, y`, or None when it is no such statement."""
    match assigned:
        case ir.Assign(targets=(ir.Sequence(items=targets),), value=ir.Sequence(items=values)):
            if len(targets) != len(values) or not all(isinstance(target, ir.Name) for target in targets):
                return None
            if any(isinstance(value, ir.Star) for value in values):
                return None
            names = [target.name for target in targets if isinstance(target, ir.Name)]
            return names.index(name) if name in names else None
        case _:
            return None


def _pair(assigned: ir.Assign, position: int) -> ir.Assign:
    """What `a, b = x, y` does for one of the names, as a statement of the same place."""
    target, value = assigned.targets[0], assigned.value
    assert isinstance(target, ir.Sequence)  # noqa: S101 - by the choice of `position`
    assert isinstance(value, ir.Sequence)  # noqa: S101 - by the choice of `position`
    return replace(assigned, targets=(target.items[position],), value=value.items[position])


def is_truth_test(test: ir.Expression, name: str) -> bool:
    """Whether a test asks for a collection's being empty and nothing else."""
    if isinstance(test, ir.Unary) and test.operator == "not":
        test = test.operand
    return isinstance(test, ir.Name) and test.name == name


def leaves(block: ir.Block) -> bool:
    """Whether a block's last statement leaves it: by raising, returning, or going on with a loop."""
    return bool(block) and isinstance(block[-1], (ir.Raise, ir.Return, ir.Break, ir.Continue))


def statements(block: Iterable[ir.Statement]) -> Iterator[ir.Statement]:
    """All statements of a block and of the blocks inside, functions and classes left out."""
    for node in ir.walk(*block, into_functions=False):
        if isinstance(node, ir.Statement):
            yield node


def _inside_out(levels: tuple[Level, ...]) -> Iterator[tuple[Level | None, Level]]:
    yield None, levels[-1]
    for outer, inner in zip(reversed(levels[:-1]), reversed(levels[1:]), strict=True):
        yield inner, outer


def _falls_through_on_success(outer: ir.Statement, inner: ir.Statement) -> bool:
    if isinstance(outer, ir.With):
        return True
    if isinstance(outer, ir.Try):
        return inner in outer.body and all(leaves(clause.body) for clause in outer.clauses)
    return False


def _down(block: ir.Block, offset: int) -> Iterator[Level]:
    for index, statement in enumerate(block):
        if statement.span.start <= offset < statement.span.end:
            yield Level(block, index)
            for inside in _blocks(statement):
                yield from _down(inside, offset)
            return


def _blocks(statement: ir.Statement) -> Iterator[ir.Block]:
    match statement:
        case ir.For() | ir.While() | ir.If():
            yield statement.body
            yield statement.otherwise
        case ir.Try():
            yield statement.body
            yield from (clause.body for clause in statement.clauses)
            yield statement.otherwise
            yield statement.finally_
        case ir.Match():
            yield from (case.body for case in statement.cases)
        case ir.With() | ir.FunctionDef() | ir.ClassDef():
            yield statement.body
        case _:
            return


def _bound_names(node: ir.Node) -> set[str]:
    """The names that the node itself binds."""
    match node:
        case ir.Assign(targets=targets):
            return {name for target in targets for name in _names(target)}
        case ir.For(target=target) | ir.Clause(target=target) | ir.Walrus(target=target):
            return _names(target)
        case ir.With(items=items):
            return {name for _, target in items if target is not None for name in _names(target)}
        case ir.Parameter(name=name):
            return {name}
        case _:
            return set()


def _names(target: ir.Expression) -> set[str]:
    """Variables of a target; in `row["x"] = 1` and `row.x = 1` none is bound."""
    match target:
        case ir.Name(name=name):
            return {name}
        case ir.Sequence(items=items):
            return {name for item in items for name in _names(item)}
        case ir.Star(value=value):
            return _names(value)
        case _:
            return set()

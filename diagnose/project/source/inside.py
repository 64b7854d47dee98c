"""What stands inside a function, found once: many clauses of a long function ask for it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from diagnose.project.source import ir

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_FUNCTIONS: Final = 32
"""That are remembered; clauses of one function are asked about one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """The nodes of a function's body.

    Attributes:
        own: without those of functions inside.
        names: every name, those of functions inside included, by its text.
        targets: `id` of what values are given to, functions inside included.
        last_raise: where the last `raise` of its own begins; -1 without one.
        returns_value: it returns something of its own.
    """

    own: tuple[ir.Node, ...]
    names: Mapping[str, tuple[ir.Name, ...]]
    targets: frozenset[int]
    last_raise: int
    returns_value: bool


def inside(function: ir.FunctionDef) -> Inside:
    """What stands inside a function."""
    return _found(_Same(function))


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A function as itself: comparing or hashing its whole tree would cost more than walking through it."""

    function: ir.FunctionDef

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.function is other.function

    def __hash__(self) -> int:
        return id(self.function)


@lru_cache(maxsize=_FUNCTIONS)
def _found(same: _Same) -> Inside:
    body = same.function.body
    nodes = tuple(ir.walk(*body))
    own = tuple(ir.walk(*body, into_functions=False))
    return Inside(
        own=own,
        names=_by_name(nodes),
        targets=frozenset(id(target) for node in nodes for target in _targets(node)),
        last_raise=max((node.span.start for node in own if isinstance(node, ir.Raise)), default=-1),
        returns_value=any(isinstance(node, ir.Return) and node.value is not None for node in own),
    )


def _by_name(nodes: Iterable[ir.Node]) -> dict[str, tuple[ir.Name, ...]]:
    found: dict[str, list[ir.Name]] = defaultdict(list)
    for node in nodes:
        if isinstance(node, ir.Name):
            found[node.name].append(node)
    return {name: tuple(uses) for name, uses in found.items()}


def _targets(node: ir.Node) -> Iterator[ir.Expression]:
    if isinstance(node, ir.Assign):
        yield from node.targets
    elif isinstance(node, ir.Augment):
        yield node.target

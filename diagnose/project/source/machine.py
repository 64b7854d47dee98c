"""The state of reading: heap, loops, calls, guards. No knowledge of expressions or statements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias

from diagnose.project.source.counts import AtMost, UnknownCount
from diagnose.project.source.joining import joined, merged
from diagnose.project.source.records import Records
from diagnose.project.source.scopes import Scope
from diagnose.project.source.values import Item, ListValue, Many, Reference, Size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.project.source import ir
    from diagnose.project.source.modules import LoadedModule, ModuleLoader
    from diagnose.project.source.records import Guarding, Trail
    from diagnose.project.source.values import (
        DictValue,
        FunctionValue,
        InstanceValue,
        LoopHead,
        Segment,
        Value,
    )

MOST_STEPS = 20_000
"""Statements that are read before the analysis stops: a project of 500 lines needs about 2,000."""
DEEPEST_CALL = 12
"""Calls of project functions inside each other that are followed."""


@dataclass(frozen=True, slots=True)
class ActiveLoop:
    """A loop that is being read."""

    size: Size
    head: LoopHead


@dataclass(slots=True)
class Frame:
    """A call of a project function that is being read.

    Attributes:
        statement: the statement being read.
        dropped: the caller drops the result.
        drops: the statement being read drops its value.
        loops: loops that were active at the call.
        entry: the platform itself calls it.
        call: the expression that calls it, or None where the platform or a library does.
        guards: the bounds that hold at each of its ends (`if len(ids) > 100: raise TooMany`).
    """

    scope: Scope
    definition: ir.FunctionDef | ir.Lambda | None
    statement: ir.Span
    dropped: bool = False
    drops: bool = False
    loops: int = 0
    entry: bool = False
    call: ir.Span | None = None
    returns: list[Value] = field(default_factory=list)
    guards: list[dict[str, int]] = field(default_factory=list)
    yields: list[Segment] = field(default_factory=list)


Content: TypeAlias = "ListValue | DictValue | InstanceValue"


@dataclass(frozen=True, slots=True)
class Branch:
    """A place where paths part: the names there, and how far the journal of the heap had come."""

    names: dict[str, Value]
    mark: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one path made of the names, and of the heap as far as it changed it."""

    names: dict[str, Value]
    heap: dict[int, Content]


class Machine(ABC):
    """State, and the operations on it that both expressions and statements need."""

    def __init__(self, loader: ModuleLoader) -> None:
        self.loader = loader
        self.records = Records()
        self.heap: dict[int, Content] = {}
        self.journal: list[tuple[int, Content]] = []
        self.heap_depths: dict[int, int] = {}
        self.caps: dict[int, Size] = {}
        self.flushes: dict[int, int] = {}
        self.loops: list[ActiveLoop] = []
        self.frames: list[Frame] = []
        self.guards: list[Guarding] = []
        self.guarded_names: frozenset[str] = frozenset()
        self.bounds: dict[str, int] = {}
        self.scopes: dict[str, Scope] = {}
        self.visited: dict[int, tuple[ir.FunctionDef | ir.Lambda, set[str]]] = {}
        self.discarding = False
        self.steps = 0

    @abstractmethod
    def evaluate(self, node: ir.Expression) -> Value:
        """What an expression stands for."""

    @abstractmethod
    def execute(self, block: ir.Block) -> bool:
        """Read statements; True when control does not go past them."""

    @abstractmethod
    def call_function(
        self,
        function: FunctionValue,
        arguments: Sequence[Item],
        keywords: dict[str, Item],
        *,
        entry: bool = False,
        call: ir.Span | None = None,
    ) -> Value:
        """Read the body of a project function with these arguments."""

    @abstractmethod
    def set_part(self, owner: Value, index: Value) -> None:
        """`owner[index] = …` of something that is not in the heap."""

    @property
    def frame(self) -> Frame:
        """The call that is being read."""
        return self.frames[-1]

    def trail(self) -> Trail:
        """How the statement that is being read is reached."""
        return tuple((frame.definition, frame.statement) for frame in self.frames)

    def calls(self) -> tuple[ir.Span, ...]:
        """The calls of project functions that lead to what is being read, innermost first."""
        called = takewhile(lambda call: call is not None, (frame.call for frame in reversed(self.frames)))
        return tuple(call for call in called if call is not None)

    @property
    def scope(self) -> Scope:
        """Where names are looked up now."""
        return self.frame.scope

    @property
    def function_name(self) -> str:
        """Such as `Default.fetch`."""
        return self.scope.function or "<module>"

    def allocate(self, content: Content) -> Reference:
        """A new object in the heap."""
        address = len(self.heap) + 1
        self.heap[address] = content
        self.heap_depths[address] = len(self.loops)
        return Reference(address)

    def load(self, value: Value) -> Value:
        """The content of a reference; any other value as it is."""
        return self.heap[value.address] if isinstance(value, Reference) else value

    def frozen(self, value: Value) -> Value:
        """The value with its references replaced by what they hold now."""
        value = self.load(value)
        return self.frozen_list(value) if isinstance(value, ListValue) else value

    def frozen_list(self, value: ListValue) -> ListValue:
        """The same for a list."""
        return replace(value, segments=tuple(self._frozen_segment(one) for one in value.segments))

    def _frozen_segment(self, segment: Segment) -> Segment:
        if isinstance(segment, Item):
            return replace(segment, value=self.load(segment.value))
        return replace(segment, items=tuple(self._frozen_segment(one) for one in segment.items))

    def add(self, address: int, segments: tuple[Segment, ...], *, shared: str | None = None) -> None:
        """Append to a list; what loops repeat is repeated in it.

        `shared` is the source of an attribute that holds the list: other methods may empty it.
        """
        content = self.heap[address]
        if not isinstance(content, ListValue) or not segments:
            return
        loops = self.loops[self.heap_depths[address] :]
        cap = Size(UnknownCount(shared), shared) if shared else self.caps.get(address)
        if loops and cap:
            segments = (Many(segments, cap, loops[-1].head),)
        else:
            for loop in reversed(loops):
                segments = (Many(segments, loop.size, loop.head),)
        self.write(address, replace(content, segments=merged(content.segments, segments)))

    @contextmanager
    def looping(self, loop: ActiveLoop) -> Iterator[None]:
        """Read what stands in a loop."""
        self.loops.append(loop)
        try:
            yield
        finally:
            self.loops.pop()

    def write(self, address: int, content: Content) -> None:
        """Change what is in the heap."""
        self.journal.append((address, self.heap[address]))
        self.heap[address] = content

    def branch(self) -> Branch:
        """Paths part here."""
        return Branch(dict(self.scope.names), len(self.journal))

    def outcome(self, since: Branch) -> Outcome:
        """What the path since the branch changed; afterwards all is as it was there."""
        changed = {address: self.heap[address] for address, _ in self.journal[since.mark :]}
        outcome = Outcome(dict(self.scope.names), changed)
        while len(self.journal) > since.mark:
            address, content = self.journal.pop()
            self.heap[address] = content
        self._set_names(since.names)
        return outcome

    def adopt(self, outcome: Outcome) -> None:
        """Go on from the end of a path."""
        self._set_names(outcome.names)
        for address, content in outcome.heap.items():
            self.write(address, content)

    def _set_names(self, names: dict[str, Value]) -> None:
        self.scope.names.clear()
        self.scope.names.update(names)

    def meet(self, since: Branch, other: Outcome, where: str) -> None:
        """Let the path that is being read and another one from the same branch meet."""
        before: dict[int, Content] = {}
        for address, content in self.journal[since.mark :]:
            before.setdefault(address, content)
        for address in before.keys() | other.heap.keys():
            mine = self.heap[address]
            meeting = joined(mine, other.heap.get(address, before.get(address, mine)), where)
            if isinstance(meeting, (type(mine), ListValue)) and meeting is not mine:
                self.write(address, meeting)
        names = self.scope.names
        for name, value in other.names.items():
            mine_value = names.get(name, value)
            names[name] = mine_value if mine_value == value else self._joined(mine_value, value, where)

    def _joined(self, first: Value, second: Value, where: str) -> Value:
        if isinstance(first, Reference) or isinstance(second, Reference):
            one, other = self.load(first), self.load(second)
            for value, content in ((second, one), (first, other)):
                if isinstance(content, ListValue) and not content.segments:
                    return value
            meeting = joined(one, other, where)
            return self.allocate(meeting) if isinstance(meeting, ListValue) else meeting
        return joined(first, second, where)

    def settled(self, size: Size) -> Size:
        """A size under the guards that hold here (`if len(ids) > 100: return`)."""
        limit = self.bounds.get(size.key)
        if limit is None or (size.count.upper is not None and size.count.upper <= limit):
            return size
        return Size(AtMost(limit, size.key), size.key)

    def step(self) -> bool:
        """Count a step; False when the bound is reached."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            self.records.complete = False
        return self.steps <= MOST_STEPS

    def module_scope(self, module: LoadedModule) -> Scope:
        """The names of a module, read at its first import."""
        if module.module.path not in self.scopes:
            scope = self.scopes[module.module.path] = Scope(module)
            self.read_module(module, scope)
        return self.scopes[module.module.path]

    @abstractmethod
    def read_module(self, module: LoadedModule, scope: Scope) -> None:
        """Read the statements of a module into its scope."""

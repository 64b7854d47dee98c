"""Takes collections apart and gives names their values."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from diagnose.project.source import ir, lengths, texts
from diagnose.project.source.counts import AtMost
from diagnose.project.source.machine import ActiveLoop, Machine
from diagnose.project.source.values import (
    Constant,
    Data,
    DictValue,
    InstanceValue,
    Item,
    ListValue,
    LoopHead,
    Many,
    Pending,
    Reference,
    Size,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.values import Segment, Value


class Assignments(Machine):
    """Elements of collections, targets of assignments and loops."""

    def spread(self, node: ir.Expression) -> tuple[Segment, ...]:
        """The elements of `*value`."""
        return self.elements(self.evaluate(node), node.source)

    def elements(self, value: Value, source: str) -> tuple[Segment, ...]:
        """The elements of a collection that is written `source`."""
        value = self.frozen(value)
        if isinstance(value, Pending):
            value = self.frozen(value.value)
        if isinstance(value, ListValue):
            return value.segments
        if isinstance(value, DictValue) and value.complete:
            return tuple(Item(Constant(key)) for key, _ in value.entries)
        if texts.is_text(value) and (known := texts.characters(value)) is not None:
            return known
        iteration = lengths.iterated(value, f"{source}[…]", source)
        return (Many((Item(iteration.element, f"{source}[…]"),), self.settled(iteration.size)),)

    def begin(self, target: ir.Expression, iterable: ir.Expression, span: ir.Span) -> ActiveLoop:
        """Bind the target of a loop to an element, and describe the loop."""
        value = self.evaluate(iterable)
        frozen = self.frozen(value.value if isinstance(value, Pending) else value)
        iteration = lengths.iterated(frozen, target.source, _named(frozen, iterable.source))
        self.assign(target, iteration.element)
        return ActiveLoop(self.settled(iteration.size), LoopHead(target.source, iterable.source, span))

    def assign(self, target: ir.Expression, value: Value) -> None:
        """`target = value`."""
        match target:
            case ir.Name(name=name):
                self.scope.names[name] = value
                self.scope.depths[name] = len(self.loops)
            case ir.Sequence(items=items):
                self._unpack(items, self.load(value))
            case ir.Star(value=inner):
                self.assign(inner, value)
            case ir.Attribute(value=owner, name=name):
                self._assign_attribute(self.evaluate(owner), name, value)
            case ir.Subscript():
                self._assign_item(self.evaluate(target.value), self.evaluate(target.index), value, target)
            case _:
                pass

    def _unpack(self, targets: Sequence[ir.Expression], value: Value) -> None:
        segments = value.segments if isinstance(value, ListValue) else ()
        exact = len(segments) == len(targets) and not any(isinstance(one, ir.Star) for one in targets)
        for position, target in enumerate(targets):
            segment = segments[position] if exact else None
            if isinstance(segment, Item):
                self.assign(target, segment.value)
            elif isinstance(value, Data):
                self.assign(target, value.element(target.source))
            else:
                self.assign(target, unknown(target.source))

    def _assign_attribute(self, owner: Value, name: str, value: Value) -> None:
        content = self.load(owner)
        if isinstance(owner, Reference) and isinstance(content, InstanceValue):
            kept = tuple(pair for pair in content.attributes if pair[0] != name)
            self.write(owner.address, replace(content, attributes=(*kept, (name, value))))

    def _assign_item(self, owner: Value, index: Value, value: Value, target: ir.Subscript) -> None:
        content = self.load(owner)
        self.set_part(owner, index)
        if not isinstance(owner, Reference):
            return
        if isinstance(content, DictValue):
            if isinstance(index, Constant) and isinstance(index.value, str) and not self.loops:
                entry = (index.value, Item(value, target.source, target.span))
                self.write(owner.address, replace(content, entries=(*content.entries, entry)))
            else:
                self.write(owner.address, self._filled(owner, content, value, target))
        elif isinstance(content, ListValue) and isinstance(target.index, ir.Slice):
            self.write(owner.address, replace(content, segments=self.elements(value, target.source)))

    def _filled(
        self, owner: Reference, content: DictValue, value: Value, target: ir.Subscript
    ) -> ListValue | DictValue:
        """A dictionary that a loop fills: it has an entry for each turn at most, if those are bounded."""
        counts = [loop.size.count for loop in self.loops[self.heap_depths[owner.address] :]]
        turns = [count.upper for count in counts if count.upper is not None]
        over_names = all(count.exact is not None for count in counts)  # such as those of columns
        if content != DictValue() or over_names or len(turns) < len(counts):
            return replace(content, complete=False)
        source = target.value.source
        size = Size(AtMost(prod(turns), source), source)
        return ListValue((Many((Item(value, target.source),), size),), "dict")


def _named(value: Value, source: str) -> str:
    return value.expression if isinstance(value, Data) and not source.isidentifier() else source

"""What a `queue` handler does with the messages it is given: what it reads of them, what it decides."""

from __future__ import annotations

import builtins
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.expressions import Expressions
from diagnose.project.source.model import BodyRead
from diagnose.project.source.records import MessageRead, QueueEvent
from diagnose.project.source.values import Constant, Data, Item, ListValue, unparsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Literal

    from diagnose.project.source.records import Records
    from diagnose.project.source.values import Received, Segment, Value

_DECISIONS: dict[str, tuple[Literal["ack", "retry"], bool]] = {
    "ack": ("ack", False),
    "retry": ("retry", False),
    "ackAll": ("ack", True),
    "ack_all": ("ack", True),
    "retryAll": ("retry", True),
    "retry_all": ("retry", True),
}
_OF_ANY_VALUE = {*dir(dict), *dir(list), *dir(str), "length", "size", "to_py", "forEach", "push", "map"}
"""Attributes that say nothing about the fields of a body."""
_BUILT_IN = frozenset(dir(builtins))
_KEEPS_NOTHING = ("json.", "traceback.", "time.", "datetime.", "logging.", "re.", "copy.", "hashlib.")
_TYPE_TESTS = {"isinstance", "type", "hasattr", "callable"}


class Deliveries(Expressions):
    """Writes down what happens to messages while a `queue` handler is read."""

    @property
    def in_queue_handler(self) -> bool:
        """The code being read runs for a batch of messages."""
        return self.records.kind == "queue"

    def decided_by(self, name: str, span: ir.Span) -> None:
        """`message.ack()`, `batch.retryAll()` and their like, whatever variable holds the message."""
        if name in _DECISIONS:
            kind, whole = _DECISIONS[name]
            self.decided(kind, span, whole=whole)

    def decided(
        self, kind: Literal["ack", "retry", "kept", "raise"], span: ir.Span, *, whole: bool = False
    ) -> None:
        """Something that settles what becomes of a message."""
        if self.in_queue_handler:
            records = self.records
            records.events.append(
                QueueEvent(
                    kind, whole, records.tick(), records.handler, span, self.trail(), self.function_name
                )
            )

    def handed_over(self, name: str, items: Iterable[Segment], span: ir.Span) -> None:
        """A function that is not of the project receives a message: it may keep it."""
        first = name.partition("(")[0]
        if first in _TYPE_TESTS:
            self._test(items)
        if first not in _BUILT_IN and not first.startswith(_KEEPS_NOTHING) and any(map(_is_received, items)):
            self.decided("kept", span)

    def _test(self, items: Iterable[Segment]) -> None:
        for one in items:
            value = one.value if isinstance(one, Item) else None
            if isinstance(value, Data) and value.received is not None:
                self.records.tested.add(value.received.path)

    def part(self, data: Data, name: str, node: ir.Expression, *, optional: bool = False) -> Data:
        """A named part of data; of a message's body it is written down."""
        found = super().part(data, name, node, optional=optional)
        received = data.received
        is_method = isinstance(node, ir.Attribute) and name in _OF_ANY_VALUE
        if received is not None and received.part == "body" and not is_method:
            guarded = name in self.guarded_names or "*" in self.guarded_names
            self.read_part(received, name, node, optional=optional or guarded)
        return found

    def read_part(self, received: Received, step: str, node: ir.Expression, *, optional: bool) -> None:
        """One step into a message's body is read."""
        if self.in_queue_handler:
            read = MessageRead(
                path=(*received.path, step),
                optional=optional,
                dispatched=bool(self.records.dispatching) or self._is_conditional((*received.path, step)),
                mixed=received.mixed,
                span=node.span,
                function_name=self.function_name,
            )
            self.records.reads.append(read)

    def _is_conditional(self, path: tuple[str, ...]) -> bool:
        """Another field of the message decides whether the part is read."""
        return any(path[: len(field)] != field for field in self.records.conditions)

    def parsed(self, data: Data, node: ir.Expression) -> Data:
        """`json.loads(data)`."""
        received = data.received
        if received is not None and received.part == "body" and not received.mixed:
            self.read_part(received, "text()", node, optional=False)
            return data.part("text()", node.source)
        return data.member(node.source)

    def asks_kind(self, test: ir.Expression) -> bool:
        """A test compares a field of a message with a text: what depends on it concerns some messages."""
        comparisons = (node for node in ir.walk(test) if isinstance(node, ir.Comparison))
        for comparison in comparisons if self.in_queue_handler else ():
            values = [self._quietly(one) for one in comparison.operands]
            if any(map(_is_field, values)) and any(map(self._is_text, values)):
                return True
        return False

    def asks_field(self, test: ir.Expression) -> tuple[str, ...] | None:
        """The field of a message that a test takes for true or not: `if body["final"]`, or None."""
        while isinstance(test, ir.Unary):
            test = test.operand
        value = self._quietly(test) if self.in_queue_handler else None
        received = value.received if isinstance(value, Data) else None
        return received.path if received is not None and _is_field(value) else None

    def _quietly(self, node: ir.Expression) -> Value | None:
        """What an expression without a call of the project stands for; reads are not written down again."""
        if any(isinstance(one, (ir.Await, ir.Walrus, ir.Lambda)) for one in ir.walk(node)):
            return None
        calls = (one for one in ir.walk(node) if isinstance(one, ir.Call))
        if not all(isinstance(one.function, ir.Attribute) and one.function.name == "get" for one in calls):
            return None
        before = len(self.records.reads)
        value = self.evaluate(node)
        del self.records.reads[before:]
        return value

    def _is_text(self, value: Value | None) -> bool:
        content = self.load(value) if value is not None else None
        if isinstance(content, ListValue):
            items = [one.value if isinstance(one, Item) else None for one in content.segments]
            return bool(items) and all(map(self._is_text, items))
        return isinstance(content, Constant) and isinstance(content.value, str)

    @contextmanager
    def dispatching(self, *, dispatched: bool, field: tuple[str, ...] | None = None) -> Iterator[None]:
        """Read what happens for one kind of messages, or for those in which a field is set."""
        records = self.records
        records.dispatching += dispatched
        records.conditions.extend(() if field is None else (field,))
        try:
            yield
        finally:
            records.dispatching -= dispatched
            del records.conditions[len(records.conditions) - (field is not None) :]

    def set_part(self, owner: Value, index: Value) -> None:
        """`body["x"] = …`: the handler itself sees to it that the field is there."""
        received = owner.received if isinstance(owner, Data) else None
        if received is not None and isinstance(index, Constant) and isinstance(index.value, str):
            self.records.assigned.add((*received.path, index.value))


def body_reads(records: Records) -> tuple[BodyRead, ...]:
    """Every part of a body that is read, each place once."""
    mixed = {unparsed(path) for path in records.tested} | _read_both_ways(records)
    found: dict[tuple[ir.Span, tuple[str, ...]], BodyRead] = {}
    for read in records.reads:
        one = BodyRead(
            path=read.path,
            optional=read.optional or read.path in records.assigned,
            dispatched=read.dispatched,
            mixed=read.mixed or any(unparsed(read.path[:end]) in mixed for end in range(len(read.path))),
            location=read.span.location,
            function=read.function_name,
        )
        known = found.setdefault((read.span, read.path), one)
        found[read.span, read.path] = replace(
            known,
            optional=known.optional and one.optional,
            dispatched=known.dispatched and one.dispatched,
            mixed=known.mixed or one.mixed,
        )
    return tuple(found[key] for key in sorted(found))


def _read_both_ways(records: Records) -> set[tuple[str, ...]]:
    """Parts of which some code parses the text while other code reads fields of them as they are."""
    parsed = {read.path[:-1] for read in records.reads if read.path[-1] == "text()"}
    plain = {read.path[:-1] for read in records.reads if read.path[-1] != "text()"}
    return {unparsed(path) for path in parsed & plain}


def leaves(block: ir.Block) -> bool:
    """Control does not go on behind the block."""
    return bool(block) and isinstance(block[-1], (ir.Raise, ir.Return, ir.Break, ir.Continue))


def _is_received(segment: Segment) -> bool:
    value = segment.value if isinstance(segment, Item) else None
    return isinstance(value, Data) and value.received is not None


def _is_field(value: Value | None) -> bool:
    received = value.received if isinstance(value, Data) else None
    return received is not None and any(step != "text()" for step in received.path)

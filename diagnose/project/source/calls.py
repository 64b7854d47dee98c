"""Calls: of project functions and classes by reading their bodies, of everything else by what it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.project.source import classes, forgetting, ir, texts
from diagnose.project.source.externals import Externals
from diagnose.project.source.joining import joined
from diagnose.project.source.machine import DEEPEST_CALL, Frame
from diagnose.project.source.records import Guarding
from diagnose.project.source.scopes import Scope
from diagnose.project.source.values import (
    NOTHING,
    Alternatives,
    Binding,
    Built,
    ClassValue,
    Constant,
    Data,
    DictValue,
    EnvValue,
    External,
    FunctionValue,
    InstanceValue,
    Item,
    ListValue,
    Member,
    Pending,
    Prepared,
    QueryResult,
    Reference,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.machine import Outcome
    from diagnose.project.source.values import Segment, Value


_WHOLE = frozenset({"to_py", "toJSON"})
"""Methods that answer the same value in another guise."""


class Calls(Externals):
    """Evaluates calls; statements are executed by the subclass."""

    def call(self, node: ir.Call) -> Value:
        """What a call yields."""
        value = self._called(node)
        if not isinstance(value, Pending):
            return value
        return replace(value, span=node.span, source=node.source, statement=self.frame.statement)

    def _called(self, node: ir.Call) -> Value:
        dropped, self.discarding = self.discarding, False
        if isinstance(node.function, ir.Attribute):
            owner = self.evaluate(node.function.value)
            arguments, keywords = self.arguments(node)
            return self._method(owner, node.function.name, arguments, keywords, node, dropped=dropped)
        function = self.evaluate(node.function)
        arguments, keywords = self.arguments(node)
        return self.called(function, arguments, keywords, node, dropped=dropped)

    def arguments(self, node: ir.Call) -> tuple[tuple[Segment, ...], dict[str, Item]]:
        """The arguments of a call."""
        positional: list[Segment] = []
        for argument in node.arguments:
            if isinstance(argument, ir.Star):
                positional.extend(self.spread(argument.value))
            else:
                positional.append(self.item(argument))
        keywords: dict[str, Item] = {}
        for keyword in node.keywords:
            item = self.item(keyword.value)
            options = self.load(item.value)
            if keyword.name is not None:
                keywords[keyword.name] = item
            elif isinstance(options, DictValue):
                keywords.update(options.entries)
        return tuple(positional), keywords

    def called(  # noqa: PLR0911 - one return for each case
        self,
        function: Value,
        arguments: Sequence[Segment],
        keywords: dict[str, Item],
        node: ir.Call,
        *,
        dropped: bool = False,
    ) -> Value:
        """`function(…)`."""
        match function:
            case FunctionValue():
                return self.call_function(function, arguments, keywords, dropped=dropped, call=node.span)
            case Alternatives(functions):
                return self._one_of(functions, arguments, keywords, node, dropped=dropped)
            case ClassValue():
                return self.instance(function, arguments, keywords)
            case External("functools.partial"):
                return self._partial(arguments, keywords) or unknown(node.source)
            case External(name):
                return self.called_external(name, arguments, keywords, node)
            case Data():
                return function.member(node.source) if not arguments else unknown(node.source)
            case Member(owner, name):
                return self._method(owner, name, arguments, keywords, node, dropped=dropped)
            case _:
                self.handed_over(node.function.source, [*arguments, *keywords.values()], node.span)
                return unknown(node.source)

    def _partial(self, arguments: Sequence[Segment], keywords: dict[str, Item]) -> Value | None:
        first = arguments[0].value if arguments and isinstance(arguments[0], Item) else None
        if not isinstance(first, FunctionValue):
            return None
        given = {**dict(first.keywords), **keywords}
        return replace(first, arguments=(*first.arguments, *arguments[1:]), keywords=tuple(given.items()))

    def _one_of(
        self,
        functions: Sequence[FunctionValue],
        arguments: Sequence[Segment],
        keywords: dict[str, Item],
        node: ir.Call,
        *,
        dropped: bool,
    ) -> Value:
        """What one of several functions yields, and what each of them may have changed."""
        branch = self.branch()
        values: list[Value] = []
        outcomes: list[Outcome] = []
        for function in functions:
            values.append(self.call_function(function, arguments, keywords, dropped=dropped, call=node.span))
            outcomes.append(self.outcome(branch))
        self.adopt(outcomes.pop())
        for outcome in outcomes:
            self.meet(branch, outcome, node.source)
        return self._any_pending(values, node.source)

    def _any_pending(self, values: Sequence[Value], source: str) -> Value:
        settled = [self.settle(value) for value in values]
        value = settled[0]
        for other in settled[1:]:
            value = self._meeting(value, other, source)
        pending = [one for one in values if isinstance(one, Pending)]
        if not pending:
            return value
        return replace(pending[0], value=value, records=frozenset().union(*(one.records for one in pending)))

    def _method(  # noqa: PLR0911 - one return for each case
        self,
        owner: Value,
        name: str,
        arguments: Sequence[Segment],
        keywords: dict[str, Item],
        node: ir.Call,
        *,
        dropped: bool,
    ) -> Value:
        content = self.load(owner)
        match content:
            case Binding():
                return self.called_binding(content, name, arguments, keywords, node)
            case Prepared():
                return self.called_statement(content, name, arguments, node)
            case EnvValue():
                return self.binding(name, node.span)
            case QueryResult() | Data() if name in _WHOLE:
                return content
            case QueryResult(rows):
                return self.called_data(rows, name, arguments, node)
            case Data() | External():
                return self._opaque_method(content, name, arguments, keywords, node)
            case ListValue() | DictValue() | Constant() | Built() | Pending() | Member():
                return self._known_method(owner, name, arguments, keywords, node)
            case _:
                function = self.attribute(owner, name, node)
                if isinstance(function, Member):
                    self.handed_over(name, [*arguments, *keywords.values()], node.span)
                    return unknown(node.source)
                return self.called(function, arguments, keywords, node, dropped=dropped)

    def _opaque_method(
        self,
        owner: Data | External,
        name: str,
        arguments: Sequence[Segment],
        keywords: dict[str, Item],
        node: ir.Call,
    ) -> Value:
        shown = owner.name if isinstance(owner, External) else owner.expression
        if name in _LOGS and "log" in shown and not shown.startswith("js."):
            return self.logged(arguments)
        if name in {"waitUntil", "wait_until"}:
            return self._kept_alive(arguments, node)
        self.decided_by(name, node.span)
        if isinstance(owner, Data):
            return self.called_data(owner, name, arguments, node)
        if name == "create_task":
            return self.called_external("asyncio.create_task", arguments, keywords, node)
        return self.called_external(f"{owner.name}.{name}", arguments, keywords, node)

    def _known_method(
        self,
        owner: Value,
        name: str,
        arguments: Sequence[Segment],
        keywords: dict[str, Item],
        node: ir.Call,
    ) -> Value:
        content = self.load(owner)
        if isinstance(content, ListValue):
            reference = owner if isinstance(owner, Reference) else self.allocate(content)
            return self.called_list(reference, content, name, arguments, node)
        if isinstance(content, DictValue):
            return self.called_dict(owner, content, name, arguments, node)
        if texts.is_text(content):
            return self.called_text(content, name, arguments, keywords, node)
        if isinstance(content, Pending) and name in {"then", "catch", "finally_"}:
            return replace(content, task=True)
        return unknown(node.source)

    def _kept_alive(self, arguments: Sequence[Segment], node: ir.Call) -> Value:
        for one in arguments:
            if isinstance(one, Item) and isinstance(one.value, FunctionValue):
                self._uncalled(one.value, one)
            if isinstance(one, Item) and isinstance(one.value, Pending) and one.value.records:
                guarding = Guarding("fire-and-forget", node.span, self.function_name, keeps=False)
                self.records.guarding(guarding).writes.extend(sorted(one.value.records))
                self.records.kept_alive |= one.value.records
        return NOTHING

    def _uncalled(self, function: FunctionValue, item: Item) -> None:
        """Nothing calls a function that `waitUntil` gets: it waits for promises only."""
        value = self.call_function(function, (), {})
        if isinstance(value, Pending):
            forgotten = replace(value, by="uncalled", span=item.span, source=item.source)
            forgetting.note(forgotten, self.frame, self.function_name, self.records)

    def call_function(
        self,
        function: FunctionValue,
        arguments: Sequence[Segment],
        keywords: dict[str, Item],
        *,
        entry: bool = False,
        dropped: bool = False,
        call: ir.Span | None = None,
    ) -> Value:
        """Read the body of a project function with these arguments."""
        definition = function.definition
        shown = function.name
        active = any(frame.definition is definition for frame in self.frames)
        if active or len(self.frames) > DEEPEST_CALL or not self.step():
            return unknown(f"{shown}(…)")
        self.visited.setdefault(id(definition), (definition, set()))[1].add(self.records.kind or "")
        scope = Scope(function.scope.module, function.scope, shown)
        frame = Frame(
            scope, definition, definition.span, dropped, loops=len(self.loops), entry=entry, call=call
        )
        self.bind(function, arguments, keywords, frame)
        guarded, bounds = self.guarded_names, dict(self.bounds)
        first_record, dispatching = len(self.records.writes), self.records.dispatching
        self.frames.append(frame)
        try:
            value = self._body(frame)
        finally:
            self.frames.pop()
            self.guarded_names, self.bounds = guarded, bounds | _at_every_end(frame)
            self.records.dispatching = dispatching
        if isinstance(definition, ir.FunctionDef) and definition.is_async and not definition.generator:
            by = forgetting.coroutine_of(definition)
            return Pending(value, frozenset(range(first_record, len(self.records.writes))), by=by)
        return value

    def _body(self, frame: Frame) -> Value:
        definition = frame.definition
        if isinstance(definition, ir.Lambda):
            frame.statement = definition.body.span
            return self.evaluate(definition.body)
        if definition is None:
            return NOTHING
        ended = self.execute(definition.body)
        if not ended:
            frame.guards.append(dict(self.bounds))
        if definition.generator:
            return ListValue(tuple(frame.yields), "generator")
        if not frame.returns:
            return NOTHING
        if not ended:
            frame.returns.append(NOTHING)
        value = frame.returns[0]
        for other in frame.returns[1:]:
            value = self._meeting(value, other, frame.scope.function)
        return value

    def _meeting(self, first: Value, second: Value, name: str) -> Value:
        if first == second:
            return first
        one, other = self.load(first), self.load(second)
        if isinstance(one, InstanceValue) or isinstance(other, InstanceValue):
            return second if first == NOTHING else first
        value = joined(self.frozen(one), self.frozen(other), f"{name}(…)")
        return self.allocate(value) if isinstance(value, (ListValue, DictValue)) else value

    def bind(
        self, function: FunctionValue, arguments: Sequence[Segment], keywords: dict[str, Item], frame: Frame
    ) -> None:
        """Give the parameters their values."""
        names = frame.scope.names
        keywords = {**dict(function.keywords), **keywords}
        waiting = [*function.arguments, *arguments]
        if function.instance is not None:
            waiting.insert(0, Item(function.instance))
        taken: set[str] = set()
        for parameter in function.definition.parameters:
            name = parameter.name
            frame.scope.depths[name] = len(self.loops)
            if parameter.kind == "rest":
                names[name] = self.allocate(ListValue(tuple(waiting), "tuple"))
                waiting = []
            elif parameter.kind == "options":
                rest = tuple(pair for pair in keywords.items() if pair[0] not in taken)
                names[name] = self.allocate(DictValue(rest))
            elif name in keywords:
                names[name] = keywords[name].value
                taken.add(name)
            elif waiting and parameter.kind == "plain":
                names[name] = self._next_argument(waiting, name)
            else:
                names[name] = self._default(parameter, function, frame)

    def _next_argument(self, waiting: list[Segment], name: str) -> Value:
        if isinstance(waiting[0], Item):
            first = waiting.pop(0)
            return first.value if isinstance(first, Item) else unknown(name)
        return unknown(name)

    def _default(self, parameter: ir.Parameter, function: FunctionValue, frame: Frame) -> Value:
        if parameter.default is None:
            return unknown(parameter.name)
        self.frames.append(Frame(function.scope, None, parameter.span, loops=frame.loops))
        try:
            return self.evaluate(parameter.default)
        finally:
            self.frames.pop()

    def instance(self, owner: ClassValue, arguments: Sequence[Segment], keywords: dict[str, Item]) -> Value:
        """An object of a project class, after its `__init__`."""
        reference = self.allocate(InstanceValue(owner, self.preset(owner)))
        constructor = self.class_attribute(owner, "__init__")
        if isinstance(constructor, FunctionValue):
            self.call_function(replace(constructor, instance=reference), arguments, keywords)
            return reference
        fields = classes.fields_of(owner)
        values = dict(self.preset(owner))
        for name, segment in zip(fields, arguments, strict=False):
            if isinstance(segment, Item):
                values[name] = segment.value
        values.update({name: item.value for name, item in keywords.items()})
        self.write(reference.address, InstanceValue(owner, tuple(values.items())))
        return reference

    def preset(self, owner: ClassValue) -> tuple[tuple[str, Value], ...]:
        """What the platform's own bases set on an object."""
        if self.is_platform_class(owner) is None:
            return ()
        return (("env", EnvValue()), ("ctx", unknown("self.ctx")))

    def is_platform_class(self, owner: ClassValue) -> str | None:
        """The platform class that it extends, directly or through project classes."""
        for base in owner.bases:
            if isinstance(base, External) and (last := base.name.rpartition(".")[2]) in PLATFORM_CLASSES:
                return last
            if isinstance(base, ClassValue) and (inherited := self.is_platform_class(base)):
                return inherited
        return None


def _at_every_end(frame: Frame) -> dict[str, int]:
    """The bounds that hold after a call: those of every path that does not raise."""
    first, *others = frame.guards or [{}]
    return {
        key: max(limit, *(other[key] for other in others)) if others else limit
        for key, limit in first.items()
        if all(key in other for other in others)
    }


PLATFORM_CLASSES = {"WorkerEntrypoint", "DurableObject", "WorkflowEntrypoint"}
_LOGS = {"info", "debug", "warning", "warn", "error", "exception", "critical", "log"}

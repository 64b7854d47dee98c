"""What expressions stand for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from diagnose.project.source import forgetting, ir, lengths, texts
from diagnose.project.source.counts import Exactly, filtered
from diagnose.project.source.joining import any_function, joined
from diagnose.project.source.operators import Operators
from diagnose.project.source.scopes import Scope
from diagnose.project.source.values import (
    NOTHING,
    Binding,
    ClassValue,
    Constant,
    Data,
    DictValue,
    EnvValue,
    External,
    FunctionValue,
    InstanceValue,
    Item,
    Length,
    ListValue,
    Many,
    Member,
    ModuleValue,
    Pending,
    QueryResult,
    Size,
    Super,
    Tally,
    parts_of,
    text_of,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from diagnose.project.source.values import Segment, Value

_LARGEST_COPIES = 100_000
_LARGEST_TEXTS = 100
_TEXTUAL = (ir.Name, ir.Attribute, ir.Template, ir.Binary)


class Expressions(Operators):
    """Evaluates expressions; calls are evaluated by the subclass."""

    def evaluate(self, node: ir.Expression) -> Value:
        """What an expression stands for."""
        method = self._EVALUATIONS.get(type(node))
        return method(self, node) if method else self._inside(node)

    def item(self, node: ir.Expression) -> Item:
        """An element with its source."""
        return Item(self.evaluate(node), node.source, node.span)

    def _inside(self, node: ir.Expression) -> Value:
        for child in ir.children(node):
            if isinstance(child, ir.Expression):
                self.evaluate(child)
        return unknown(node.source)

    def _literal(self, node: ir.Literal) -> Value:
        return Constant(node.value, node.span)

    def _name(self, node: ir.Name) -> Value:
        value = self.scope.find(node.name)
        return External(node.name) if value is None else value

    def _template(self, node: ir.Template) -> Value:
        items = [part if isinstance(part, str) else self.item(part) for part in node.parts]
        parts = tuple(
            piece
            for item in items
            for piece in (
                parts_of(Constant(item), "") if isinstance(item, str) else parts_of(item.value, item.source)
            )
        )
        numbers = tuple(
            item for item in items if isinstance(item, Item) and isinstance(item.value, (Tally, Length))
        )
        return text_of(parts, node.span, numbers)

    def _sequence(self, node: ir.Sequence) -> Value:
        segments: list[Segment] = []
        for item in node.items:
            if isinstance(item, ir.Star):
                segments.extend(self.spread(item.value))
            else:
                segments.append(self.item(item))
        return self.allocate(ListValue(tuple(segments), node.kind, node.span))

    def _mapping(self, node: ir.Mapping) -> Value:
        entries: list[tuple[str, Item]] = []
        complete = True
        for key, value in node.pairs:
            item = self.item(value)
            name = self.evaluate(key) if key is not None else None
            if isinstance(name, Constant) and isinstance(name.value, str):
                entries.append((name.value, item))
            elif key is None and isinstance(inner := self.load(item.value), DictValue):
                entries.extend(inner.entries)
                complete = complete and inner.complete
            else:
                complete = False
        return self.allocate(DictValue(tuple(entries), complete))

    def _binary(self, node: ir.Binary) -> Value:
        left, right = self.evaluate(node.left), self.evaluate(node.right)
        return self.combined(node.operator, left, right, (node.left.source, node.right.source), node)

    def _unary(self, node: ir.Unary) -> Value:
        value = self.evaluate(node.operand)
        if node.operator == "-" and isinstance(value, Constant) and isinstance(value.value, (int, float)):
            return Constant(-value.value, node.span)
        return unknown(node.source)

    def _logical(self, node: ir.Logical) -> Value:
        left = self.evaluate(node.left)
        before = self.guarded_names
        self.guarded_names = before | self.bindings_in(node.left)
        right = self.evaluate(node.right)
        self.guarded_names = before
        if node.operator == "and":
            return right
        if isinstance(left, Constant) and left.value:
            return left
        return joined(self.frozen(left), self.frozen(right), node.source)

    def _comparison(self, node: ir.Comparison) -> Value:
        for operand in node.operands:
            value = self.evaluate(operand)
            if isinstance(operand, ir.Call) and not {"is", "is not"} & set(node.operators):
                self.answered(value)
        return unknown(node.source)

    def _conditional(self, node: ir.Conditional) -> Value:
        self.evaluate(node.test)
        before = self.guarded_names
        self.guarded_names = before | self.bindings_in(node.test)
        then, otherwise = self.evaluate(node.then), self.evaluate(node.otherwise)
        self.guarded_names = before
        return joined(self.frozen(then), self.frozen(otherwise), node.source)

    def bindings_in(self, *nodes: ir.Node) -> frozenset[str]:
        """The bindings whose presence a test asks about."""
        names: set[str] = set()
        for node in ir.walk(*nodes):
            if isinstance(node, ir.Literal) and isinstance(node.value, str):
                names.add(node.value)
            elif isinstance(node, (ir.Attribute, ir.Name)):
                value = self.evaluate(node)
                if isinstance(value, Binding):
                    names.add(value.name)
        return frozenset(names)

    def _comprehension(self, node: ir.Comprehension) -> Value:
        kept = dict(self.scope.names)
        segments = self._clauses(node, 0)
        self.scope.names.clear()
        self.scope.names.update(kept)
        kind = "dict" if node.key is not None else "list"
        return self.allocate(ListValue(segments, kind, node.span))

    def _clauses(self, node: ir.Comprehension, position: int) -> tuple[Segment, ...]:
        if position == len(node.clauses):
            if node.key is not None:
                self.evaluate(node.key)
            return (self.item(node.element),)
        clause = node.clauses[position]
        written_out = self._written_out(node, clause)
        if written_out is not None:
            return written_out
        loop = self.begin(clause.target, clause.iterable, node.span)
        if clause.conditions:
            loop = replace(loop, size=Size(filtered(loop.size.count), f"{loop.size.key} if …"))
        with self.looping(loop):
            for condition in clause.conditions:
                self.evaluate(condition)
            inner = self._clauses(node, position + 1)
        if loop.size.count == Exactly(0):
            return ()
        if isinstance(loop.size.count, Exactly) and loop.size.count.n <= _LARGEST_COPIES and _same(inner):
            return inner * loop.size.count.n
        return (Many(inner, loop.size, loop.head),)

    def _written_out(self, node: ir.Comprehension, clause: ir.Clause) -> tuple[Segment, ...] | None:
        """A text for each element of a list that is known, such as `f"{name} = ?" for name in COLUMNS`."""
        if clause is not node.clauses[-1] or clause.conditions or node.key is not None:
            return None
        if not _is_plain(clause.iterable) or not isinstance(node.element, _TEXTUAL):
            return None
        known = self.elements(self.evaluate(clause.iterable), clause.iterable.source)
        if not 0 < len(known) <= _LARGEST_TEXTS or not all(isinstance(one, Item) for one in known):
            return None
        found: list[Segment] = []
        for one in known:
            self.assign(clause.target, one.value if isinstance(one, Item) else NOTHING)
            item = self.item(node.element)
            if not texts.is_text(item.value):
                return None
            found.append(item)
        return tuple(found)

    def _attribute(self, node: ir.Attribute) -> Value:
        return self.attribute(self.evaluate(node.value), node.name, node)

    def attribute(self, owner: Value, name: str, node: ir.Expression) -> Value:  # noqa: PLR0911 - one return for each case
        """`owner.name`."""
        content = self.load(owner)
        match content:
            case EnvValue():
                return self.binding(name, node.span)
            case ModuleValue(scope):
                return scope.names.get(name) or unknown(node.source)
            case External(module):
                return External(f"{module}.{name}")
            case InstanceValue():
                return self.instance_attribute(owner, content, name, node)
            case ClassValue():
                found = self.class_attribute(content, name)
                return _bound_to_class(found, content) if found is not None else Member(owner, name)
            case Super(instance, defining):
                found = self.class_attribute(replace(defining, scope=Scope(defining.scope.module)), name)
                return (
                    replace(found, instance=instance)
                    if isinstance(found, FunctionValue)
                    else unknown(node.source)
                )
            case QueryResult(rows):
                return self.result_member(content, name, node) or rows.member(node.source)
            case DictValue() if (item := content.get(name)) is not None:
                return item.value
            case Data():
                return self.part(content, name, node)
            case Pending(value, by="binding" | "function") if name in forgetting.OF_AN_ANSWER:
                forgetting.note(content, self.frame, self.function_name, self.records)
                return self.attribute(value, name, node)
            case _:
                return Member(owner, name)

    def part(self, data: Data, name: str, node: ir.Expression, *, optional: bool = False) -> Data:  # noqa: ARG002 - for the subclass
        """A named part of data; of a message's body it is written down."""
        return data.part(name, node.source)

    def result_member(self, result: QueryResult, name: str, node: ir.Expression) -> Value | None:
        """A member of what D1 answers."""
        if name == "results":
            return result.rows
        if name in {"meta", "to_py"}:
            return result
        return Tally(from_changes=True, span=node.span) if name == "changes" else None

    def instance_attribute(
        self, owner: Value, content: InstanceValue, name: str, node: ir.Expression
    ) -> Value:
        """An attribute of an object, else a method of its class."""
        for key, value in content.attributes:
            if key == name:
                return value
        found = self.class_attribute(content.owner, name)
        if not isinstance(found, FunctionValue) or not isinstance(found.definition, ir.FunctionDef):
            return unknown(node.source) if found is None else found
        decorators = {decorator.source.split(".")[-1] for decorator in found.definition.decorators}
        if decorators & {"property", "cached_property"}:
            return self.call_function(replace(found, instance=owner), (), {})
        if "classmethod" in decorators:
            return replace(found, instance=content.owner)
        return found if "staticmethod" in decorators else replace(found, instance=owner)

    def class_attribute(self, owner: ClassValue, name: str) -> Value | None:
        """A name of a class or of its project bases."""
        if name in owner.scope.names:
            return owner.scope.names[name]
        for base in owner.bases:
            if isinstance(base, ClassValue) and (found := self.class_attribute(base, name)) is not None:
                return found
        return None

    def binding(self, name: str, span: ir.Span) -> Value:
        """A read of `env`; the subclass writes it down."""
        return Binding(name, span)

    def _subscript(self, node: ir.Subscript) -> Value:
        value = self.evaluate(node.value)
        if isinstance(node.index, ir.Slice):
            lower = self.evaluate(node.index.lower) if node.index.lower else None
            upper = self.evaluate(node.index.upper) if node.index.upper else None
            cut = lengths.sliced(self.frozen(value), lower, upper, node.source, node.value.source)
            return self.allocate(cut) if isinstance(cut, ListValue) else cut
        return self.subscript(value, self.evaluate(node.index), node)

    def subscript(self, value: Value, index: Value, node: ir.Expression) -> Value:  # noqa: PLR0911 - one return for each case
        """`value[index]`."""
        content = self.load(value)
        key = index.value if isinstance(index, Constant) else None
        match content:
            case EnvValue() if isinstance(key, str):
                return self.binding(key, node.span)
            case QueryResult() if isinstance(key, str):
                return self.attribute(content, key, node)
            case DictValue() if isinstance(key, str) and (item := content.get(key)) is not None:
                return item.value
            case DictValue() if key is None and (function := any_function(content)) is not None:
                return function
            case ListValue(segments):
                return _picked(segments, key, node.source)
            case Data(expression) if key == "env" and expression.endswith(".scope"):
                return EnvValue()
            case Data():
                named = isinstance(key, str)
                return self.part(content, str(key), node) if named else content.element(node.source)
            case _:
                return unknown(node.source)

    def _await(self, node: ir.Await) -> Value:
        value = self.evaluate(node.value)
        return value.value if isinstance(value, Pending) else value

    def _yield(self, node: ir.Yield) -> Value:
        value = self.evaluate(node.value) if node.value else NOTHING
        source = node.value.source if node.value else ""
        segments: tuple[Segment, ...]
        segments = self.elements(value, source) if node.delegates else (Item(self.frozen(value), source),)
        for loop in reversed(self.loops[self.frame.loops :]):
            segments = (Many(segments, loop.size, loop.head),)
        self.frame.yields.extend(segments)
        return unknown(node.source)

    def _lambda(self, node: ir.Lambda) -> Value:
        return FunctionValue(node, self.scope, f"{self.function_name}.<lambda>")

    def _walrus(self, node: ir.Walrus) -> Value:
        value = self.evaluate(node.value)
        self.assign(node.target, value)
        return value

    def _star(self, node: ir.Star) -> Value:
        return self.evaluate(node.value)

    _EVALUATIONS: ClassVar[dict[type[ir.Expression], Callable[[Any, Any], Value]]] = {
        ir.Literal: _literal,
        ir.Name: _name,
        ir.Template: _template,
        ir.Sequence: _sequence,
        ir.Mapping: _mapping,
        ir.Binary: _binary,
        ir.Unary: _unary,
        ir.Logical: _logical,
        ir.Comparison: _comparison,
        ir.Conditional: _conditional,
        ir.Comprehension: _comprehension,
        ir.Attribute: _attribute,
        ir.Subscript: _subscript,
        ir.Await: _await,
        ir.Yield: _yield,
        ir.Lambda: _lambda,
        ir.Walrus: _walrus,
        ir.Star: _star,
        ir.Call: lambda machine, node: machine.call(node),
    }


def _is_plain(node: ir.Expression) -> bool:
    """Evaluating it a second time has no effect: a name, an attribute of one, `fields(Row)`."""
    match node:
        case ir.Name() | ir.Attribute(value=ir.Name()):
            return True
        case ir.Call(function=function, arguments=(ir.Name(),)):
            return function.source.rpartition(".")[2] == "fields"
        case _:
            return False


def _bound_to_class(found: Value, owner: ClassValue) -> Value:
    """A class method is called with the class itself."""
    if isinstance(found, FunctionValue) and isinstance(found.definition, ir.FunctionDef):
        decorators = {decorator.source for decorator in found.definition.decorators}
        return replace(found, instance=owner) if "classmethod" in decorators else found
    return found


def _same(segments: tuple[Segment, ...]) -> bool:
    return all(isinstance(segment, Item) and isinstance(segment.value, Constant) for segment in segments)


def _picked(segments: Sequence[Segment], key: object, source: str) -> Value:
    known = all(isinstance(segment, Item) for segment in segments)
    if known and isinstance(key, int) and -len(segments) <= key < len(segments):
        segment = segments[key]
        return segment.value if isinstance(segment, Item) else unknown(source)
    return lengths.iterated(ListValue(tuple(segments)), source, source).element

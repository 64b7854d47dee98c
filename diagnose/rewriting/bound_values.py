"""What is passed to `bind()`, as far as the source shows that it is no value of D1's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.python import lower
from diagnose.rewriting.bound_kinds import is_dataclass, is_none, key_got, kind_of, made_of
from diagnose.rewriting.handed_values import calls_of_helper, handed_on
from diagnose.rewriting.leading import bind_call, call_at
from diagnose.rewriting.outcome import NotUnderstood
from diagnose.rewriting.outline import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diagnose.project.source.model import Source, StatementSite
    from diagnose.rewriting.bound_kinds import Kind
    from diagnose.rewriting.outline import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundValue:
    """One argument, bound here or handed to be bound, that is or may be of a type that D1 does not take.

    Attributes:
        node: the argument itself.
        made: what it is, with a local variable replaced by what it is set to.
        field: the key of a `get`, or None.
    """

    node: ir.Expression
    made: ir.Expression
    kind: Kind
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundCall:
    """A call of `bind()`, or of a function that only binds what it is given, with such arguments.

    Attributes:
        site: one of the statements that are bound there.
        span: of the arguments of the call.
        function: in which it is called, such as `Default.fetch`.
        fields: every key that its arguments read from the same collections.
    """

    site: StatementSite
    span: ir.Span
    function: str
    values: tuple[BoundValue, ...]
    fields: frozenset[str]


def bound_calls(source: Source) -> tuple[BoundCall, ...]:
    """The calls with arguments that D1 may refuse, in the order of the statements."""
    found: dict[ir.Span, BoundCall] = {}
    modules: dict[str, Place] = {}
    for site in source.sites:
        for call in _calls_for(site, source, modules, found):
            found[call.span] = call
    return tuple(call for call in found.values() if call.values)


def _calls_for(
    site: StatementSite, source: Source, modules: dict[str, Place], known: Iterable[ir.Span]
) -> Iterator[BoundCall]:
    """The call of `bind()` for a statement, and those of the function which only binds what it is given."""
    if site.bind_span is None:
        return
    binding = _place(site.bind_span, source, modules)
    try:
        bind = bind_call(binding, site.bind_span)
        if site.bind_span not in known:
            yield _bound_call(site, site.bind_span, bind.arguments, binding, source)
        for span in calls_of_helper(site, binding.function) if binding.function else ():
            calling = _place(span, source, modules)
            call = call_at(calling, span)
            if call.inside not in known:
                given = handed_on(bind, binding, call, calling)
                yield _bound_call(site, call.inside, given, calling, source)
    except NotUnderstood:
        return


def _place(span: ir.Span, source: Source, modules: dict[str, Place]) -> Place:
    """Where a span begins; each module is read once."""
    if span.path not in modules:
        modules[span.path] = place_of(source.text(span.path), span.path, span.start)
    return modules[span.path].at(span.start)


def _bound_call(
    site: StatementSite, span: ir.Span, given: Iterable[ir.Expression], place: Place, source: Source
) -> BoundCall:
    arguments = list(_arguments(given, place))
    values = [value for one in arguments if (value := _value(one, place, source)) is not None]
    fields = frozenset(name for one in arguments if (name := _field(one, place)) is not None)
    return BoundCall(site=site, span=span, function=_function(place), values=tuple(values), fields=fields)


def _function(place: Place) -> str:
    around = (level.statement for level in place.levels)
    names = [one.name for one in around if isinstance(one, (ir.ClassDef, ir.FunctionDef))]
    return ".".join(names) or "<module>"


def _arguments(given: Iterable[ir.Expression], place: Place) -> Iterator[ir.Expression]:
    """The arguments, those of `*[…]` included."""
    for argument in given:
        if not isinstance(argument, ir.Star):
            yield argument
            continue
        yield from _elements(made_of(argument.value, place))
        if isinstance(argument.value, ir.Name):
            for added in _added(argument.value.name, place):
                yield from _elements(added)


def _elements(node: ir.Expression) -> Iterator[ir.Expression]:
    match node:
        case ir.Sequence(items=items):
            yield from (item for item in items if not isinstance(item, ir.Star))
        case ir.Comprehension(key=None, element=element):
            yield element


def _added(name: str, place: Place) -> Iterator[ir.Expression]:
    """What the function adds to a list: `values += […]`, `values.extend([…])`."""
    for node in ir.walk(*place.scope()):
        match node:
            case ir.Augment(operator="+", target=ir.Name(name=target), value=value) if target == name:
                yield value
            case ir.Call(
                function=ir.Attribute(value=ir.Name(name=owner), name="extend"), arguments=(value,)
            ) if owner == name:
                yield value


def _value(node: ir.Expression, place: Place, source: Source) -> BoundValue | None:
    made = made_of(node, place)
    kind = kind_of(made, place)
    if kind is None and is_dataclass(made, place, source):
        kind = "dataclass"
    if kind is None and isinstance(node, ir.Name) and _is_left_out(node.name, place, source):
        kind = "parameter"
    if kind in {"None or else", "get", "parameter"} and _is_tested(node, made, place):
        return None
    return None if kind is None else BoundValue(node=node, made=made, kind=kind, field=key_got(made))


def _field(node: ir.Expression, place: Place) -> str | None:
    """The key that an argument reads."""
    made = made_of(node, place)
    match made:
        case ir.Subscript(index=ir.Literal(value=str(key))):
            return key
        case _:
            return key_got(made)


def _is_tested(node: ir.Expression, made: ir.Expression, place: Place) -> bool:
    """The function asks somewhere whether the value is there."""
    key = key_got(made)
    wanted = [node.source, made.source, *((f'"{key}"', f"'{key}'") if key else ())]
    return any(source in test for test in _tests(place) for source in wanted)


def _tests(place: Place) -> Iterator[str]:
    for node in ir.walk(*place.scope()):
        match node:
            case ir.If(test=test) | ir.While(test=test) | ir.Assert(test=test) | ir.Conditional(test=test):
                yield test.source
            case ir.Clause(conditions=conditions):
                yield from (condition.source for condition in conditions)
            case _:
                pass


def _is_left_out(name: str, place: Place, source: Source) -> bool:
    """It is a parameter with the default None, set nowhere else, and a call of the function leaves it out."""
    function = place.function
    if function is None or len(place.binders(name)) != 1:
        return False
    names = [parameter.name for parameter in function.parameters]
    parameter = next((one for one in function.parameters if one.name == name), None)
    if parameter is None or parameter.default is None or not is_none(parameter.default):
        return False
    position = names.index(name) - (names[0] in {"self", "cls"})
    return any(_leaves_out(call, name, position) for call in _calls(function.name, source))


def _calls(name: str, source: Source) -> Iterator[ir.Call]:
    for module in source.modules:
        for node in ir.walk(*lower(module.text.removeprefix("\ufeff"), module.path)):
            match node:
                case ir.Call(function=ir.Name(name=called) | ir.Attribute(name=called)) if called == name:
                    yield node
                case _:
                    pass


def _leaves_out(call: ir.Call, name: str, position: int) -> bool:
    keywords = {keyword.name for keyword in call.keywords}
    spread = any(isinstance(argument, ir.Star) for argument in call.arguments) or None in keywords
    return not spread and name not in keywords and len(call.arguments) <= position

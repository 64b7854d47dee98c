"""Where the platform enters a worker: entrypoint classes, global handlers, routes of a web framework."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.counts import FromCaller
from diagnose.project.source.model import Handler
from diagnose.project.source.values import (
    ClassValue,
    Data,
    EnvValue,
    FunctionValue,
    Item,
    Received,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.source.model import HandlerKind
    from diagnose.project.source.scopes import Scope
    from diagnose.project.source.statements import Statements
    from diagnose.project.source.values import (
        Value,
    )

_KINDS: dict[str, HandlerKind] = {
    "fetch": "fetch",
    "scheduled": "scheduled",
    "queue": "queue",
    "email": "email",
    "tail": "tail",
    "alarm": "alarm",
    "run": "workflow",
}
_OF_CLASS = {
    "WorkerEntrypoint": {"fetch", "scheduled", "queue", "email", "tail"},
    "DurableObject": {"fetch", "alarm"},
    "WorkflowEntrypoint": {"run"},
}
_CONVERTED = re.compile(
    r"(?:typing\.)?Literal\[.*\]|(?:Optional\[)?(?:int|float|bool|date|datetime|UUID)(?:\]|\s*\|\s*None)?",
    re.DOTALL,
)
"""Annotations for which a web framework refuses any other text."""
_ROUTES = {"get", "post", "put", "patch", "delete", "route", "api_route", "head", "options"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A function that the platform, or a framework on its behalf, calls.

    Attributes:
        handler: None for a route of a web framework.
        route: its method and path, or None.
        owner: the entrypoint class of a method, or None.
    """

    function: FunctionValue
    kind: HandlerKind
    handler: Handler | None = None
    route: tuple[str | None, str] | None = None
    owner: ClassValue | None = None


def entries(machine: Statements, scope: Scope) -> Iterator[Entry]:
    """The entries of the entry module, in the order of their definition."""
    for value in scope.names.values():
        if isinstance(value, ClassValue):
            yield from _of_class(machine, value)
        elif isinstance(value, FunctionValue) and isinstance(value.definition, ir.FunctionDef):
            yield from _of_module(value, value.definition)


def routes(machine: Statements) -> Iterator[Entry]:
    """Functions that a web framework calls: `@app.post("/import")`."""
    for scope in tuple(machine.scopes.values()):
        for value in scope.names.values():
            if isinstance(value, FunctionValue) and isinstance(value.definition, ir.FunctionDef):
                for decorator in value.definition.decorators:
                    if (route := _route(decorator)) is not None:
                        yield Entry(value, "fetch", route=route)


def _route(decorator: ir.Expression) -> tuple[str | None, str] | None:
    if not isinstance(decorator, ir.Call) or not isinstance(decorator.function, ir.Attribute):
        return None
    first = decorator.arguments[0] if decorator.arguments else None
    if (
        decorator.function.name not in _ROUTES
        or not isinstance(first, ir.Literal)
        or not isinstance(first.value, str)
    ):
        return None
    method = decorator.function.name.upper()
    return (None if method in {"ROUTE", "API_ROUTE"} else method), first.value


def _of_class(machine: Statements, owner: ClassValue) -> Iterator[Entry]:
    base = machine.is_platform_class(owner)
    if base is None:
        return
    for name in _methods(owner):
        function = machine.class_attribute(owner, name)
        if not isinstance(function, FunctionValue) or not isinstance(function.definition, ir.FunctionDef):
            continue
        if name.startswith("_") or name == "env":
            continue
        kind = _KINDS[name] if name in _OF_CLASS[base] else "rpc"
        parameters = tuple(one.name for one in function.definition.parameters[1:])
        handler = Handler(
            kind=kind,
            style="class",
            class_name=owner.definition.name,
            name=name,
            parameters=parameters,
            location=function.definition.head.location,
        )
        yield Entry(function, kind, handler, owner=owner)


def _methods(owner: ClassValue) -> list[str]:
    names = dict.fromkeys(
        statement.name for statement in owner.definition.body if isinstance(statement, ir.FunctionDef)
    )
    for base in owner.bases:
        if isinstance(base, ClassValue):
            names.update(dict.fromkeys(_methods(base)))
    return list(names)


def _of_module(function: FunctionValue, definition: ir.FunctionDef) -> Iterator[Entry]:
    decorated = any(one.source.rpartition(".")[2] == "handler" for one in definition.decorators)
    kind = _KINDS.get(definition.name.removeprefix("on_"))
    if kind is None or not definition.name.startswith("on_"):
        return
    handler = Handler(
        kind=kind,
        style="decorator" if decorated else "module",
        class_name=None,
        name=definition.name,
        parameters=tuple(one.name for one in definition.parameters),
        location=definition.head.location,
    )
    yield Entry(function, kind, handler)


def arguments(entry: Entry, delivered: int) -> dict[str, Item]:
    """What an entry receives, by parameter name: data of the caller, the environment, a context.

    Args:
        entry: whose parameters are given.
        delivered: messages of a batch at most.
    """
    definition = entry.function.definition
    parameters = definition.parameters[1:] if entry.owner else definition.parameters
    given: dict[str, Item] = {}
    for position, parameter in enumerate(parameters):
        if parameter.kind in {"rest", "options"}:
            continue
        value = _argument(entry, parameter, position, delivered)
        if value is not None:
            given[parameter.name] = Item(value, parameter.name)
    return given


def _argument(entry: Entry, parameter: ir.Parameter, position: int, delivered: int) -> Value | None:
    name = parameter.name
    if name == "env" or (position == 1 and entry.route is None and entry.kind != "rpc"):
        return EnvValue()
    if name in {"ctx", "context"}:
        return unknown(name)
    if entry.route is not None and parameter.default is not None:
        return None
    if entry.kind == "scheduled":
        return unknown(name)
    count = FromCaller(name)
    batch = Received("batch", most=delivered) if entry.kind == "queue" and position == 0 else None
    converted = _CONVERTED.fullmatch(parameter.annotation or "") is not None
    return Data(name, count, count, batch, vetted=converted)


def depends_on(parameter: ir.Parameter) -> ir.Expression | None:
    """The function in `parameter = Depends(function)`."""
    default = parameter.default
    if isinstance(default, ir.Call) and default.function.source.rpartition(".")[2] == "Depends":
        return default.arguments[0] if default.arguments else None
    return None

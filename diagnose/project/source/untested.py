"""Whether anybody tests what a function answers, or it only gets added up, shown and passed on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.project.source import forgetting, ir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diagnose.project.source.machine import Frame

_RESPONSE = re.compile(r"Response|^[A-Z]\w*\.(?:json|new)$")
"""Responses, under another name, too: `Answer.json(…)`."""


def is_untested(frames: Sequence[Frame]) -> bool:
    """No caller, up to the platform, tests what the innermost function answers.

    A value that goes where it cannot be followed counts as tested.
    """
    for position in range(len(frames) - 1, 0, -1):
        frame, outer = frames[position], frames[position - 1].definition
        if frame.entry:
            return True
        if frame.call is None or not isinstance(outer, ir.FunctionDef):
            return False
        passed_on = _passed_on(frame.call, outer)
        if passed_on is not None:
            return not passed_on
    return True


def _passed_on(call: ir.Span, caller: ir.FunctionDef) -> bool | None:
    """Whether the caller may test the value; None when it answers it to its own caller."""
    for statement in ir.statements(caller.body):
        match statement:
            case ir.Return(value=value) if _is_call(value, call):
                return None
            case ir.ExpressionStatement(value=value) if _is_call(value, call):
                return False
            case ir.Assign(targets=(ir.Name(name=name),), value=value) if _is_call(value, call):
                return use_of(name, caller)
            case ir.Augment(operator="+", target=ir.Name(name=name), value=value) if _is_call(value, call):
                return use_of(name, caller)
    return True


def _is_call(value: ir.Expression | None, call: ir.Span) -> bool:
    inner = value.value if isinstance(value, ir.Await) else value
    return inner is not None and inner.span == call


def use_of(name: str, caller: ir.FunctionDef, *, told: bool = True) -> bool | None:
    """The same for a local variable; `told`: a number in a response is not looked at, either."""
    nodes = list(ir.walk(*caller.body))
    answered = any(isinstance(node, ir.Return) and _is_name(node.value, name) for node in nodes)
    harmless = {id(one) for node in nodes for one in _harmless(node, told=told)}
    uses = (node for node in nodes if _is_name(node, name))
    if any(id(node) not in harmless for node in uses):
        return True
    return None if answered else False


def _is_name(node: ir.Node | None, name: str) -> bool:
    return isinstance(node, ir.Name) and node.name == name


def _harmless(node: ir.Node, *, told: bool) -> tuple[object, ...]:
    """What is filled, returned, logged, or told in a response as it is."""
    match node:
        case ir.Assign(targets=targets):
            return targets
        case ir.Augment(target=target):
            return (target,)
        case ir.Return(value=value) if value is not None:
            return (value,)
        case ir.Call(function=function, arguments=arguments) if told and _RESPONSE.search(function.source):
            pairs = [pair for one in arguments if isinstance(one, ir.Mapping) for pair in one.pairs]
            return (*arguments, *(value for _, value in pairs))
        case _:
            return forgetting.shown_in(node)

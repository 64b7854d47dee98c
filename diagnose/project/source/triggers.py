"""Requests that the fetch handler tells apart, from its comparisons of method and path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.model import TriggerHint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PATHS = {"path", "pathname", "url", "route", "endpoint"}
_METHODS = {"method", "verb", "http_method"}
_VERBS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}


def hints(functions: Iterable[ir.FunctionDef]) -> tuple[TriggerHint, ...]:
    """One hint for each method and path, in the order of the source.

    Where no path is told apart, the first method that is asked for stands with the path `/`.
    """
    found: dict[tuple[str | None, str], TriggerHint] = {}
    methods: list[TriggerHint] = []
    for function in functions:
        for hint in _in_block(function.body, None):
            found.setdefault((hint.method, hint.path), hint)
        methods.extend(_without_path(function.body))
    return tuple(found.values()) or tuple(methods[:1])


def _without_path(block: ir.Block) -> Iterator[TriggerHint]:
    for statement in ir.statements(block):
        if isinstance(statement, ir.If):
            methods, _ = tested(statement.test)
            required = _required(statement.test)
            for method in [required] if required else methods[:1]:
                yield TriggerHint(method=method, path="/", location=statement.span.location)


def _in_block(block: ir.Block, method: str | None) -> Iterator[TriggerHint]:
    for statement in block:
        match statement:
            case ir.If():
                yield from _in_if(statement, method)
            case ir.Match():
                yield from _in_match(statement, method)
            case ir.For() | ir.While() | ir.With():
                yield from _in_block(statement.body, method)
            case ir.Try():
                yield from _in_block((*statement.body, *statement.otherwise), method)
        if isinstance(statement, ir.If) and _ends(statement.body) and (only := _required(statement.test)):
            method = only


def _in_if(statement: ir.If, method: str | None) -> Iterator[TriggerHint]:
    methods, paths = tested(statement.test)
    inner = methods[0] if len(methods) == 1 else method
    for path in paths:
        yield TriggerHint(method=inner, path=path, location=statement.span.location)
    yield from _in_block(statement.body, inner)
    yield from _in_block(statement.otherwise, method)


def _in_match(statement: ir.Match, method: str | None) -> Iterator[TriggerHint]:
    subjects = statement.subject.items if isinstance(statement.subject, ir.Sequence) else (statement.subject,)
    kinds = {_kind(subject) for subject in subjects}
    for case in statement.cases:
        texts = [one.value for one in case.literals if isinstance(one.value, str)]
        methods = [text for text in texts if text in _VERBS] if "method" in kinds else []
        inner = methods[0] if len(methods) == 1 else method
        for path in (text for text in texts if "path" in kinds and text not in _VERBS):
            yield TriggerHint(method=inner, path=_rooted(path), location=case.span.location)
        yield from _in_block(case.body, inner)


def tested(test: ir.Expression) -> tuple[list[str], list[str]]:
    """The methods and paths that a test compares with, each once."""
    methods: dict[str, None] = {}
    paths: dict[str, None] = {}
    for node in ir.walk(test):
        for kind, text in _compared(node):
            if kind == "method" and text.upper() in _VERBS:
                methods[text.upper()] = None
            elif kind == "path" and text:
                paths[_rooted(text)] = None
    return list(methods), list(paths)


def _compared(node: ir.Node) -> Iterator[tuple[str, str]]:
    match node:
        case ir.Comparison(operands=(left, right), operators=(sign,)) if sign in {"==", "in"}:
            for subject, other in ((left, right), (right, left)):
                kind = _kind(subject)
                if kind:
                    yield from ((kind, text) for text in _texts(other))
        case ir.Call(
            function=ir.Attribute(value=subject, name="endswith" | "startswith"), arguments=(other,)
        ):
            if _kind(subject) == "path":
                yield from (("path", text) for text in _texts(other))


def _texts(node: ir.Expression) -> Iterator[str]:
    items = node.items if isinstance(node, ir.Sequence) else (node,)
    return (one.value for one in items if isinstance(one, ir.Literal) and isinstance(one.value, str))


def _kind(node: ir.Expression) -> str | None:
    match node:
        case ir.Name(name=name) | ir.Attribute(name=name):
            lowered = name.lower()
        case ir.Call(
            function=ir.Attribute(value=inner, name="rstrip" | "strip" | "lower" | "upper" | "lstrip")
        ):
            return _kind(inner)
        case ir.Call(function=ir.Name(name="str"), arguments=(inner,)):
            return _kind(inner)
        case _:
            return None
    if lowered in _METHODS:
        return "method"
    return "path" if lowered in _PATHS or lowered.endswith("path") else None


def _rooted(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"


def _required(test: ir.Expression) -> str | None:
    """The one method that gets past `if method != "POST": return …`."""
    match test:
        case ir.Comparison(operands=(left, ir.Literal(value=str() as text)), operators=("!=",)):
            return text.upper() if _kind(left) == "method" and text.upper() in _VERBS else None
        case _:
            return None


def _ends(block: ir.Block) -> bool:
    return bool(block) and isinstance(block[-1], (ir.Return, ir.Raise))

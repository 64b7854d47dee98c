"""How the platform enters a Python worker: which handlers it accepts, and edits that make them acceptable."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.project.source import ir
from diagnose.project.source.editing import Edit, apply_edits, parses, with_imports
from diagnose.project.source.python import lower

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.project.python_dates import PythonRuntime
    from diagnose.project.source.model import Handler, Source

_DEFAULT: Final = "Default"  # the class that the platform enters unless another is asked for by name
_WRAPPED_KINDS: Final = ("fetch", "scheduled", "queue")
_EVENT: Final = {"fetch": "request", "scheduled": "controller", "queue": "batch"}
_BINDINGS: Final = ("self.env", "self.ctx")
_OWN: Final = {"env": "self.env", "ctx": "self.ctx"}
_SDK_IMPORT: Final = re.compile(r"^\s*(?:from|import)\s+workers\b", re.MULTILINE)
_CONVERSIONS: Final = ("to_py(", "to_js(", "jsnull")


@dataclass(frozen=True, slots=True)
class LostParameter:
    """A parameter of a class handler that is None although the handler reads it.

    Attributes:
        reads: where, in the order of the source.
    """

    handler: Handler
    parameter: str
    reads: tuple[ir.Span, ...]


@dataclass(frozen=True, slots=True)
class RefusedMethod:
    """A method that is not called, since the class is asked for the name `asked`."""

    handler: Handler
    asked: str


def imports_sdk(source: Source) -> bool:
    """Whether a module of the worker imports `workers`."""
    return any(_SDK_IMPORT.search(module.text) for module in source.modules)


def refused_globals(source: Source, runtime: PythonRuntime) -> tuple[Handler, ...]:
    """Module-level handlers that the runtime does not call, for kinds without a handler in a class."""
    if not runtime.classes_only:
        return ()
    in_class = {handler.kind for handler in source.handlers if handler.class_name == _DEFAULT}
    return tuple(
        handler for handler in source.handlers if handler.style != "class" and handler.kind not in in_class
    )


def refused_methods(source: Source, runtime: PythonRuntime) -> tuple[RefusedMethod, ...]:
    """Methods of the default class that are handlers by their names, but not by those that are asked for.

    Where module-level handlers are called, a class is asked for `on_fetch`, yet for `scheduled` and `queue`;
    afterwards for none with `on_`.
    """
    methods = [handler for handler in source.handlers if handler.class_name == _DEFAULT]
    names = {method.name for method in methods}
    found = []
    for method in methods:
        kind = method.name.removeprefix("on_")
        asked = "on_fetch" if kind == "fetch" and not runtime.classes_only else kind
        if kind in _WRAPPED_KINDS and method.name != asked and asked not in names:
            found.append(RefusedMethod(method, asked))
    return tuple(found)


def with_renamed_methods(source: Source, methods: Sequence[RefusedMethod]) -> str | None:
    """The entry module with methods renamed, or None where one is called by its name as well."""
    text = source.text(source.main)
    block = lower(text, source.main)
    edits = []
    for method in methods:
        function = _function(block, method.handler)
        name = method.handler.name
        called = any(isinstance(node, ir.Attribute) and node.name == name for node in ir.walk(*block))
        if function is None or called:
            return None
        start = text.removeprefix("\ufeff").index(name, function.head.start)
        edits.append(Edit(start, start + len(name), method.asked))
    renamed = apply_edits(text, edits)
    return renamed if parses(renamed) else None


def lost_parameters(source: Source) -> tuple[LostParameter, ...]:
    """`env` and `ctx` of class handlers, where they are read: the platform passes the event alone."""
    return tuple(
        LostParameter(handler, name, reads)
        for handler in source.handlers
        if handler.style == "class" and handler.kind in _WRAPPED_KINDS
        for name in handler.parameters[1:]
        if name in _OWN and (reads := _reads(source, handler, name))
    )


def with_own_bindings(source: Source, path: str) -> str | None:
    """A module whose class handlers read `self.env` and `self.ctx`, or None where that cannot be edited."""
    edits = {
        Edit.of(read, _OWN[lost.parameter])
        for lost in lost_parameters(source)
        for read in lost.reads
        if read.path == path
    }
    text = apply_edits(source.text(path), edits)
    return text if parses(text) else None


def with_class(source: Source, runtime: PythonRuntime) -> str | None:
    """The entry module with a class `Default` that passes events on to the module-level handlers.

    The handlers themselves stay as they are. None where that would change what they receive: at a date
    whose SDK converts values, code that converts them itself would get them twice converted.
    """
    text = source.text(source.main)
    handlers = refused_globals(source, runtime)
    block = lower(text, source.main)
    functions = {each.name: each for each in block if isinstance(each, ir.FunctionDef)}
    if not _can_wrap(source, runtime, handlers, functions) or _defines_default(block):
        return None
    methods = [_method(handler, functions[handler.name]) for handler in handlers]
    edits = [edit for handler in handlers if (edit := _undecorated(handler, functions[handler.name]))]
    edited = with_imports(apply_edits(text, edits), ["from workers import WorkerEntrypoint"])
    line_break = "\r\n" if "\r\n" in text else "\n"
    lines = [f"class {_DEFAULT}(WorkerEntrypoint):", *_separated(methods)]
    added = edited.rstrip() + line_break * 3 + line_break.join(lines) + line_break
    return added if parses(added) else None


def _can_wrap(
    source: Source, runtime: PythonRuntime, handlers: Sequence[Handler], functions: dict[str, ir.FunctionDef]
) -> bool:
    converts = any(word in module.text for module in source.modules for word in _CONVERSIONS)
    return bool(handlers) and all(
        handler.kind in _WRAPPED_KINDS
        and handler.name in functions
        and len(functions[handler.name].parameters) <= 1 + len(_BINDINGS)
        and all(parameter.kind == "plain" for parameter in functions[handler.name].parameters)
        and len(functions[handler.name].decorators) == (handler.style == "decorator")
        and (handler.style == "decorator" or not runtime.wraps or not converts)
        for handler in handlers
    )


def _method(handler: Handler, function: ir.FunctionDef) -> list[str]:
    """The method that passes an event on. An undecorated handler gets the raw request that it got before."""
    event = _EVENT[handler.kind]
    raw = handler.kind == "fetch" and handler.style == "module"
    arguments = (f"{event}.js_object" if raw else event, *_BINDINGS)[: len(function.parameters)]
    call = f"{'await ' if function.is_async else ''}{function.name}({', '.join(arguments)})"
    return [f"    async def {handler.kind}(self, {event}):", f"        return {call}"]


def _separated(methods: Sequence[list[str]]) -> Iterator[str]:
    for number, lines in enumerate(methods):
        if number:
            yield ""
        yield from lines


def _undecorated(handler: Handler, function: ir.FunctionDef) -> Edit | None:
    """Without `@handler`, which does for a function what the class does by itself."""
    if handler.style != "decorator":
        return None
    return Edit(function.span.start, function.head.start, "")


def _defines_default(block: ir.Block) -> bool:
    return any(isinstance(each, ir.ClassDef) and each.name == _DEFAULT for each in block)


def _reads(source: Source, handler: Handler, name: str) -> tuple[ir.Span, ...]:
    """The reads of a parameter in a handler; () when it gets a value, or its absence is provided for."""
    path = handler.location.path
    function = _function(lower(source.text(path), path), handler)
    nodes = [] if function is None else [node for each in function.body for node in _visible(each, name)]
    settled = [inside for node in nodes for inside in _settling(node)]
    if any(isinstance(node, ir.Name) and node.name == name for node in settled):
        return ()
    return tuple(node.span for node in nodes if isinstance(node, ir.Name) and node.name == name)


def _visible(node: ir.Node, name: str) -> Iterator[ir.Node]:
    """The nodes in which the name is the handler's own: functions with such a parameter are left out."""
    if isinstance(node, ir.FunctionDef | ir.Lambda) and any(each.name == name for each in node.parameters):
        return
    yield node
    for child in ir.children(node):
        yield from _visible(child, name)


def _settling(node: ir.Node) -> tuple[ir.Node | None, ...]:
    """What a node assigns to, or tests."""
    match node:
        case ir.Assign(targets=several) | ir.Comparison(operands=several):
            return several
        case ir.Augment(target=one) | ir.For(target=one) | ir.Clause(target=one) | ir.Walrus(target=one):
            return (one,)
        case ir.If(test=one) | ir.Conditional(test=one):
            return (one,)
        case ir.With(items=items):
            return tuple(target for _, target in items)
        case ir.Logical(left=left, right=right):
            return left, right
    return ()


def _function(block: ir.Block, handler: Handler) -> ir.FunctionDef | None:
    for node in ir.walk(*block):
        if isinstance(node, ir.FunctionDef) and handler.location in {node.head.location, node.span.location}:
            return node
    return None

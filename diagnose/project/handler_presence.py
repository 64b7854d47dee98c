"""Whether a worker surely has no handler of a kind, or may get one from code that is not read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diagnose.project.source import ir
from diagnose.project.source.python import lower_readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.source.model import HandlerKind, Module, Source

_DEFAULT: Final = "Default"  # the class that the platform enters
_PLATFORM_CLASSES: Final = frozenset({"WorkerEntrypoint", "DurableObject", "WorkflowEntrypoint", "object"})
_PLAIN_EXPORT: Final = re.compile(r"\bexport\s+default\s+(?:\{|class\b)|\bas\s+default\b")


def has_handler(source: Source, kind: HandlerKind) -> bool:
    """Whether some handler is of that kind by its place or its name; SRC008 tells whether it is accepted."""
    return any(kind in {handler.kind, handler.name.removeprefix("on_")} for handler in source.handlers)


def why_unsettled(source: Source, kind: HandlerKind) -> str | None:
    """Why a handler that was not found may be there all the same, or None when it surely is not."""
    if not source.complete:
        return "the source is too large to be read to its end"
    broken = next((module for module in source.modules if module.problems), None)
    if broken is not None:
        return f"{broken.path} cannot be read"
    if source.language != "python":
        return _in_script(source, kind)
    classes = {name for module in source.modules for name in _known_names(module)}
    reasons = (_in_module(source, module, kind, classes) for module in source.modules)
    return next((reason for reason in reasons if reason is not None), None)


def _in_script(source: Source, kind: HandlerKind) -> str | None:
    """TypeScript and JavaScript: no word that could name the handler, and an export that is written out."""
    word = re.compile(rf"\b{kind}\b")
    named = next((module.path for module in source.modules if word.search(module.text)), None)
    if named is not None:
        return f"{named} mentions `{kind}` in a form that is not read"
    entry = source.text(source.main)
    export = _PLAIN_EXPORT.search(entry)
    if export is None or "..." in entry[export.start() :]:
        return f"what {source.main} exports is not written out in it"
    return None


def _in_module(source: Source, module: Module, kind: HandlerKind, classes: set[str]) -> str | None:
    names = {_DEFAULT, f"on_{kind}"}
    for node in ir.walk(*lower_readable(module.text, module.path)):
        reason = None
        match node:
            case ir.ClassDef(name=name):
                reason = _of_class(node, kind, classes | _PLATFORM_CLASSES, entered=name == _DEFAULT)
            case ir.ImportFrom() if module.path == source.main:
                reason = _of_import(source, node, names)
            case ir.Assign(targets=targets, value=value):
                known = isinstance(value, ir.Name) and value.name in classes
                reason = None if known else _of_targets(targets, names, kind)
            case ir.Call(function=ir.Name(name="setattr"), source=text) if f'"{kind}"' in text.replace(
                "'", '"'
            ):
                reason = f"`{text}` sets it"
        if reason is not None:
            return f"{module.path}:{node.span.line}: {reason}"
    return None


def _of_class(
    node: ir.ClassDef, kind: HandlerKind, known: set[str] | frozenset[str], *, entered: bool
) -> str | None:
    """A class that inherits from code that is not read, is decorated, or names a function as its handler."""
    for base in node.bases:
        if base.source.rpartition(".")[2] not in known and entered:
            return f"`{node.name}` inherits from `{base.source}`, which is not read"
    if entered and node.decorators:
        return f"`{node.name}` is decorated with `{node.decorators[0].source}`"
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ir.Assign) else ()
        if any(isinstance(target, ir.Name) and target.name == kind for target in targets):
            return f"`{node.name}.{kind}` is assigned"
    return None


def _of_import(source: Source, node: ir.ImportFrom, names: set[str]) -> str | None:
    """A handler or its class that comes from a package."""
    read = {module.name for module in source.modules}
    own = bool(node.level) or any(name == node.module or name.startswith(f"{node.module}.") for name in read)
    if own:
        return None
    imported = [local for name, local in node.names if local in names or name == "*"]
    return f"`{imported[0]}` comes from `{node.module}`, which is not read" if imported else None


def _of_targets(targets: tuple[ir.Expression, ...], names: set[str], kind: HandlerKind) -> str | None:
    """An assignment that makes a handler: `on_queue = …`, `Default = …`, `Default.queue = …`."""
    for target in targets:
        if isinstance(target, ir.Name) and target.name in names:
            return f"`{target.name}` is assigned"
        if isinstance(target, ir.Attribute) and target.name == kind and isinstance(target.value, ir.Name):
            owner = target.value.name
            return None if owner == "self" else f"`{target.source}` is assigned"
    return None


def _known_names(module: Module) -> Iterator[str]:
    """Its classes, and what it calls the platform's (`import WorkerEntrypoint as Base`)."""
    for node in ir.walk(*lower_readable(module.text, module.path)):
        match node:
            case ir.ClassDef(name=name):
                yield name
            case ir.ImportFrom(names=names):
                yield from (local for name, local in names if name in _PLATFORM_CLASSES)

"""Bindings that the config declares and nothing in the project reads."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from diagnose.errors import ProjectError
from diagnose.project.bindings import OtherBinding
from diagnose.project.files import read_regular, resolve_inside
from diagnose.project.source import ir
from diagnose.project.source.python import lower_readable
from diagnose.project.undeclared import undeclared_bindings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.bindings import Binding, WorkerConfig
    from diagnose.project.source.model import Source

# Not variables and secrets, which libraries read by name; not assets and classes, which the platform uses.
_READ_KINDS: Final = frozenset(
    {"ai", "analytics_engine", "hyperdrive", "kv_namespace", "pipelines", "r2_bucket", "send_email"}
    | {"service", "vectorize"}
)
_SUFFIXES: Final = (".py", ".ts", ".mts", ".tsx", ".js", ".mjs", ".cjs", ".jsx", ".vue", ".svelte")
_GENERATED: Final = ".d.ts"
_FOREIGN: Final = frozenset({"node_modules", "python_modules", "__pycache__", "venv", "dist", "build"})
_MOST_FILES: Final = 2_000
_MOST_BYTES: Final = 1_000_000
_BY_NAME: Final = frozenset({"getattr", "hasattr"})
_DEFINITIONS: Final = (ir.FunctionDef, ir.ClassDef)
_OWNERS: Final = frozenset({"", "self", "cls"})
_WHOLE: Final = frozenset({"to_py", "items", "keys", "values", "object_entries", "object_keys", "__dict__"})


def unused_bindings(root: Path, source: Source, config: WorkerConfig) -> tuple[Binding, ...]:
    """The bindings that the worker does not read and no source file of the project mentions.

    One that the code probably means under another name belongs to CFG003 and is left out.
    """
    read = {use.binding for use in source.binding_uses}
    meant = {undeclared.meant for undeclared in undeclared_bindings(source, config)}
    waiting = [
        one
        for one in config.bindings
        if one.binding not in read | meant and (not isinstance(one, OtherBinding) or one.kind in _READ_KINDS)
    ]
    for text in _texts(root, source) if waiting else ():
        waiting = [one for one in waiting if not re.search(rf"\b{re.escape(one.binding)}\b", text)]
    return tuple(waiting)


def why_unsettled(source: Source) -> str | None:
    """Why a binding may be used although nothing reads it by name, or None when it is not."""
    if source.language != "python":
        return "what a TypeScript or JavaScript worker passes on to libraries is not followed"
    if not source.complete or not source.handlers:
        return "the source was not read to its end" if source.handlers else "no handler was found"
    broken = next((module.path for module in source.modules if module.problems), None)
    if broken is not None:
        return f"{broken} cannot be read"
    blocks = [(module, lower_readable(module.text, module.path)) for module in source.modules]
    own = {module.name.rpartition(".")[2] for module in source.modules}
    own |= {node.name for _, block in blocks for node in ir.walk(*block) if isinstance(node, _DEFINITIONS)}
    for module, block in blocks:
        for node in ir.walk(*block):
            if _escapes(node, own):
                return f"{module.path}:{node.span.line} hands on all of `env`"
    return None


def _escapes(node: ir.Node, own: set[str]) -> bool:
    """Whether a node lets go of the whole `env`, or reads a name from it that only running tells."""
    match node:
        case ir.Call(function=function, arguments=arguments, keywords=keywords):
            given = [*arguments, *(keyword.value for keyword in keywords)]
            return any(map(_is_env, given)) and not _is_followed(function, arguments, own)
        case ir.Attribute(value=value, name=name):
            return _is_env(value) and name in _WHOLE
        case ir.Subscript(value=value, index=index):
            return _is_env(value) and not _is_text(index)
        case ir.For(iterable=iterable) | ir.Clause(iterable=iterable):
            return _is_env(iterable)
        case ir.Sequence() | ir.Mapping() | ir.Star():
            return any(map(_is_env, ir.children(node)))
    return False


def _is_followed(function: ir.Expression, arguments: tuple[ir.Expression, ...], own: set[str]) -> bool:
    """Whether the call is one of the project's own functions, or a read by a name that is written out."""
    owner, _, name = function.source.rpartition(".")
    if name in _BY_NAME and not owner:
        return len(arguments) > 1 and _is_text(arguments[1])
    return function.source == "super().__init__" or (name in own and owner in _OWNERS | own)


def _is_env(node: ir.Node) -> bool:
    return isinstance(node, ir.Name | ir.Attribute) and node.name == "env"


def _is_text(node: ir.Node) -> bool:
    return isinstance(node, ir.Literal) and isinstance(node.value, str)


def _texts(root: Path, source: Source) -> Iterator[str]:
    """The worker's modules, then the other source files of the project."""
    read = {module.path for module in source.modules}
    yield from (module.text for module in source.modules)
    for path in islice(_files(root), _MOST_FILES):
        if path in read:
            continue
        try:
            yield read_regular(resolve_inside(root, path), most_bytes=_MOST_BYTES).decode(errors="replace")
        except (OSError, ProjectError):
            continue  # a bundle, or a link to elsewhere


def _files(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _FOREIGN)
        for name in sorted(files):
            if name.endswith(_SUFFIXES) and not name.endswith(_GENERATED):
                yield Path(folder, name).relative_to(root).as_posix()

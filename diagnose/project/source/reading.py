"""Reads a worker: from the entry module to everything that its handlers do."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from diagnose.errors import SourceError
from diagnose.project.source import acknowledging, deliveries, forgetting, handlers, ir, swallowing, triggers
from diagnose.project.source.machine import Frame
from diagnose.project.source.merging import merged_fetches, merged_sites, merged_uses
from diagnose.project.source.model import DELIVERED, SendSite, Source, StatementSite, TriggerHint
from diagnose.project.source.modules import ModuleLoader
from diagnose.project.source.statements import Statements
from diagnose.project.source.values import (
    ClassValue,
    EnvValue,
    FunctionValue,
    Item,
    Reference,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.model import Location
    from diagnose.project.source.handlers import Entry
    from diagnose.project.source.model import Handler, Language
    from diagnose.project.source.modules import LoadedModule
    from diagnose.project.source.scopes import Scope
    from diagnose.project.source.values import Value

_LANGUAGES: dict[str, Language] = {
    ".py": "python",
    ".ts": "typescript",
    ".mts": "typescript",
    ".tsx": "typescript",
    ".js": "javascript",
    ".mjs": "javascript",
    ".jsx": "javascript",
    ".cjs": "javascript",
}


class UnsupportedLanguageError(SourceError):
    """The entry module is in a language that is not analysed.

    Attributes:
        language: by its suffix, or None for a suffix that is none of a worker.
    """

    def __init__(self, message: str, *, where: str, language: Language | None) -> None:
        super().__init__(message, where=where)
        self.language = language


def read_source(root: Path, main: str, *, base: str = "", delivered: int = DELIVERED) -> Source:
    """Everything that reading the worker's source establishes.

    Args:
        root: the project folder.
        main: the entry module as the config names it, relative to the config's folder.
        base: the config's folder, relative to `root`.
        delivered: messages that one call of a `queue` handler receives at most.

    Raises:
        SourceError: the entry module is missing, outside the project, larger than 2 MB, not UTF-8,
            or its syntax is broken.
        UnsupportedLanguageError: it is not Python.
    """
    path = _entry_path(root, main, base)
    shown = path.relative_to(root).as_posix()
    language = _LANGUAGES.get(path.suffix)
    if language != "python" and path.is_file():
        name = {"typescript": "TypeScript", "javascript": "JavaScript"}.get(language or "", "")
        message = (
            "TypeScript/JavaScript analysis is not available yet" if name else "not a worker's source file"
        )
        raise UnsupportedLanguageError(message, where=shown, language=language)
    loader = ModuleLoader(root, path.parent)
    try:
        entry = loader.entry(path)
        return _Reader(loader, entry, delivered).read()
    except RecursionError as error:
        raise SourceError("the source is nested too deeply to be analysed", where=shown) from error


def _entry_path(root: Path, main: str, base: str) -> Path:
    path = Path(os.path.normpath(root / base / main))
    shown = PurePosixPath(base, main).as_posix()
    outside = SourceError(
        "`main` lies outside the project", where=shown, hint="move it into the project folder"
    )
    if not path.is_relative_to(root):
        raise outside
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            raise outside
    except (OSError, RuntimeError) as error:
        raise SourceError("`main` cannot be resolved", where=shown) from error
    return path


class _Reader:
    """Runs every entry of a worker once, then what no entry reaches."""

    def __init__(self, loader: ModuleLoader, entry: LoadedModule, delivered: int) -> None:
        self.machine = Statements(loader)
        self.entry = entry
        self.delivered = delivered
        self.handlers: list[Handler] = []
        self.hints: list[TriggerHint] = []

    def read(self) -> Source:
        machine, records = self.machine, self.machine.records
        start = ir.Span(self.entry.module.path, 1, 1, 1, 1, 0, 0)
        scope = machine.module_scope(self.entry)
        machine.frames.append(Frame(scope, None, start))
        self._run_entries(scope)
        records.handler, records.kind = 0, None
        for function, owner in self._unreached():
            self._run(function, owner)
        sites = merged_sites(records.writes)
        return Source(
            language="python",
            main=self.entry.module.path,
            modules=tuple(machine.loader.modules()),
            handlers=tuple(self.handlers),
            binding_uses=merged_uses(records.uses),
            sites=tuple(site for site in sites if isinstance(site, StatementSite)),
            sends=tuple(site for site in sites if isinstance(site, SendSite)),
            fetches=merged_fetches(records.fetches),
            error_handlers=swallowing.error_handlers(records),
            unawaited=forgetting.unawaited_calls(records),
            acked_failures=acknowledging.acked_failures(records, machine.scopes),
            body_reads=deliveries.body_reads(records),
            reported_counts=tuple(records.counts[key] for key in sorted(records.counts)),
            triggers=self._triggers(),
            queue_names=tuple(dict.fromkeys(self._queue_names())),
            delivered=self.delivered,
            complete=records.complete,
        )

    def _run_entries(self, scope: Scope) -> None:
        entries = [*handlers.entries(self.machine, scope), *handlers.routes(self.machine)]
        for entry in sorted(entries, key=lambda entry: entry.kind == "rpc"):
            if entry.kind == "rpc" and id(entry.function.definition) in self.machine.visited:
                continue
            if entry.handler is not None:
                self.handlers.append(entry.handler)
            if entry.route is not None:
                method, path = entry.route
                self.hints.append(TriggerHint(method=method, path=path, location=_place(entry)))
            self._enter(entry)

    def _enter(self, entry: Entry) -> None:
        records = self.machine.records
        records.handler, records.kind = records.handler + 1, entry.kind
        self.machine.frame.statement = _head(entry.function)
        given = handlers.arguments(entry, self.delivered)
        for parameter in entry.function.definition.parameters:
            wanted = handlers.depends_on(parameter)
            if wanted is not None:
                given[parameter.name] = Item(self._depended(wanted, entry))
        function = entry.function
        if entry.owner is not None:
            context = (Item(unknown("self.ctx")), Item(EnvValue()))
            instance = self.machine.instance(entry.owner, context, {})
            function = FunctionValue(function.definition, function.scope, function.name, instance)
        self.machine.call_function(function, (), given, entry=True)

    def _depended(self, wanted: ir.Expression, entry: Entry) -> Value:
        self.machine.frames.append(Frame(entry.function.scope, None, wanted.span))
        try:
            function = self.machine.evaluate(wanted)
            if not isinstance(function, FunctionValue):
                return unknown(wanted.source)
            route = handlers.Entry(function, entry.kind, route=("GET", ""))
            given = handlers.arguments(route, self.delivered)
            return self.machine.settle(self.machine.call_function(function, (), given))
        finally:
            self.machine.frames.pop()

    def _unreached(self) -> Iterator[tuple[FunctionValue, ClassValue | None]]:
        for scope in tuple(self.machine.scopes.values()):
            for value in tuple(scope.names.values()):
                if isinstance(value, FunctionValue) and value.scope is scope:
                    yield from self._if_unreached(value, None)
                elif isinstance(value, ClassValue) and value.scope.parent is scope:
                    for method in tuple(value.scope.names.values()):
                        if isinstance(method, FunctionValue):
                            yield from self._if_unreached(method, value)

    def _if_unreached(
        self, function: FunctionValue, owner: ClassValue | None
    ) -> Iterator[tuple[FunctionValue, ClassValue | None]]:
        if id(function.definition) not in self.machine.visited:
            yield function, owner

    def _run(self, function: FunctionValue, owner: ClassValue | None) -> None:
        instance: Reference | None = None
        if owner is not None:
            made = self.machine.instance(owner, (), {"env": Item(EnvValue())})
            instance = made if isinstance(made, Reference) else None
        given = {
            parameter.name: Item(EnvValue())
            for parameter in function.definition.parameters
            if parameter.name == "env"
        }
        self.machine.frame.statement = _head(function)
        bound = FunctionValue(function.definition, function.scope, function.name, instance)
        self.machine.call_function(bound, (), given)

    def _triggers(self) -> tuple[TriggerHint, ...]:
        if not any(handler.kind == "fetch" for handler in self.handlers):
            return tuple(self.hints)
        found = triggers.hints(self._reached_definitions())
        known = {(hint.method, hint.path) for hint in self.hints}
        return (*self.hints, *(hint for hint in found if (hint.method, hint.path) not in known))

    def _reached_definitions(self) -> Iterator[ir.FunctionDef]:
        reached = [definition for definition, kinds in self.machine.visited.values() if "fetch" in kinds]
        functions = [definition for definition in reached if isinstance(definition, ir.FunctionDef)]
        return iter(sorted(functions, key=lambda definition: definition.span))

    def _queue_names(self) -> Iterator[str]:
        for definition, kinds in self.machine.visited.values():
            if "queue" in kinds:
                for node in ir.walk(definition):
                    if isinstance(node, ir.Comparison):
                        yield from _compared_queue(node)


def _compared_queue(node: ir.Comparison) -> Iterator[str]:
    is_queue = any(isinstance(one, ir.Attribute) and one.name == "queue" for one in node.operands)
    for one in node.operands if is_queue else ():
        if isinstance(one, ir.Literal) and isinstance(one.value, str):
            yield one.value


def _head(function: FunctionValue) -> ir.Span:
    definition = function.definition
    return definition.head if isinstance(definition, ir.FunctionDef) else definition.span


def _place(entry: Entry) -> Location:
    return _head(entry.function).location

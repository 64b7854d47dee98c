"""Functions, classes and imports: what gives a module its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.source.calls import Calls
from diagnose.project.source.machine import Frame
from diagnose.project.source.scopes import Scope
from diagnose.project.source.values import (
    ClassValue,
    EnvValue,
    External,
    FunctionValue,
    ModuleValue,
    unknown,
)

if TYPE_CHECKING:
    from diagnose.project.source import ir
    from diagnose.project.source.modules import LoadedModule
    from diagnose.project.source.values import Value

ENVIRONMENTS = {("workers", "env"), ("cloudflare.workers", "env")}


class Definitions(Calls):
    """Executes definitions and imports."""

    def define_function(self, statement: ir.FunctionDef) -> None:
        """`def name(…)`."""
        scope = self.scope
        name = f"{scope.function}.{statement.name}" if scope.function else statement.name
        owner = scope.parent if self._in_class() and scope.parent else scope
        scope.names[statement.name] = FunctionValue(statement, owner, name)
        for decorator in statement.decorators:
            self.evaluate(decorator)

    def _in_class(self) -> bool:
        return self.frame.definition is None and self.scope.is_class

    def define_class(self, statement: ir.ClassDef) -> None:
        """`class name`: its body is read at once."""
        bases = tuple(self.evaluate(base) for base in statement.bases)
        scope = Scope(self.scope.module, self.scope, statement.name, is_class=True)
        self.frames.append(Frame(scope, None, statement.span, loops=len(self.loops)))
        try:
            self.execute(statement.body)
        finally:
            self.frames.pop()
        self.scope.names[statement.name] = ClassValue(statement, scope, bases)

    def import_names(self, statement: ir.Import) -> None:
        """`import module`."""
        first, _, rest = statement.module.partition(".")
        bound = statement.alias or first
        wanted = statement.module if statement.alias else first
        module = self.loader.find(wanted)
        if rest and not statement.alias:
            self.loader.find(statement.module)
        self.scope.names[bound] = (
            ModuleValue(self.module_scope(module)) if module is not None else External(wanted)
        )

    def import_from_names(self, statement: ir.ImportFrom) -> None:
        """`from module import names`."""
        name = self.loader.resolve(self.scope.module, statement)
        module = self.loader.find(name)
        for imported, local in statement.names:
            if imported == "*":
                self.scope.names.update(self.module_scope(module).names if module else {})
                continue
            self.scope.names[local] = self._imported(name, imported, module)

    def _imported(self, name: str, imported: str, module: LoadedModule | None) -> Value:
        if module is not None and imported in (names := self.module_scope(module).names):
            return names[imported]
        inner = self.loader.find(f"{name}.{imported}" if name else imported)
        if inner is not None:
            return ModuleValue(self.module_scope(inner))
        if module is not None:
            return unknown(imported)
        if (name, imported) in ENVIRONMENTS:
            return EnvValue()
        return External(f"{name}.{imported}")

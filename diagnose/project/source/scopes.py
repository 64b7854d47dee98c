"""Where names are looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diagnose.project.source.modules import LoadedModule
    from diagnose.project.source.values import Value


class Scope:
    """The names of a module, class or function call; `parent` is where the others are looked up.

    It is changed in place, so that a nested function sees what its surroundings assign later.
    `depths` holds, for each name assigned here, how many loops were entered at that time.
    """

    __slots__ = ("depths", "function", "is_class", "module", "names", "parent")

    def __init__(
        self,
        module: LoadedModule,
        parent: Scope | None = None,
        function: str = "",
        *,
        is_class: bool = False,
    ) -> None:
        self.is_class = is_class
        self.module = module
        self.parent = parent
        self.function: str = function or (parent.function if parent else "")
        self.names: dict[str, Value] = {}
        self.depths: dict[str, int] = {}

    def find(self, name: str) -> Value | None:
        """The value of a name, or None when the project does not define it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def owner(self, name: str) -> Scope | None:
        """The scope that defines a name."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.parent
        return scope

"""Imports the user's modules from memory under their own file names, which tracebacks then show."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

from .isolate import current

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType, ModuleType

_VENDORED = "python_modules/"


class NotVendoredError(ModuleNotFoundError):
    """A module that is neither in the upload nor in the standard library."""


class SourceLoader:
    """Loads one module from the uploaded bytes."""

    def __init__(self, content: bytes, filename: str, *, package: bool) -> None:
        self._content = content
        self._filename = filename
        self._package = package

    def get_source(self, fullname: str) -> str:
        """Decoded as Python decodes source files."""
        del fullname
        from importlib.util import decode_source

        return decode_source(self._content)

    def get_code(self, fullname: str) -> CodeType:
        """Compiled under the user's file name."""
        del fullname
        return compile(self._content, self._filename, "exec", dont_inherit=True)

    def is_package(self, fullname: str) -> bool:
        """Whether it is an `__init__.py`."""
        del fullname
        return self._package

    def create_module(self, spec: ModuleSpec) -> None:
        """The usual module object will do."""

    def exec_module(self, module: ModuleType) -> None:
        """Run it; frames find their source through `__loader__`."""
        module.__file__ = self._filename
        exec(self.get_code(module.__name__), module.__dict__)  # noqa: S102 - importing is what this does


class Finder:
    """Finds modules among the uploaded ones, then among the vendored packages."""

    def __init__(self, modules: Mapping[str, bytes], base: str) -> None:
        self._modules = modules
        self._base = f"{base.strip('/')}/" if base.strip("/") else ""
        self._folders = {name[:end] for name in modules for end in range(len(name)) if name[end] == "/"}

    @property
    def files(self) -> frozenset[str]:
        """The names that appear in tracebacks."""
        return frozenset(map(self._filename, self._modules))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A module, a package, or a namespace folder."""
        del path, target
        stem = fullname.replace(".", "/")
        for root in ("", _VENDORED):
            for name, package in ((f"{root}{stem}/__init__.py", True), (f"{root}{stem}.py", False)):
                if name in self._modules:
                    return self._spec(fullname, name, package=package)
            if root + stem in self._folders:
                spec = ModuleSpec(fullname, None, is_package=True)
                spec.submodule_search_locations = [root + stem]
                return spec
        return None

    def _spec(self, fullname: str, name: str, *, package: bool) -> ModuleSpec:
        filename = self._filename(name)
        loader: Any = SourceLoader(self._modules[name], filename, package=package)
        spec = ModuleSpec(fullname, loader, origin=filename, is_package=package)
        if package:
            spec.submodule_search_locations = [filename.rpartition("/")[0]]
        spec.has_location = True
        return spec

    def _filename(self, name: str) -> str:
        return name if name.startswith(_VENDORED) else self._base + name


class LastFinder:
    """Stands last and names what is not there, which a deployed Worker might have."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Never finds anything."""
        del path, target
        top = fullname.partition(".")[0]
        if top == "pyodide":
            current().refuse(f"the module {fullname}")
        if fullname == top and top not in sys.stdlib_module_names:
            raise NotVendoredError(f"No module named {fullname!r}", name=fullname)
        return None


def install(finder: Finder) -> None:
    """User modules win over the standard library's, as the script's folder does; ours stay."""
    sys.meta_path.insert(0, finder)
    sys.meta_path.append(LastFinder())


def module_name(main_module: str) -> str:
    """The name under which the main module is imported."""
    return main_module.removesuffix(".py").replace("/", ".")

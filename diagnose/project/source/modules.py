"""Finds and reads the modules of a worker: the entry module and what it imports from the project."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from diagnose.errors import SourceError
from diagnose.project.files import read_regular
from diagnose.project.source.model import Module
from diagnose.project.source.python import lower

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from diagnose.project.source import ir

LARGEST = 2_000_000
"""Bytes of one source file that are still read."""
MOST_MODULES = 200
"""Modules of one worker that are still looked for."""
MOST_TEXT = 2_000_000
"""Characters of all modules together that are still analysed."""


@dataclass(frozen=True, slots=True)
class LoadedModule:
    """A module with its tree; a module with problems may have an empty one."""

    module: Module
    block: ir.Block
    is_package: bool = False

    @property
    def name(self) -> str:
        """As imports spell it."""
        return self.module.name


@dataclass(slots=True)
class ModuleLoader:
    """Reads modules on demand, each once.

    Attributes:
        root: the project folder; paths are given relative to it.
        folder: the module root, the folder of the entry module: imports are looked up there.
    """

    root: Path
    folder: Path
    loaded: dict[str, LoadedModule | None] = field(default_factory=dict)

    def entry(self, path: Path) -> LoadedModule:
        """The entry module. Raises SourceError when it cannot be read."""
        shown = path.relative_to(self.root).as_posix()
        text = read(path, shown)
        module = LoadedModule(Module(path=shown, name=path.stem, text=text), lower(text, shown))
        self.loaded[path.stem] = module
        return module

    def find(self, name: str) -> LoadedModule | None:
        """The project module of a dotted name, or None when it is not of the project."""
        if name not in self.loaded:
            self.loaded[name] = self._load(name)
        return self.loaded[name]

    def resolve(self, module: LoadedModule, imported: ir.ImportFrom) -> str:
        """The dotted name that a `from` import means in a module."""
        if not imported.level:
            return imported.module
        parts = module.name.split(".")
        if not module.is_package:
            parts.pop()
        parts = parts[: len(parts) - imported.level + 1]
        return ".".join([*parts, imported.module] if imported.module else parts)

    def _load(self, name: str) -> LoadedModule | None:
        parts = name.split(".")
        if not name or not all(part.isidentifier() for part in parts) or len(self.loaded) >= MOST_MODULES:
            return None
        base = self.folder.joinpath(*parts)
        for path, is_package in ((base.with_name(f"{base.name}.py"), False), (base / "__init__.py", True)):
            if _inside(path, self.folder):
                return self._read(path, name, is_package=is_package)
        return None

    def _read(self, path: Path, name: str, *, is_package: bool) -> LoadedModule:
        shown = path.relative_to(self.root).as_posix()
        text = ""
        try:
            text = read(path, shown)
            self._check_budget(text, shown)
            return LoadedModule(Module(path=shown, name=name, text=text), lower(text, shown), is_package)
        except SourceError as error:
            problems = (str(error),)
            return LoadedModule(Module(path=shown, name=name, text=text, problems=problems), (), is_package)

    def _check_budget(self, text: str, shown: str) -> None:
        if len(text) + sum(len(module.text) for module in self.modules()) > MOST_TEXT:
            message = f"not analysed: together the modules have more than {MOST_TEXT:,} characters"
            raise SourceError(message, where=shown)

    def modules(self) -> Iterator[Module]:
        """What was read, the entry module first."""
        return (module.module for module in self.loaded.values() if module is not None)


def read(path: Path, shown: str) -> str:
    """The text of a source file.

    Raises:
        SourceError: it is missing, no regular file, larger than 2 MB, not UTF-8, or not permitted to be read.
    """
    try:
        return read_regular(path, most_bytes=LARGEST).decode()
    except UnicodeDecodeError as error:
        raise SourceError(f"not UTF-8: byte {error.start} cannot be read", where=shown) from error
    except FileNotFoundError as error:
        raise SourceError("the file does not exist", where=shown, hint="correct `main`") from error
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", where=shown) from error


def _inside(path: Path, folder: Path) -> bool:
    try:
        return path.is_file() and path.resolve().is_relative_to(folder.resolve())
    except OSError:
        return False

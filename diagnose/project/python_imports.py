"""Imports that name the folder of the entry module, which is no package to the runtime.

The folder of `main` is where modules are looked up, so `src/entry.py` imports `src/feed.py` as `feed`:
https://developers.cloudflare.com/workers/languages/python/ and workerd's note on a failed import of `src`.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from diagnose.errors import DiagnoseError, SourceError
from diagnose.project.files import resolve_inside
from diagnose.project.source import ir
from diagnose.project.source.editing import Edit, apply_edits, parses
from diagnose.project.source.modules import read
from diagnose.project.source.python import lower

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.project import Project
    from diagnose.project.source.model import Source

_VENDORED = "python_modules"


@dataclass(frozen=True, slots=True)
class FolderImport:
    """An import that starts with the folder of the entry module.

    Attributes:
        span: of the statement.
        written: the statement.
        repaired: the statement without the folder, or None where more than itself must change.
    """

    span: ir.Span
    written: str
    repaired: str | None


def folder_imports(project: Project, source: Source) -> tuple[FolderImport, ...]:
    """Every such import at the top level of the worker's modules, those included that only it would reach."""
    folder = posixpath.dirname(source.main)
    package = posixpath.basename(folder)
    if not package.isidentifier() or _is_package(project, folder, package):
        return ()
    texts = {module.path: module.text for module in source.modules}
    found: list[FolderImport] = []
    agenda = list(texts)
    for path in agenda:  # grows while it is walked over
        text = texts[path] if path in texts else _text(project, path)
        for statement in _block(text, path):
            below = _modules_below(statement, package)
            reached = [place for name in below if (place := _module_path(project, folder, name))]
            if reached:
                found.append(_found(statement, text, package))
                agenda += [place for place in reached if place not in agenda]
    return tuple(found)


def without_folder(text: str, imports: tuple[FolderImport, ...]) -> str | None:
    """A module with its imports repaired, or None where one of them cannot be."""
    edits = [Edit.of(each.span, each.repaired) for each in imports if each.repaired is not None]
    edited = apply_edits(text, edits)
    return edited if len(edits) == len(imports) and parses(edited) else None


def _is_package(project: Project, folder: str, package: str) -> bool:
    """Whether modules of that name are found after all: beside the entry, or among what is vendored."""
    places = [
        posixpath.join(folder, package),
        posixpath.join(folder, f"{package}.py"),
        posixpath.join(project.base, _VENDORED, package),
    ]
    return any(_exists(project, place) for place in places)


def _modules_below(statement: ir.Statement, package: str) -> Iterator[str]:
    """The modules that an import names below the package, such as `feed` for `from src.feed import rows`."""
    if isinstance(statement, ir.Import) and _starts(statement.module, package):
        yield statement.module.partition(".")[2]
    elif isinstance(statement, ir.ImportFrom) and not statement.level and _starts(statement.module, package):
        below = statement.module.partition(".")[2]
        yield from [below] if below else [name for name, _ in statement.names]


def _starts(module: str, package: str) -> bool:
    return module.partition(".")[0] == package


def _found(statement: ir.Statement, text: str, package: str) -> FolderImport:
    span = statement.span
    written = text.removeprefix("\ufeff")[span.start : span.end]
    return FolderImport(span, written, _repaired(statement, written, package))


def _repaired(statement: ir.Statement, written: str, package: str) -> str | None:
    if isinstance(statement, ir.ImportFrom):
        if statement.module != package:
            return re.sub(rf"^from(\s+){package}\s*\.\s*", r"from\1", written)
        names = re.fullmatch(rf"from\s+{package}\s+import\s+(?!\()(.+)", written)
        return f"import {names[1]}" if names and "*" not in written else None
    if isinstance(statement, ir.Import) and statement.alias and "," not in written:
        return re.sub(rf"^import(\s+){package}\s*\.\s*", r"import\1", written)
    return None  # the name is used as `src.feed` further down


def _module_path(project: Project, folder: str, name: str) -> str | None:
    base = posixpath.join(folder, *name.split(".")) if name else folder
    return next((path for path in (f"{base}.py", f"{base}/__init__.py") if _exists(project, path)), None)


def _text(project: Project, path: str) -> str:
    try:
        return read(resolve_inside(project.root, path), path)
    except DiagnoseError:
        return ""


def _block(text: str, path: str) -> ir.Block:
    try:
        return lower(text, path)
    except SourceError:
        return ()


def _exists(project: Project, path: str) -> bool:
    try:
        return Path(resolve_inside(project.root, path)).exists()
    except DiagnoseError:
        return False

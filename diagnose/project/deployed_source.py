"""Whether the code that is deployed is what wrangler would upload from the project."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.errors import ProjectError, SourceError
from diagnose.project.files import read_regular, resolve_inside
from diagnose.project.upload import MAX_MODULE_BYTES, build_upload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.project.project import Project

_VENDORED: Final = "python_modules/"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceComparison:
    """What tells the deployed modules from the project's.

    Attributes:
        changed: names of modules that both have, with another text.
        undeployed: of modules that only the project has.
        removed: of modules that only the deployed worker has.
        idle: those of all three that no module which is read imports; they change nothing.
        modules: how many were compared.
    """

    changed: tuple[str, ...] = ()
    undeployed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    modules: int = 0

    @property
    def matters(self) -> tuple[str, ...]:
        """The modules that make the deployed worker another one."""
        found = (*self.changed, *self.undeployed, *self.removed)
        return tuple(name for name in found if name not in self.idle)


def compare_source(project: Project, deployed: Mapping[str, bytes]) -> SourceComparison | str:
    """The comparison, or the reason why there can be none.

    Vendored packages are left out, since every machine makes its own; so are files that are no code. The
    ends of lines do not count.
    """
    try:
        upload = build_upload(project)
    except SourceError as error:
        return f"there is nothing to compare: {error}"
    if project.document is not None and project.document.get("base_dir") is not None:
        return "modules are named relative to `base_dir`, which is not followed"
    if not upload.main_module.endswith(".py"):
        return _compare_plain(project, upload.main_module, upload.modules[upload.main_module], deployed)
    own = {name: content for name, content in upload.modules.items() if _is_own(name)}
    there = {name: content for name, content in deployed.items() if _is_own(name)}
    if not there:
        return "what is deployed is no Python worker"
    return _compared(project, own, there)


def _is_own(name: str) -> bool:
    return name.endswith(".py") and not name.startswith(_VENDORED)


def _compared(project: Project, own: Mapping[str, bytes], there: Mapping[str, bytes]) -> SourceComparison:
    changed = [name for name in own if name in there and not _is_same(own[name], there[name])]
    undeployed = [name for name in own if name not in there]
    removed = [name for name in there if name not in own]
    read = _read_names(project)
    return SourceComparison(
        changed=tuple(changed),
        undeployed=tuple(undeployed),
        removed=tuple(removed),
        # A module that is gone can only matter through one that imports it, which then is changed, too.
        idle=tuple(removed) if read is None else tuple({*changed, *undeployed, *removed} - read),
        modules=len(own),
    )


def _read_names(project: Project) -> frozenset[str] | None:
    """Upload names of the modules that the entry leads to; None where that is not known for sure."""
    source = project.source
    if source is None or not source.complete:  # a class may be imported by a name that only running tells
        return None
    folder = posixpath.dirname(source.main) or "."
    return frozenset(posixpath.relpath(module.path, folder) for module in source.modules)


def _is_same(left: bytes, right: bytes) -> bool:
    return left == right or left.replace(b"\r\n", b"\n") == right.replace(b"\r\n", b"\n")


def _compare_plain(
    project: Project, main: str, content: bytes, deployed: Mapping[str, bytes]
) -> SourceComparison | str:
    """A worker that wrangler bundles is comparable where the entry was uploaded as it is."""
    entry = deployed.get(main)
    unbundled = project.document is not None and project.document.get("no_bundle") is True
    if entry is None or not (unbundled or _is_same(content, entry)):
        return f"wrangler bundles {main}; a bundle cannot be compared with its sources"
    folder = posixpath.dirname(posixpath.join(project.base, _main(project)))
    own = {
        name: read for name in deployed if (read := _read(project, posixpath.join(folder, name))) is not None
    }
    return SourceComparison(
        changed=tuple(name for name in deployed if name in own and not _is_same(own[name], deployed[name])),
        removed=tuple(name for name in deployed if name not in own),
        modules=len(own),
    )


def _main(project: Project) -> str:
    return project.config.main or "" if project.config is not None else ""


def _read(project: Project, path: str) -> bytes | None:
    try:
        return read_regular(
            resolve_inside(project.root, posixpath.normpath(path)), most_bytes=MAX_MODULE_BYTES
        )
    except (OSError, ProjectError):
        return None

"""Secrets that a worker reads: names that its source reads from `env` and that no config declares."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.errors import ProjectError
from diagnose.project.files import read_regular, resolve_inside
from diagnose.project.secret_shapes import is_secret_name
from diagnose.project.undeclared import undeclared_bindings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.model import Location
    from diagnose.project.project import Project
    from diagnose.project.source.model import BindingUse

# Where `wrangler dev` reads secrets from, and the examples of such files that are committed.
# https://developers.cloudflare.com/workers/configuration/secrets/#local-development-with-secrets
_FILES: Final = (".dev.vars", ".env")
_ENDINGS: Final = ("", ".example", ".sample", ".template")
_NAME: Final = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=", re.MULTILINE)
_MOST_BYTES: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretUse:
    """A secret that the worker is meant to have.

    Attributes:
        told_by: what says that it is a secret: `name`, a file such as `.dev.vars`, or `secrets.required`.
        location: of the read that fails most surely, else of the entry in the config.
        needed: a handler leads to a read that does not provide for its absence.
        read: the source reads it at all.
    """

    name: str
    told_by: str
    location: Location | None
    needed: bool
    read: bool


def secret_uses(project: Project) -> tuple[SecretUse, ...]:
    """The secrets that the source reads or the config requires, by name; () without source or config."""
    config, source = project.config, project.source
    if config is None or source is None:
        return ()
    required = {each.binding: each.location for each in config.others if each.kind == "secret_text"}
    declared = {each.binding for each in config.bindings} - required.keys()
    meant = {each.name for each in undeclared_bindings(source, config)}
    local = _local_names(project)
    uses: dict[str, list[BindingUse]] = {}
    for use in source.binding_uses:
        if use.binding not in declared | meant:
            uses.setdefault(use.binding, []).append(use)
    found = []
    for name in sorted({*uses, *required}):
        reads = uses.get(name, [])
        told_by = _told_by(name, required, local)
        if told_by is not None:
            found.append(_secret(name, told_by, reads, required.get(name)))
    return tuple(found)


def _secret(name: str, told_by: str, reads: list[BindingUse], entry: Location | None) -> SecretUse:
    reads = sorted(reads, key=lambda use: (not use.reachable, use.guarded))
    return SecretUse(
        name=name,
        told_by=told_by,
        location=reads[0].location if reads else entry,
        needed=any(use.reachable and not use.guarded for use in reads),
        read=bool(reads),
    )


def _told_by(name: str, required: dict[str, Location | None], local: dict[str, str]) -> str | None:
    if name in required:
        return "secrets.required"
    return local.get(name) or ("name" if is_secret_name(name) else None)


def _local_names(project: Project) -> dict[str, str]:
    """Names in the files of secrets for one's own machine, with the file; values are not kept."""
    return {name: path for path in _paths(project) for name in _names_in(project, path)}


def _paths(project: Project) -> Iterator[str]:
    environment = f".{project.environment}" if project.environment else ""
    for file in _FILES:
        for ending in dict.fromkeys((*_ENDINGS, environment)):
            yield posixpath.join(project.base, file + ending)


def _names_in(project: Project, path: str) -> list[str]:
    try:
        content = read_regular(resolve_inside(project.root, path), most_bytes=_MOST_BYTES)
    except (OSError, ProjectError):
        return []
    return _NAME.findall(content.decode(errors="replace"))

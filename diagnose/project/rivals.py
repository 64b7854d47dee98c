"""Configs that stand in each other's way: side by side, or deployed under one name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from diagnose.errors import DiagnoseError
from diagnose.project.discovery import read_document
from diagnose.project.environments import effective_data, environment_names
from diagnose.project.neighbours import neighbour_configs
from diagnose.project.placeholders import is_template_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.bindings import WorkerConfig
    from diagnose.project.document import ConfigDocument
    from diagnose.project.project import Project

_BUILT: Final = frozenset({"build", "dist", "out", "output", "target", "coverage"})
_SCHEMA: Final = "$schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A config that wrangler does not read because of another beside it.

    Attributes:
        differs: top-level keys whose values are not those of the file that wrangler reads; None where
            one of the two does not parse.
    """

    path: str
    differs: tuple[str, ...] | None


def ignored_configs(project: Project) -> tuple[Ignored, ...]:
    """The configs beside the first that wrangler would find by itself."""
    taken = _read(project, project.config_candidates[0])
    return tuple(
        Ignored(path=path, differs=_differing(taken, _read(project, path)))
        for path in project.config_candidates[1:]
    )


def same_worker(project: Project, config: WorkerConfig) -> tuple[ConfigDocument, ...]:
    """Other configs that deploy another entry module under the same name, to the same account.

    Templates, build outputs and what stands beside the chosen config by wrangler's own names are left out.
    """
    documents = (
        document
        for document in neighbour_configs(project)
        if document.path not in project.config_candidates and not _is_made(document.path)
    )
    return tuple(document for document in documents if _is_rival(document, config))


def _is_rival(document: ConfigDocument, config: WorkerConfig) -> bool:
    return any(
        data.get("name") == config.name
        and isinstance(data.get("main"), str)
        and _entry(document.path, str(data["main"])) != _entry(config.document.path, config.main or "")
        and data.get("account_id") in {None, config.account_id}
        for data in _sections(document)
    )


def _sections(document: ConfigDocument) -> Iterator[dict[str, object]]:
    for environment in (None, *environment_names(document)):
        yield dict(effective_data(document, environment))


def _entry(path: str, main: str) -> PurePosixPath:
    return PurePosixPath(path).parent / main


def _is_made(path: str) -> bool:
    return is_template_path(path) or bool(_BUILT & set(PurePosixPath(path).parent.parts))


def _differing(taken: ConfigDocument | None, other: ConfigDocument | None) -> tuple[str, ...] | None:
    if taken is None or other is None:
        return None
    names = sorted({*taken.data, *other.data} - {_SCHEMA})
    return tuple(name for name in names if taken.data.get(name) != other.data.get(name))


def _read(project: Project, path: str) -> ConfigDocument | None:
    try:
        return read_document(project.root, path)
    except DiagnoseError:
        return None  # CFG001 tells why, where it is the one that counts

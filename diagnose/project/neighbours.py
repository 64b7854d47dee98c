"""Other workers whose configs stand in the same project."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from diagnose.errors import DiagnoseError
from diagnose.project.discovery import read_document
from diagnose.project.project import open_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.project.document import ConfigDocument
    from diagnose.project.project import Project

_MOST_CONFIGS: Final = 50
_FOREIGN: Final = frozenset({"node_modules", "python_modules", "__pycache__"})
_SUFFIXES: Final = (".toml", ".json", ".jsonc")


def neighbour_configs(project: Project) -> tuple[ConfigDocument, ...]:
    """The other files called `wrangler*` that parse, wherever they are in the project."""
    documents = []
    for path in islice(_config_paths(project.root), _MOST_CONFIGS):
        if path == project.config_path:
            continue
        try:
            documents.append(read_document(project.root, path))
        except DiagnoseError:
            continue  # it is not the config that is looked at
    return tuple(documents)


def neighbour_projects(project: Project) -> tuple[Project, ...]:
    """The same configs as projects; one that cannot be opened for this environment is left out."""
    found = []
    for document in neighbour_configs(project):
        try:
            found.append(open_project(project.root, config=document.path, environment=project.environment))
        except DiagnoseError:
            continue  # it has no such environment
    return tuple(found)


def bound_as_service(project: Project, worker: str) -> str | None:
    """The config of another worker that has a service binding to this one, or None."""
    for document in neighbour_configs(project):
        for section in _sections(document):
            services = section.get("services")
            for service in services if isinstance(services, list) else ():
                if isinstance(service, dict) and service.get("service") == worker:
                    return document.path
    return None


def queues_fed_elsewhere(project: Project) -> frozenset[str]:
    """Names of queues to which the configs of other workers have a producer binding, in any environment."""
    found: set[str] = set()
    for document in neighbour_configs(project):
        for section in _sections(document):
            queues = section.get("queues")
            producers = queues.get("producers") if isinstance(queues, dict) else None
            for producer in producers if isinstance(producers, list) else ():
                if isinstance(producer, dict) and isinstance(producer.get("queue"), str):
                    found.add(producer["queue"])
    return frozenset(found)


def _sections(document: ConfigDocument) -> Iterator[Mapping[str, Any]]:
    """The top level of a config and its environments."""
    environments = document.data.get("env")
    for section in (document.data, *(environments.values() if isinstance(environments, dict) else ())):
        if isinstance(section, dict):
            yield section


def _config_paths(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _FOREIGN)
        for name in sorted(files):
            if name.startswith("wrangler") and name.endswith(_SUFFIXES):
                yield Path(folder, name).relative_to(root).as_posix()

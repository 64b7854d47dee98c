"""The other workers of a project: those that take messages from the queues it feeds."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from diagnose.project.neighbours import neighbour_projects
from diagnose.rehearsal.assuming import database_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diagnose.project import Project, WorkerConfig

PYTHON = ".py"
"""The suffix of what can be executed here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumers:
    """Who consumes the queues of a project besides its own worker.

    Attributes:
        projects: workers that can be executed here, each with the config that attaches it.
        unexecuted: why a queue's consumer cannot be executed here, by the queue's name.
    """

    projects: tuple[Project, ...] = ()
    unexecuted: Mapping[str, str] = field(default_factory=dict)


def find_consumers(project: Project) -> Consumers:
    """Workers of other configs that consume what the project sends, or what they send in turn.

    Configs of the same worker, and of queues that have their consumer already, are left aside.
    """
    if project.config is None:
        return Consumers()
    waiting = [one for one in _neighbours(project) if _name(one) != _name(project)]
    taken = _consumed(project.config)
    fed = _fed(project.config)
    found: list[Project] = []
    unexecuted: dict[str, str] = {}
    while (consumer := _next(waiting, fed - taken)) is not None:
        waiting.remove(consumer)
        config = _config_of(consumer)
        reason = _why_not(consumer, (project, *found))
        if reason is None:
            found.append(consumer)
            fed |= _fed(config)
        else:
            unexecuted |= dict.fromkeys(_consumed(config) - taken, reason)
        taken |= _consumed(config)
    return Consumers(projects=tuple(found), unexecuted=unexecuted)


def unknown_tables(project: Project, others: Iterable[Project] = ()) -> str | None:
    """Why a derived account would lack tables through no fault of the worker, or None.

    Args:
        project: whose worker uses the tables.
        others: whose migrations make tables of the same databases.
    """
    source = project.source
    if project.config is None or source is None:
        return None
    sites = [site for site in source.sites if site.reachable]
    used = {site.binding for site in sites} - {site.binding for site in sites if site.verb == "CREATE"}
    made = {
        database_id(binding)
        for one in (project, *others)
        for binding in (one.config.d1 if one.config else ())
        if one.migrations(binding)
    }
    for binding in project.config.d1:
        if binding.binding in used and database_id(binding) not in made:
            return (
                f"a rehearsal makes the tables of {binding.binding} from migrations, and there are none"
                " (`diagnose init` lists what is missing)"
            )
    return None


def _neighbours(project: Project) -> list[Project]:
    """The projects of the other configs, variants such as `wrangler.dev.toml` last."""
    return sorted(
        neighbour_projects(project), key=lambda one: PurePosixPath(one.config_path).stem != "wrangler"
    )


def _next(waiting: Iterable[Project], queues: set[str]) -> Project | None:
    return next((one for one in waiting if _consumed(_config_of(one)) & queues), None)


def _why_not(consumer: Project, others: Iterable[Project]) -> str | None:
    """Why a worker cannot be executed here, or None."""
    main = _config_of(consumer).main
    if main is None:
        return f"{consumer.config_path} names no worker source"
    if not main.endswith(PYTHON):
        return f"{posixpath.normpath(posixpath.join(consumer.base, main))} is not Python"
    if consumer.source is None:
        return str(consumer.source_error)
    return unknown_tables(consumer, others)


def _config_of(project: Project) -> WorkerConfig:
    if project.config is None:
        raise LookupError("a config that does not parse is no neighbour")
    return project.config


def _name(project: Project) -> str | None:
    return _config_of(project).name


def _fed(config: WorkerConfig) -> set[str]:
    """Queues that a worker sends to, or that get what it fails to consume."""
    names = [producer.queue for producer in config.producers]
    names += [consumer.dead_letter_queue for consumer in config.consumers]
    return {name for name in names if name}


def _consumed(config: WorkerConfig) -> set[str]:
    return {consumer.queue for consumer in config.consumers if consumer.queue}

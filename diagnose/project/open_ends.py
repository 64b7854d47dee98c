"""Queues of a project that end nowhere: data goes in, and nothing of the project stores it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.neighbours import neighbour_projects
from diagnose.project.queue_roles import declared_consumers
from diagnose.project.unused import why_unsettled

if TYPE_CHECKING:
    from diagnose.project.project import Project

_FROM_OUTSIDE = frozenset({"caller", "fetched"})


def is_open_ended(project: Project, queue: str) -> bool:
    """True when the project lacks the end of a pipeline that it has the beginning of.

    The worker sends data that it fetched or received to the queue, no worker of the project consumes it,
    and none writes into a database, although there is one. A worker that stores its own rows may well send
    to somebody else's consumer, and so may one that has no database; what is not known to be so is False.
    """
    if any(one.entry.queue == queue for one in declared_consumers(project)):
        return False
    workers = (project, *neighbour_projects(project))
    return (
        _passes_on(project, queue)
        and any(_has_database(worker) for worker in workers)
        and not any(_may_write(worker) for worker in workers)
    )


def _passes_on(project: Project, queue: str) -> bool:
    producers = project.config.producers if project.config else ()
    bindings = {producer.binding for producer in producers if producer.queue == queue}
    sends = project.source.sends if project.source else ()
    return any(send.binding in bindings and send.reachable and send.origins & _FROM_OUTSIDE for send in sends)


def _has_database(project: Project) -> bool:
    return project.settings.watch is not None or bool(project.config and project.config.d1)


def _may_write(project: Project) -> bool:
    """Whether a worker writes rows, or could without its source telling."""
    source = project.source
    if source is None:
        return project.config is None or project.config.main is not None
    databases = {one.binding for one in project.config.d1} if project.config else set()
    written = any(site.reachable and (site.writes or site.verb is None) for site in source.sites)
    handed_on = any(
        use.reachable and use.method is None and use.binding in databases for use in source.binding_uses
    )
    return written or handed_on or why_unsettled(source) is not None

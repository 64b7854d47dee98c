"""The two ends of a queue: who of a project sends to it, and who consumes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diagnose.project.neighbours import neighbour_projects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diagnose.model import Location
    from diagnose.project.bindings import QueueConsumer
    from diagnose.project.project import Project
    from diagnose.project.source.model import BodyRead, SendSite


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEnds:
    """What is sent to a queue and what its consumer reads.

    Attributes:
        consumer: the config file of the worker that consumes it.
        unknown: why one of the ends cannot be read completely, or None.
        location: of the consumer's entry in its config.
    """

    queue: str
    consumer: str
    sends: tuple[SendSite, ...] = ()
    reads: tuple[BodyRead, ...] = ()
    unknown: str | None = None
    location: Location | None = None


def queue_ends(project: Project) -> tuple[QueueEnds, ...]:
    """The queues that this worker sends to or consumes, and of which both ends are in the project."""
    workers = (project, *neighbour_projects(project))
    return tuple(
        ends
        for consumer in workers
        for ends in _consumed(consumer, workers)
        if consumer is project or ends.queue in _sent_to(project)
    )


def _consumed(consumer: Project, workers: Iterable[Project]) -> Iterator[QueueEnds]:
    """The queues of one consumer that somebody sends to; dead letters are messages of another one."""
    entries = [entry for entry in _consumers(consumer) if entry.queue]
    letters = {entry.dead_letter_queue for worker in workers for entry in _consumers(worker)}
    queues = [entry for entry in entries if entry.queue not in letters]
    for entry in queues:
        queue = entry.queue or ""
        producers = [worker for worker in workers if queue in _sent_to(worker)]
        if not producers:
            continue
        unread = next((why for why in map(_unread, (consumer, *producers)) if why), None)
        several = (
            f"one handler of {consumer.config_path} consumes several queues" if len(queues) > 1 else None
        )
        yield QueueEnds(
            queue=queue,
            consumer=consumer.config_path,
            sends=tuple(send for worker in producers for send in _sends(worker, queue)),
            reads=consumer.source.body_reads if consumer.source else (),
            unknown=unread or several,
            location=entry.location,
        )


def _consumers(project: Project) -> Iterator[QueueConsumer]:
    yield from project.config.consumers if project.config else ()


def _sent_to(project: Project) -> set[str]:
    """The queues that a worker's config lets it send to."""
    producers = project.config.producers if project.config else ()
    return {producer.queue for producer in producers if producer.queue}


def _sends(project: Project, queue: str) -> Iterator[SendSite]:
    """The places of a worker that send to a queue."""
    producers = project.config.producers if project.config else ()
    names = {producer.binding for producer in producers if producer.queue == queue}
    sends = project.source.sends if project.source else ()
    yield from (send for send in sends if send.binding in names and send.reachable)


def _unread(project: Project) -> str | None:
    """Why the source of a worker is not known, or None."""
    if project.source is not None:
        return None if project.source.complete else f"the source behind {project.config_path} is too large"
    return str(project.source_error or f"{project.config_path} names no worker source")

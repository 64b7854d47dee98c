"""Which queues the configs of a project name, and who consumes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from diagnose.errors import DiagnoseError
from diagnose.project.environments import environment_names
from diagnose.project.neighbours import neighbour_configs
from diagnose.project.placeholders import is_template_path
from diagnose.project.wrangler import read_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.model import Location
    from diagnose.project.bindings import QueueConsumer, WorkerConfig
    from diagnose.project.document import ConfigDocument
    from diagnose.project.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedQueue:
    """A queue that the config gives a role."""

    name: str
    role: Literal["producer", "consumer", "dead-letter queue"]
    location: Location | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredConsumer:
    """An entry of `queues.consumers` in one environment of one config of the project.

    Attributes:
        worker: the script that consumes; None for a config without a name.
        path: of the config.
        environment: None for the top level.
    """

    entry: QueueConsumer
    worker: str | None
    path: str
    environment: str | None

    @property
    def pulls(self) -> bool:
        """Whoever asks over HTTP consumes it, and no worker."""
        return self.entry.type == "http_pull"


def named_queues(config: WorkerConfig) -> tuple[NamedQueue, ...]:
    """Every queue that an environment names, as often as it does."""
    found = [
        NamedQueue(name=producer.queue, role="producer", location=producer.location)
        for producer in config.producers
        if producer.queue
    ]
    for consumer in config.consumers:
        if consumer.queue:
            found.append(NamedQueue(name=consumer.queue, role="consumer", location=consumer.location))
        if consumer.dead_letter_queue:
            place = config.document.locate(*consumer.keys, "dead_letter_queue")
            found.append(
                NamedQueue(name=consumer.dead_letter_queue, role="dead-letter queue", location=place)
            )
    return tuple(found)


def declared_consumers(project: Project) -> tuple[DeclaredConsumer, ...]:
    """The consumers in all configs of the project and all their environments, its own config first.

    Templates and examples beside the project's own config are left out.
    """
    own = () if project.document is None else (project.document,)
    others = (document for document in neighbour_configs(project) if not is_template_path(document.path))
    return tuple(consumer for document in (*own, *others) for consumer in _declared(document))


def dead_letter_queues(project: Project) -> frozenset[str]:
    """The queues that take what consumers of the project gave up."""
    names = (declared.entry.dead_letter_queue for declared in declared_consumers(project))
    return frozenset(name for name in names if name)


def _declared(document: ConfigDocument) -> Iterator[DeclaredConsumer]:
    for environment in (None, *environment_names(document)):
        try:
            config = read_config(document, environment)
        except DiagnoseError:
            continue  # an environment that is no table declares nothing
        for entry in config.consumers:
            if entry.queue:
                yield DeclaredConsumer(
                    entry=entry, worker=config.name, path=document.path, environment=environment
                )

"""Which queues the configs of a project name, and who consumes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from diagnose.project.deploy_commands import deploy_commands
from diagnose.project.environments import environment_names
from diagnose.project.neighbours import neighbour_configs
from diagnose.project.placeholders import is_template_path
from diagnose.project.wrangler import read_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.model import Location
    from diagnose.project.bindings import QueueConsumer, WorkerConfig
    from diagnose.project.document import ConfigDocument
    from diagnose.project.project import Project
    from diagnose.project.source.model import SendSite, Source


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


def queue_sends(source: Source, config: WorkerConfig | None) -> tuple[SendSite, ...]:
    """The places that send to a queue; a binding that the config declares as another kind is none.

    `env.MAIL.send(…)` of an email binding looks the same.
    """
    others = {binding.binding for binding in config.others} if config is not None else frozenset()
    return tuple(site for site in source.sends if site.binding not in others)


def declared_consumers(project: Project) -> tuple[DeclaredConsumer, ...]:
    """The consumers in all configs of the project and all their environments, its own config first.

    Templates and examples beside the project's own config are left out.
    """
    return tuple(
        DeclaredConsumer(entry=entry, worker=config.name, path=path, environment=config.environment)
        for path, config in _configs(project)
        for entry in config.consumers
        if entry.queue
    )


def produced_queues(project: Project) -> frozenset[str]:
    """The queues to which some config of the project sends."""
    producers = (producer for _, config in _configs(project) for producer in config.producers)
    return frozenset(producer.queue for producer in producers if producer.queue)


def dead_letter_queues(project: Project) -> frozenset[str]:
    """The queues that take what consumers of the project gave up."""
    names = (declared.entry.dead_letter_queue for declared in declared_consumers(project))
    return frozenset(name for name in names if name)


def consumed_twice(
    project: Project, declared: Sequence[DeclaredConsumer]
) -> tuple[tuple[DeclaredConsumer, ...], ...]:
    """The entries, by queue, where two workers of the project would consume the same queue.

    The top level of a config with environments is often there for development only: it counts beside an
    environment of its own only when the project's scripts deploy both.
    """
    found = []
    for queue in dict.fromkeys(one.entry.queue for one in declared):
        entries = [one for one in declared if one.entry.queue == queue and not one.pulls]
        clashing = tuple(one for one in entries if any(_clash(project, one, other) for other in entries))
        if clashing:
            found.append(clashing)
    return tuple(found)


def _clash(project: Project, one: DeclaredConsumer, other: DeclaredConsumer) -> bool:
    if one.worker == other.worker or one.worker is None or other.worker is None:
        return False
    if one.path != other.path or (one.environment is not None and other.environment is not None):
        return True
    deployed = {command.environment for command in deploy_commands(project)}
    return one.path == project.config_path and {one.environment, other.environment} <= deployed


def _configs(project: Project) -> Iterator[tuple[str, WorkerConfig]]:
    """Every environment of every config, the top level included, each with the path of its file."""
    own = () if project.document is None else (project.document,)
    others = (document for document in neighbour_configs(project) if not is_template_path(document.path))
    for document in (*own, *others):
        sections = (name for name in environment_names(document) if _is_section(document, name))
        for environment in (None, *sections):
            yield document.path, read_config(document, environment)


def _is_section(document: ConfigDocument, environment: str) -> bool:
    return isinstance(document.get("env", environment), dict)

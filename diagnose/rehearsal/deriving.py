"""An account as if the project had just been deployed, for those who have none to show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.embedded import Blueprint, BlueprintDatabase, derive
from diagnose.rehearsal.assuming import database_id
from diagnose.rehearsal.consuming import find_consumers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from diagnose.embedded import EmbeddedAccount
    from diagnose.project import D1Binding, Project
    from diagnose.project.bindings import WorkerConfig


def derive_account(project: Project) -> EmbeddedAccount:
    """An embedded account with the project's databases, migrated, and its queues; nothing else.

    The databases and queues of the project's other workers that consume what it sends are among them.

    Raises:
        D1Error: a migration does not run.
        ProjectError: a migration cannot be read.
        RefusalError: a database or a queue has a name that the account does not take.
    """
    return derive(blueprint_of(project), limits=project.settings.limits.d1)


def blueprint_of(project: Project) -> Blueprint:
    """The databases and queues of the project, and of its other workers that consume what it sends.

    Raises:
        ProjectError: a migration cannot be read.
    """
    databases: dict[str, BlueprintDatabase] = {}
    queues: dict[str, None] = {}
    for one in (project, *find_consumers(project).projects):
        if one.config is None:
            continue
        queues |= dict.fromkeys(queue_names(one.config))
        for binding in one.config.d1:
            known = databases.get(database_id(binding))
            if known is None or not known.migrations:
                databases[database_id(binding)] = _blueprint(one, binding)
    return Blueprint(script="", databases=tuple(_told_apart(databases.values())), queues=tuple(queues))


def _blueprint(project: Project, binding: D1Binding) -> BlueprintDatabase:
    uuid = database_id(binding)
    return BlueprintDatabase(
        uuid=uuid,
        name=binding.database_name or binding.binding,
        migrations=tuple(migration.sql for migration in project.migrations(binding)),
    )


def _told_apart(databases: Iterable[BlueprintDatabase]) -> Iterator[BlueprintDatabase]:
    """The databases under names of their own, as an account demands: the first of a name has it."""
    taken: set[str] = set()
    for database in databases:
        name = database.name if database.name not in taken else f"{database.name}-{database.uuid[:8]}"
        taken.add(name)
        yield replace(database, name=name)


def queue_names(config: WorkerConfig) -> tuple[str, ...]:
    """Every queue that a config names: that it sends to, that it consumes, and for dead letters."""
    named = [producer.queue for producer in config.producers]
    for consumer in config.consumers:
        named += [consumer.queue, consumer.dead_letter_queue]
    return tuple(dict.fromkeys(name for name in named if name))

"""An account as if the project had just been deployed, for those who have none to show."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from diagnose.embedded import Blueprint, BlueprintDatabase, derive

if TYPE_CHECKING:
    from diagnose.embedded import EmbeddedAccount
    from diagnose.project import D1Binding, Project
    from diagnose.project.bindings import WorkerConfig

ASSUMED = UUID("6c1c9d0e-6f0b-4f5a-9a3e-d1a90d1a90d1")
"""Namespace of the ids that stand in for those a deploy would fill in."""


def derive_account(project: Project) -> EmbeddedAccount:
    """An embedded account with the project's databases, migrated, and its queues; nothing else.

    Raises:
        D1Error: a migration does not run.
        ProjectError: a migration cannot be read.
        RefusalError: a database or a queue has a name that the account does not take.
    """
    bindings = project.config.d1 if project.config else ()
    databases: dict[str, BlueprintDatabase] = {}
    for binding in bindings:
        uuid = database_id(binding)
        if uuid not in databases:
            databases[uuid] = BlueprintDatabase(
                uuid=uuid,
                name=f"{binding.database_name or binding.binding}-{uuid[:8]}",
                migrations=tuple(migration.sql for migration in project.migrations(binding)),
            )
    queues = queue_names(project.config) if project.config else ()
    return derive(Blueprint(script="", databases=tuple(databases.values()), queues=queues))


def queue_names(config: WorkerConfig) -> tuple[str, ...]:
    """Every queue that a config names: that it sends to, that it consumes, and for dead letters."""
    named = [producer.queue for producer in config.producers]
    for consumer in config.consumers:
        named += [consumer.queue, consumer.dead_letter_queue]
    return tuple(dict.fromkeys(name for name in named if name))


def database_id(binding: D1Binding) -> str:
    """The configured id; where there is none or a placeholder, one that stays the same for the binding."""
    try:
        return str(UUID(binding.database_id or ""))
    except ValueError:
        return str(uuid5(ASSUMED, binding.binding))

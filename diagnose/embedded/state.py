"""What an embedded account holds besides rows and messages: databases, workers, queues.

Values only. A change makes a new `AccountState`; the store writes it before anybody sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, Self, TypeAlias

from diagnose.d1.limits import LIMITS
from diagnose.embedded.states.workers import (
    SECRET_TYPES,
    Binding,
    DeploymentState,
    Module,
    ScheduleState,
    ScriptSettings,
    ScriptState,
    SecretText,
    VersionState,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model import Json

__all__ = [
    "DEFAULT_ACCOUNT_ID",
    "SECRET_TYPES",
    "AccountState",
    "Binding",
    "ConsumerSettings",
    "ConsumerState",
    "DatabaseSettings",
    "DatabaseState",
    "DeploymentState",
    "Module",
    "Plan",
    "QueueState",
    "ScheduleState",
    "ScriptSettings",
    "ScriptState",
    "SecretText",
    "VersionState",
    "timestamp",
    "timestamp_of",
]

Plan: TypeAlias = Literal["free", "paid"]
ConsumerType: TypeAlias = Literal["worker", "http_pull"]

DEFAULT_ACCOUNT_ID: Final = "00000000000000000000000000000d1a"
_WORKER_DEFAULTS: Final[Mapping[str, Json]] = {"default_usage_model": "standard", "green_compute": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """Where a database would be.

    Attributes:
        location: the hint that it was created with.
        jurisdiction: that it stays in, or None.
        read_replication: whether there would be copies for reading.
    """

    location: str = "weur"
    jurisdiction: str | None = None
    read_replication: Literal["auto", "disabled"] = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """One D1 database; its rows live in the engine. `created_at` is ISO 8601 in UTC."""

    uuid: str
    name: str
    created_at: str
    settings: DatabaseSettings = field(default_factory=DatabaseSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerSettings:
    """How messages are handed to a consumer; the defaults are the platform's.

    Attributes:
        batch_size: messages per delivery at most.
        max_retries: deliveries of one message beyond the first.
        max_wait_time_ms: that a batch waits to become full.
        retry_delay: seconds before a retry that does not say.
        max_concurrency: invocations at a time; None lets the platform decide.
        visibility_timeout_ms: that a pulled message stays hidden; of `http_pull` consumers only.
        dead_letter_queue: name of the queue for messages whose retries are used up; None deletes them.
    """

    batch_size: int = int(LIMITS.queues.default_batch_size)
    max_retries: int = int(LIMITS.queues.default_retries)
    max_wait_time_ms: int = int(LIMITS.queues.default_batch_timeout) * 1000
    retry_delay: int = 0
    max_concurrency: int | None = None
    visibility_timeout_ms: int = int(LIMITS.queues.default_visibility_seconds) * 1000
    dead_letter_queue: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerState:
    """What takes messages from a queue: a worker, or whoever pulls them over HTTP (`script` is None)."""

    id: str
    created_on: str
    type: ConsumerType = "worker"
    script: str | None = None
    settings: ConsumerSettings = field(default_factory=ConsumerSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """One queue; its messages live in the message store.

    Attributes:
        id: 32 hexadecimal digits.
        delivery_delay: seconds before a message is delivered whose sender does not say.
        delivery_paused: messages are taken and not delivered.
        message_retention_period: seconds that an undelivered message is kept.
        purged_on: when its messages were last deleted, or None.
    """

    id: str
    name: str
    created_on: str
    modified_on: str
    delivery_delay: int = 0
    delivery_paused: bool = False
    message_retention_period: int = int(LIMITS.queues.default_retention_seconds)
    consumer: ConsumerState | None = None
    purged_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """Everything but rows and messages.

    `databases` is keyed by UUID, `scripts` by name, `queues` by id, all in order of creation. Without a
    `subdomain` nothing answers at workers.dev. `worker_defaults` is what the API calls account settings.
    """

    account_id: str = DEFAULT_ACCOUNT_ID
    name: str = "Embedded account"
    created_on: str = ""
    subdomain: str = "embedded"
    worker_defaults: Mapping[str, Json] = field(default_factory=lambda: dict(_WORKER_DEFAULTS))
    databases: Mapping[str, DatabaseState] = field(default_factory=dict)
    scripts: Mapping[str, ScriptState] = field(default_factory=dict)
    queues: Mapping[str, QueueState] = field(default_factory=dict)

    def with_database(self, database: DatabaseState) -> Self:
        """The same account with that database added."""
        return replace(self, databases={**self.databases, database.uuid: database})

    def without_database(self, uuid: str) -> Self:
        """The same account without that database."""
        return replace(self, databases={k: v for k, v in self.databases.items() if k != uuid})

    def with_script(self, script: ScriptState) -> Self:
        """The same account with that worker added or replaced."""
        return replace(self, scripts={**self.scripts, script.name: script})

    def without_script(self, name: str) -> Self:
        """The same account without that worker."""
        return replace(self, scripts={k: v for k, v in self.scripts.items() if k != name})

    def with_queue(self, queue: QueueState) -> Self:
        """The same account with that queue added or replaced."""
        return replace(self, queues={**self.queues, queue.id: queue})

    def without_queue(self, queue_id: str) -> Self:
        """The same account without that queue."""
        return replace(self, queues={k: v for k, v in self.queues.items() if k != queue_id})

    def queue_named(self, name: str) -> QueueState | None:
        """The queue of exactly that name, or None."""
        return next((queue for queue in self.queues.values() if queue.name == name), None)


def timestamp() -> str:
    """Now, as the API writes it: `2026-01-01T00:00:00.000Z`."""
    return _written(datetime.now(UTC))


def timestamp_of(milliseconds: int) -> str:
    """A moment since the epoch, as the API writes it."""
    return _written(datetime.fromtimestamp(milliseconds / 1000, UTC))


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

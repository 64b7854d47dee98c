"""What a worker's config gives it: bindings, consumers, and the rest that a deploy needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model import Json, Location
    from diagnose.project.document import ConfigDocument, Keys

DEFAULT_MIGRATIONS_DIR = "migrations"
DEFAULT_MIGRATIONS_TABLE = "d1_migrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class D1Binding:
    """One entry of `d1_databases`. An absent `database_id` is legal: wrangler then creates the database.

    Attributes:
        migrations_dir: as written, relative to the config file.
        migrations_pattern: a glob relative to the config file, or None for `*.sql` in that folder.
        keys: where the entry stands in the document.
    """

    binding: str
    database_name: str | None = None
    database_id: str | None = None
    preview_database_id: str | None = None
    migrations_dir: str = DEFAULT_MIGRATIONS_DIR
    migrations_table: str = DEFAULT_MIGRATIONS_TABLE
    migrations_pattern: str | None = None
    keys: Keys = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueProducer:
    """One entry of `queues.producers`; `delivery_delay` is in seconds."""

    binding: str
    queue: str | None = None
    delivery_delay: float | None = None
    keys: Keys = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueConsumer:
    """One entry of `queues.consumers`; None: the platform's default.

    `max_batch_timeout` and `retry_delay` are in seconds.
    """

    queue: str | None = None
    max_batch_size: int | None = None
    max_batch_timeout: float | None = None
    max_retries: int | None = None
    dead_letter_queue: str | None = None
    max_concurrency: int | None = None
    retry_delay: float | None = None
    visibility_timeout_ms: int | None = None
    type: str | None = None
    keys: Keys = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherBinding:
    """A binding of which the diagnosis needs no more than name and kind.

    Attributes:
        kind: the API's type, such as `kv_namespace`, `r2_bucket`, `service`, `durable_object_namespace`,
            `plain_text` and `json` (from `vars`), `secret_text` (from `secrets.required`).
        settings: the entry as written.
    """

    binding: str
    kind: str
    settings: Mapping[str, Json] = field(default_factory=dict)
    keys: Keys = ()
    location: Location | None = None


Binding: TypeAlias = D1Binding | QueueProducer | OtherBinding


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """What one environment of a config document says, with wrangler's inheritance applied.

    Attributes:
        environment: the name given with `--env`, or None for the top level.
        name: of the deployed script; `name-environment` unless the environment has its own.
        main: the entry module as written, relative to the config file.
        crons: None where nothing is said (a deploy leaves the schedules alone), `()` where they are removed.
        routes: patterns of `route` and `routes`, custom domains included.
        others: every binding that is neither D1 nor a queue producer; variables and required secrets, too.
    """

    document: ConfigDocument
    environment: str | None = None
    name: str | None = None
    main: str | None = None
    compatibility_date: str | None = None
    compatibility_flags: tuple[str, ...] = ()
    d1: tuple[D1Binding, ...] = ()
    producers: tuple[QueueProducer, ...] = ()
    consumers: tuple[QueueConsumer, ...] = ()
    crons: tuple[str, ...] | None = None
    routes: tuple[str, ...] = ()
    workers_dev: bool | None = None
    vars: Mapping[str, Json] = field(default_factory=dict)
    others: tuple[OtherBinding, ...] = ()
    account_id: str | None = None

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """Every binding: D1, queue producers, others."""
        return (*self.d1, *self.producers, *self.others)

    @property
    def section(self) -> Keys:
        """Where bindings stand, which are not inherited: an environment that has a section has its own."""
        if self.environment is not None and isinstance(self.document.get("env", self.environment), dict):
            return ("env", self.environment)
        return ()

    @property
    def is_at_workers_dev(self) -> bool:
        """Whether a deploy lets the worker answer at workers.dev: unless it is told not to, or has routes.

        https://developers.cloudflare.com/workers/wrangler/configuration/
        """
        return not self.routes if self.workers_dev is None else self.workers_dev

    def binding(self, name: str) -> Binding | None:
        """The first binding of that name, or None."""
        return next((binding for binding in self.bindings if binding.binding == name), None)

    def locate(self, *keys: str | int) -> Location | None:
        """Where a key stands: in the environment's own section, else at the top level (inherited)."""
        if self.environment is not None:
            own = self.document.locate("env", self.environment, *keys)
            if own is not None:
                return own
        return self.document.locate(*keys)

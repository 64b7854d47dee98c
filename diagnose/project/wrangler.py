"""From a config document to what one environment of it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagnose.project.bindings import (
    DEFAULT_MIGRATIONS_DIR,
    DEFAULT_MIGRATIONS_TABLE,
    D1Binding,
    OtherBinding,
    QueueConsumer,
    QueueProducer,
    WorkerConfig,
)
from diagnose.project.environments import effective_data
from diagnose.project.other_bindings import other_bindings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.project.document import ConfigDocument, Keys


def read_config(document: ConfigDocument, environment: str | None = None) -> WorkerConfig:
    """What the document says for an environment. A value of the wrong type counts as absent.

    Raises:
        UsageError: the environment does not exist while others do.
    """
    reader = _Reader(document, environment)
    return WorkerConfig(
        document=document,
        environment=environment,
        name=reader.text("name"),
        main=reader.text("main"),
        compatibility_date=reader.date("compatibility_date"),
        compatibility_flags=_texts(reader.data.get("compatibility_flags")),
        d1=tuple(reader.d1()),
        producers=tuple(reader.producers()),
        consumers=tuple(reader.consumers()),
        crons=reader.crons(),
        routes=tuple(reader.routes()),
        workers_dev=_flag(reader.data.get("workers_dev")),
        vars=_table(reader.data.get("vars")),
        others=reader.others(),
        account_id=reader.text("account_id"),
    )


class _Reader:
    """The effective data of one environment, and where each key of it stands."""

    def __init__(self, document: ConfigDocument, environment: str | None) -> None:
        self.data = effective_data(document, environment)
        self._document = document
        self._environment = environment

    def keys(self, key: str) -> Keys:
        """The path of a top-level key in the document: in the environment's section, or inherited."""
        if self._environment is not None:
            own: Keys = ("env", self._environment, key)
            if self._document.get(*own) is not None:
                return own
        return (key,)

    def text(self, key: str) -> str | None:
        return _text(self.data.get(key))

    def date(self, key: str) -> str | None:
        """TOML has dates; a config may hold one without quotes."""
        value = self.data.get(key)
        return None if value is None else str(value)

    def entries(self, key: str, *below: str) -> Iterator[tuple[Keys, Mapping[str, Any]]]:
        """The tables of an array, each with its path in the document."""
        value = self.data.get(key)
        for name in below:
            value = _table(value).get(name)
        for index, entry in enumerate(value if isinstance(value, list) else ()):
            if isinstance(entry, dict):
                yield (*self.keys(key), *below, index), entry

    def d1(self) -> Iterator[D1Binding]:
        for keys, entry in self.entries("d1_databases"):
            if (binding := _text(entry.get("binding"))) is not None:
                yield D1Binding(
                    binding=binding,
                    database_name=_text(entry.get("database_name")),
                    database_id=_text(entry.get("database_id")),
                    preview_database_id=_text(entry.get("preview_database_id")),
                    migrations_dir=_text(entry.get("migrations_dir")) or DEFAULT_MIGRATIONS_DIR,
                    migrations_table=_text(entry.get("migrations_table")) or DEFAULT_MIGRATIONS_TABLE,
                    migrations_pattern=_text(entry.get("migrations_pattern")),
                    keys=keys,
                    location=self._document.locate(*keys),
                )

    def producers(self) -> Iterator[QueueProducer]:
        for keys, entry in self.entries("queues", "producers"):
            if (binding := _text(entry.get("binding"))) is not None:
                yield QueueProducer(
                    binding=binding,
                    queue=_text(entry.get("queue")),
                    delivery_delay=_number(entry.get("delivery_delay")),
                    keys=keys,
                    location=self._document.locate(*keys),
                )

    def consumers(self) -> Iterator[QueueConsumer]:
        for keys, entry in self.entries("queues", "consumers"):
            yield QueueConsumer(
                queue=_text(entry.get("queue")),
                max_batch_size=_count(entry.get("max_batch_size")),
                max_batch_timeout=_number(entry.get("max_batch_timeout")),
                max_retries=_count(entry.get("max_retries")),
                dead_letter_queue=_text(entry.get("dead_letter_queue")),
                max_concurrency=_count(entry.get("max_concurrency")),
                retry_delay=_number(entry.get("retry_delay")),
                visibility_timeout_ms=_count(entry.get("visibility_timeout_ms")),
                type=_text(entry.get("type")),
                keys=keys,
                location=self._document.locate(*keys),
            )

    def crons(self) -> tuple[str, ...] | None:
        crons = _table(self.data.get("triggers")).get("crons")
        return _texts(crons) if isinstance(crons, list) else None

    def routes(self) -> Iterator[str]:
        """Patterns; a route is a text or a table with a `pattern`."""
        several = self.data.get("routes")
        for route in (self.data.get("route"), *(several if isinstance(several, list) else ())):
            pattern = _text(_table(route).get("pattern")) if isinstance(route, dict) else _text(route)
            if pattern is not None:
                yield pattern

    def others(self) -> tuple[OtherBinding, ...]:
        return tuple(
            OtherBinding(
                binding=name,
                kind=kind,
                settings=settings,
                keys=(keys := (*self.keys(str(path[0])), *path[1:])),
                location=self._document.locate(*keys),
            )
            for name, kind, settings, path in other_bindings(self.data)
        )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None

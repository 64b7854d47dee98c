"""Consumers that are attached to queues otherwise than a config says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.steps.consumer import AttachConsumer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from diagnose.account import ConsumerSpec, QueueInfo
    from diagnose.model import Json
    from diagnose.project import WorkerConfig

# The config's name for each setting of the API; times are in seconds there.
_KEYS: Final[Mapping[str, str]] = {
    "batch_size": "max_batch_size",
    "max_retries": "max_retries",
    "max_wait_time_ms": "max_batch_timeout",
    "retry_delay": "retry_delay",
    "max_concurrency": "max_concurrency",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftedConsumer:
    """One queue that a worker consumes otherwise than the config says.

    Attributes:
        settings: by the config's keys, as they are attached; of a declared consumer only those that differ,
            with None for a key that is not set in the account.
        declared: the config has an entry for it.
    """

    queue: str
    settings: Mapping[str, Json]
    declared: bool

    def told(self) -> str:
        """The settings in words."""
        return ", ".join(f"{key} is {_written(value)}" for key, value in self.settings.items())


def drifted_consumers(
    config: WorkerConfig, worker: str, queues: Iterable[QueueInfo]
) -> tuple[DriftedConsumer, ...]:
    """The queues of an account that the worker consumes and the config does not say, or says otherwise.

    What the config says and nothing consumes is the business of QUE003.
    """
    return tuple(_drifted(config, worker, queues))


def _drifted(config: WorkerConfig, worker: str, queues: Iterable[QueueInfo]) -> Iterator[DriftedConsumer]:
    for queue in queues:
        attached = queue.consumer_of(worker)
        if attached is None:
            continue
        entry = next((each for each in config.consumers if each.queue == queue.name), None)
        if entry is None:
            yield DriftedConsumer(queue=queue.name, settings=_settings(attached.spec), declared=False)
        elif not (wanted := AttachConsumer.of(entry, worker).spec).is_met_by(attached.spec):
            yield DriftedConsumer(queue=queue.name, settings=_changed(wanted, attached.spec), declared=True)


def _settings(spec: ConsumerSpec) -> dict[str, Json]:
    """All that is set, by the config's keys."""
    found = {_KEYS[key]: _in_seconds(key, value) for key, value in spec.settings.items() if key in _KEYS}
    return {
        **{key: value for key, value in found.items() if value is not None},
        **({} if spec.dead_letter_queue is None else {"dead_letter_queue": spec.dead_letter_queue}),
    }


def _changed(wanted: ConsumerSpec, attached: ConsumerSpec) -> dict[str, Json]:
    """What is attached of everything that the config says otherwise."""
    changed = {
        _KEYS[key]: _in_seconds(key, attached.settings.get(key))
        for key, value in wanted.settings.items()
        if key in _KEYS and attached.settings.get(key) != value
    }
    if wanted.dead_letter_queue != attached.dead_letter_queue:
        changed["dead_letter_queue"] = attached.dead_letter_queue
    return changed


def _in_seconds(key: str, value: Json) -> Json:
    if not key.endswith("_ms") or not isinstance(value, int | float):
        return value
    seconds = value / 1000
    return int(seconds) if seconds.is_integer() else seconds


def _written(value: Json) -> str:
    return "not set" if value is None else str(value)

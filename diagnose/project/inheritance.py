"""What the source uses and an environment of the config lacks, because only another section declares it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.project.environments import environment_names
from diagnose.project.wrangler import read_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from diagnose.model import Location
    from diagnose.project.bindings import Binding, WorkerConfig
    from diagnose.project.document import ConfigDocument, Keys
    from diagnose.project.source.model import Source

CONSUMERS: Final = "queues.consumers"
_SECRET: Final = "secret_text"  # noqa: S105 - a kind of binding; its values are set for each environment


@dataclass(frozen=True, slots=True, kw_only=True)
class NotInherited:
    """A key that one section of the config lacks and another has.

    Attributes:
        environment: the section that lacks it, or None for the top level.
        key: such as `d1_databases`, `vars` or `queues.consumers`.
        names: of the bindings; of the queues for consumers.
        entries: where they are declared.
        declared_in: the environment that has it, or None for the top level.
        function: that reads the first of them, or the handler that consumes.
        used_at: where it does.
    """

    environment: str | None
    key: str
    names: tuple[str, ...]
    entries: tuple[Keys, ...]
    declared_in: str | None
    function: str
    used_at: Location

    @property
    def is_value(self) -> bool:
        """A variable, which a secret of the same name may stand in for."""
        return self.key == "vars"


def not_inherited(document: ConfigDocument, source: Source) -> tuple[NotInherited, ...]:
    """What each environment lacks of the top level, and the top level of the environments.

    An environment with an entry module of its own runs other code and is left out.
    """
    top = read_config(document)
    environments = [read_config(document, name) for name in environment_names(document)]
    same = [config for config in environments if config.main == top.main]
    found = [missing for config in same for missing in _lacking(config, top, source)]
    return (*found, *_only_in_environments(top, same, source))


def _lacking(config: WorkerConfig, top: WorkerConfig, source: Source) -> Iterator[NotInherited]:
    used = _used(source)
    yield from _grouped(config, top, (one for one in top.bindings if one.binding in used), used)
    handler = source.handler("queue")
    consumers = [each for each in top.consumers if each.queue and each.type != "http_pull"]
    if handler is not None and consumers and not config.consumers:
        yield NotInherited(
            environment=config.environment,
            key=CONSUMERS,
            names=tuple(each.queue or "" for each in consumers),
            entries=tuple(each.keys for each in consumers),
            declared_in=None,
            function=f"{handler.class_name}.{handler.name}" if handler.class_name else handler.name,
            used_at=handler.location,
        )


def _only_in_environments(
    top: WorkerConfig, environments: Iterable[WorkerConfig], source: Source
) -> Iterator[NotInherited]:
    """Each name once, for the first environment that declares it."""
    used, seen = _used(source), set[str]()
    for config in environments:
        own = [one for one in config.bindings if one.binding in used and one.binding not in seen]
        seen.update(one.binding for one in own)
        yield from _grouped(top, config, own, used)


def _grouped(
    config: WorkerConfig,
    other: WorkerConfig,
    declared: Iterable[Binding],
    used: Mapping[str, tuple[str, Location]],
) -> Iterator[NotInherited]:
    """The bindings of another section that a section lacks, by their key in the config."""
    groups: dict[str, list[Binding]] = {}
    for binding in declared:
        if config.binding(binding.binding) is None and getattr(binding, "kind", None) != _SECRET:
            groups.setdefault(_key(binding, other), []).append(binding)
    for key, bindings in groups.items():
        function, place = used[bindings[0].binding]
        yield NotInherited(
            environment=config.environment,
            key=key,
            names=tuple(binding.binding for binding in bindings),
            entries=tuple(binding.keys for binding in bindings),
            declared_in=other.environment,
            function=function,
            used_at=place,
        )


def _key(binding: Binding, config: WorkerConfig) -> str:
    keys = binding.keys
    depth = 2 if config.environment is not None and keys[:2] == ("env", config.environment) else 0
    return str(keys[depth])


def _used(source: Source) -> dict[str, tuple[str, Location]]:
    """Names that handlers read without providing for their absence, each with the first place."""
    used: dict[str, tuple[str, Location]] = {}
    for use in source.binding_uses:
        if use.reachable and not use.guarded:
            used.setdefault(use.binding, (use.function, use.location))
    return used

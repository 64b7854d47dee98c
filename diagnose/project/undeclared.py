"""Bindings that the source reads and the config does not declare."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from diagnose.project.environments import environment_names
from diagnose.project.source import ir
from diagnose.project.source.editing import Edit, apply_edits, parses
from diagnose.project.source.python import lower
from diagnose.project.wrangler import read_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.bindings import Binding, WorkerConfig
    from diagnose.project.source.model import BindingUse, Source

Kind: TypeAlias = Literal["d1", "queue", "other"]

_D1_METHODS: Final = frozenset({"prepare", "batch", "exec", "withSession"})
_QUEUE_METHODS: Final = frozenset({"send", "sendBatch"})
_VALUES: Final = frozenset({"plain_text", "json", "secret_text"})
# Methods of other bindings that a text, a number or a table of `vars` does not have.
_OTHER_METHODS: Final = frozenset(
    {"put", "delete", "list", "getWithMetadata", "head", "fetch", "idFromName", "idFromString", "newUniqueId"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undeclared:
    """A name that the source reads from `env` and the config does not declare.

    Attributes:
        kind: of binding that the methods called on it need.
        worst: the read that fails most surely: with a method, reachable and unguarded where there is one.
        declared: names of bindings of that kind.
        unused: those among them that the source does not read.
        meant: the declared binding that it most likely should be, or None; of those that no handler reads,
            if there are some.
        elsewhere: other environments (`""` is the top level) that declare it.
    """

    name: str
    kind: Kind
    worst: BindingUse
    declared: tuple[str, ...]
    unused: tuple[str, ...]
    meant: str | None
    elsewhere: tuple[str, ...]

    @property
    def is_slip(self) -> bool:
        """Whether the name differs so little from what is meant that it must be a slip of the pen."""
        return self.meant is not None and _resembling(self.name, (self.meant,)) is not None

    @property
    def breaks(self) -> bool:
        """Whether a handler leads to a D1 or queue method that is called on it unguarded."""
        return self.kind != "other" and self.worst.reachable and not self.worst.guarded


def undeclared_bindings(source: Source, config: WorkerConfig) -> tuple[Undeclared, ...]:
    """The undeclared names that need a binding, or resemble one; a plain read is most likely a secret."""
    declared = {binding.binding for binding in config.bindings}
    names = dict.fromkeys(use.binding for use in source.binding_uses if use.binding not in declared)
    found = (_undeclared(name, source, config) for name in names)
    return tuple(each for each in found if each is not None)


def renamed_in_source(source: Source, old: str, new: str) -> dict[str, str] | None:
    """The modules that change when `env.OLD` becomes `env.NEW`, or None where a read has another form."""
    places = {use.location for use in source.binding_uses if use.binding == old}
    texts: dict[str, str] = {}
    for path in dict.fromkeys(place.path for place in places):
        text = source.text(path)
        reads = [
            node
            for node in ir.walk(*lower(text, path))
            if isinstance(node, ir.Attribute) and node.name == old and node.span.location in places
        ]
        edits = [Edit(node.span.end - len(old), node.span.end, new) for node in reads]
        if {node.span.location for node in reads} != {place for place in places if place.path == path}:
            return None
        texts[path] = apply_edits(text, edits)
        if not parses(texts[path]):
            return None
    return texts


def stands_once(config: WorkerConfig, binding: Binding) -> bool:
    """Whether no other environment of the config declares a binding of that name."""
    return not any(_elsewhere(config, binding.binding))


def _undeclared(name: str, source: Source, config: WorkerConfig) -> Undeclared | None:
    uses = tuple(use for use in source.binding_uses if use.binding == name)
    kind = _kind(uses)
    read = {use.binding for use in source.binding_uses}
    declared = _declared(config, kind)
    unused = tuple(each for each in declared if each not in read)
    reached = {use.binding for use in source.binding_uses if use.reachable}
    idle = tuple(each for each in declared if each not in reached)
    plain = kind == "other" and not any(use.method in _OTHER_METHODS for use in uses)
    meant = _resembling(name, unused) if kind == "other" else _meant(name, declared, idle)
    if plain and (meant is None or all(use.guarded for use in uses)):
        return None
    return Undeclared(
        name=name,
        kind=kind,
        worst=min(uses, key=lambda use: (_rank(use), not use.reachable, use.guarded)),
        declared=declared,
        unused=unused,
        meant=meant,
        elsewhere=tuple(_elsewhere(config, name)),
    )


def _kind(uses: tuple[BindingUse, ...]) -> Kind:
    methods = {use.method for use in uses}
    return "d1" if methods & _D1_METHODS else "queue" if methods & _QUEUE_METHODS else "other"


def _rank(use: BindingUse) -> bool:
    return use.method not in _D1_METHODS | _QUEUE_METHODS


def _declared(config: WorkerConfig, kind: Kind) -> tuple[str, ...]:
    match kind:
        case "d1":
            return tuple(binding.binding for binding in config.d1)
        case "queue":
            return tuple(binding.binding for binding in config.producers)
        case "other":
            return tuple(binding.binding for binding in config.others if binding.kind not in _VALUES)


def _resembling(name: str, unused: tuple[str, ...]) -> str | None:
    """Only a slip of the pen tells a binding from a secret, or one of several kinds from another."""
    return next(iter(get_close_matches(name, unused, n=1, cutoff=0.8)), None)


def _meant(name: str, declared: tuple[str, ...], unused: tuple[str, ...]) -> str | None:
    same = [each for each in unused if each.lower() == name.lower()]
    if len(unused) == 1 or len(same) == 1:
        return (same or list(unused))[0]
    close = get_close_matches(name, unused or declared, n=1, cutoff=0.6)
    return close[0] if close else declared[0] if len(declared) == 1 else None


def _elsewhere(config: WorkerConfig, name: str) -> Iterator[str]:
    for environment in (None, *environment_names(config.document)):
        if environment != config.environment:
            other = read_config(config.document, environment)
            if other.binding(name) is not None:
                yield environment or ""

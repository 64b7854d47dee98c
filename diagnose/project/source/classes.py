"""Classes that list their fields: dataclasses and named tuples, and what their library makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.values import (
    ClassValue,
    Constant,
    DictValue,
    InstanceValue,
    Item,
    ListValue,
    unknown,
)

if TYPE_CHECKING:
    from diagnose.project.source.values import Value


_ENUMERATIONS = {"Enum", "IntEnum", "StrEnum"}


def fields_of(owner: ClassValue) -> list[str]:
    """The annotated names of a class, those of its project bases first; no class variables."""
    inherited = [name for base in owner.bases if isinstance(base, ClassValue) for name in fields_of(base)]
    own = [
        target.name
        for statement in owner.definition.body
        if isinstance(statement, ir.Assign) and _is_of_instances(statement.annotation)
        for target in statement.targets
        if isinstance(target, ir.Name)
    ]
    return list(dict.fromkeys([*inherited, *own]))


def _is_of_instances(annotation: str | None) -> bool:
    return annotation is not None and "ClassVar" not in annotation


def described(owner: ClassValue) -> ListValue:
    """`fields(Entry)`: objects with a name."""
    names = (DictValue((("name", _text(name)),), complete=False) for name in fields_of(owner))
    return ListValue(tuple(Item(name) for name in names), "tuple")


def names(owner: ClassValue) -> ListValue:
    """`Entry._fields` of a named tuple."""
    return ListValue(tuple(_text(name) for name in fields_of(owner)), "tuple")


def as_dict(instance: InstanceValue) -> DictValue:
    """`asdict(entry)`."""
    return DictValue(tuple(_members(instance)))


def as_tuple(instance: InstanceValue) -> ListValue:
    """`astuple(entry)`, `tuple(entry)` of a named tuple."""
    return ListValue(tuple(item for _, item in _members(instance)), "tuple")


def enumerated(owner: ClassValue) -> int | None:
    """The number of members of an `Enum`, or None for any other class."""
    bases = [getattr(base, "name", "") for base in owner.bases]
    if not any(name.rpartition(".")[2] in _ENUMERATIONS for name in bases):
        return None
    return sum(
        1
        for statement in owner.definition.body
        if isinstance(statement, ir.Assign) and statement.annotation is None and statement.value is not None
    )


def _members(instance: InstanceValue) -> list[tuple[str, Item]]:
    values = dict(instance.attributes)
    return [(name, Item(values.get(name, unknown(name)), name)) for name in fields_of(instance.owner)]


def _text(name: str) -> Item:
    return Item(Constant(name), repr(name))


def described_by(value: Value) -> ClassValue | None:
    """The class that `fields(…)` is asked about: a class, or the class of an object."""
    if isinstance(value, ClassValue):
        return value
    return value.owner if isinstance(value, InstanceValue) else None

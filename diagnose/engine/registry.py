"""Finds checks and fixes through the entry points `diagnose.checks` and `diagnose.fixes`.

The built-ins come the same way as those of third parties. An entry point may name a class, a module,
or a package (then every module in it is searched).
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import re
import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

import diagnose
from diagnose.errors import PluginError
from diagnose.plugin import Check, Fix, Safety, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKS, FIXES = "diagnose.checks", "diagnose.fixes"
OWN_PACKAGES = ("checks", "fixes")
CODE = re.compile(r"[A-Z][A-Z0-9]{0,6}[A-Z]\d{3}")

Kind = TypeVar("Kind", Check, Fix)


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that can be run, by code, and what could not be loaded.

    Attributes:
        checks: in catalogue order: family by family, number by number.
        problems: one error for each plug-in that could not be loaded; never raised.
    """

    checks: dict[str, type[Check]]
    fixes: dict[str, type[Fix]]
    problems: tuple[PluginError, ...]

    def find(self, text: str) -> type[Check] | None:
        """The check with this code or name, in any letter case."""
        wanted = text.strip().lower()
        return next((c for c in self.checks.values() if wanted in {c.code.lower(), c.name.lower()}), None)


def load_registry() -> Registry:
    """Load all plug-ins; a broken one becomes an entry in `problems`."""
    problems: list[PluginError] = []
    import_own_packages()
    checks = _collect(CHECKS, Check, problems)  # type: ignore[type-abstract] # asked for its subclasses
    fixes = _collect(FIXES, Fix, problems)  # type: ignore[type-abstract] # idem
    for code in sorted(fixes.keys() - checks.keys()):
        problems.append(PluginError(f"the fix {code} belongs to no check", where=fixes[code].__module__))
        del fixes[code]
    return Registry(checks=checks, fixes=fixes, problems=tuple(problems))


def import_own_packages() -> None:
    """Import `checks` and `fixes` from beside this package, whatever else bears those names.

    A project may well have a folder `checks` of its own in the working directory or on the path.
    """
    home = str(Path(diagnose.__file__).resolve().parent.parent)
    for name in OWN_PACKAGES:
        if not _stands_in(sys.modules.get(name), home):
            for module in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
                del sys.modules[module]
            _import_from(home, name)


def _stands_in(module: ModuleType | None, home: str) -> bool:
    places = [str(Path(place).resolve().parent) for place in getattr(module, "__path__", [])]
    return home in places


def _import_from(folder: str, name: str) -> None:
    spec = PathFinder.find_spec(name, [folder])
    if spec is None or spec.loader is None:
        raise PluginError(f"the package `{name}` is missing", where=folder, hint="install diagnose again")
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)


def _collect(group: str, kind: type[Kind], problems: list[PluginError]) -> dict[str, type[Kind]]:
    found: dict[str, type[Kind]] = {}
    families: dict[str, int] = {}
    entries = {(entry.name, entry.value): entry for entry in importlib.metadata.entry_points(group=group)}
    for entry in sorted(entries.values(), key=lambda entry: (_order(entry.value), entry.value)):
        try:
            for member in _members(entry.load(), kind):
                _validate(member, found)
                found[member.code] = member
                families[member.code] = _order(entry.value)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a plug-in may raise anything; it must not end the run
            problems.append(
                PluginError(
                    f"plug-in `{entry.name} = {entry.value}` cannot be used: {type(error).__name__}: {error}",
                    where=f"entry point group {group}",
                    hint="update or uninstall the package that provides it",
                )
            )
    return {code: found[code] for code in sorted(found, key=lambda code: (families[code], code))}


FAMILIES = ("config", "table", "deployment", "limits", "source", "queue", "data", "end_to_end")


def _order(value: str) -> int:
    package, _, family = value.partition(":")[0].partition(".")
    if package in OWN_PACKAGES and family in FAMILIES:
        return FAMILIES.index(family)
    return len(FAMILIES)


def _members(loaded: object, kind: type[Kind]) -> list[type[Kind]]:
    members = sorted(_find_members(loaded, kind), key=lambda member: str(getattr(member, "code", "")))
    if not members:
        raise PluginError(f"it holds no {kind.__name__.lower()}")
    return members


def _find_members(loaded: object, kind: type[Kind]) -> Iterator[type[Kind]]:
    if isinstance(loaded, type) and issubclass(loaded, kind):
        yield loaded
    elif isinstance(loaded, ModuleType):
        for module in _modules(loaded):
            for member in vars(module).values():
                if _is_own(member, kind, module):
                    yield member
    else:
        raise PluginError(f"it is neither a {kind.__name__} class nor a module")


def _is_own(member: object, kind: type[Kind], module: ModuleType) -> bool:
    return (
        isinstance(member, type)
        and issubclass(member, kind)
        and member.__module__ == module.__name__
        and not getattr(member, "__abstractmethods__", None)
    )


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for info in sorted(
        pkgutil.iter_modules(getattr(package, "__path__", []), f"{package.__name__}."),
        key=lambda info: info.name,
    ):
        yield importlib.import_module(info.name)


def _validate(member: type[Kind], found: dict[str, type[Kind]]) -> None:
    code = getattr(member, "code", None)
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise PluginError(f"{member.__qualname__}.code must be letters and three digits, such as ABC001")
    if code in found and found[code] is not member:
        raise PluginError(f"code {code} is taken by {found[code].__module__}")
    if issubclass(member, Check):
        _require(member, "name", str)
        _require(member, "severity", Severity)
        _require(member, "requires", frozenset)
    else:
        _require(member, "safety", Safety)


def _require(member: type[Check | Fix], attribute: str, kind: type) -> None:
    if not isinstance(getattr(member, attribute, None), kind):
        raise PluginError(f"{member.__qualname__}.{attribute} must be a {kind.__name__}")

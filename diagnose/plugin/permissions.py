"""Which permissions the checks and fixes of a run need for one project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diagnose.plugin.check import Check
    from diagnose.plugin.fix import Fix
    from diagnose.project import WorkerConfig

_OPTIONAL: Final = frozenset({"D1", "Queues", "Workers Scripts"})
"""Products whose checks ask nothing where the config does not use them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """One permission, and what needs it.

    Attributes:
        permission: by the dashboard's name, such as `D1 Read`.
        checks: codes of the checks that read with it.
        fixes: codes of the fixes whose steps write with it.
    """

    permission: str
    checks: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()


def needed_permissions(
    checks: Iterable[type[Check]],
    fixes: Iterable[type[Fix]],
    config: WorkerConfig | None,
    *,
    live: bool = False,
) -> tuple[Needed, ...]:
    """What these checks and fixes need, by name; with a config, without what it gives them no cause to ask.

    `live` adds what the checks need to start the deployed worker and to see what it does. A fix may bring in
    what the config does not use yet, such as a queue, so all of its permissions count.
    """
    used = None if config is None else used_products(config)
    reading = _by_permission(
        (check.code, tuple(dict.fromkeys((*check.scopes, *(check.live_scopes if live else ())))))
        for check in checks
    )
    reading = {name: codes for name, codes in reading.items() if used is None or _is_asked(name, used)}
    writing = _by_permission((fix.code, fix.scopes) for fix in fixes)
    return tuple(
        Needed(permission=name, checks=reading.get(name, ()), fixes=writing.get(name, ()))
        for name in sorted({*reading, *writing})
    )


def used_products(config: WorkerConfig) -> frozenset[str]:
    """The products about which there is something to ask."""
    used = {
        "D1": bool(config.d1),
        "Queues": bool(config.producers or config.consumers),
        "Workers Scripts": config.name is not None,
    }
    return frozenset(name for name, is_used in used.items() if is_used)


def _is_asked(permission: str, used: frozenset[str]) -> bool:
    product = permission.rpartition(" ")[0]
    return product not in _OPTIONAL or product in used


def _by_permission(pairs: Iterable[tuple[str, tuple[str, ...]]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for code, scopes in pairs:
        for scope in scopes:
            found[scope] = (*found.get(scope, ()), code)
    return found

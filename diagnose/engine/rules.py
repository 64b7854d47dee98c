"""What a report says about the checks that ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.engine.registry import OWN_PACKAGES
from diagnose.model import Rule

if TYPE_CHECKING:
    from diagnose.engine.registry import Registry
    from diagnose.engine.runner import Selection
    from diagnose.plugin import Check


def rules(registry: Registry, selection: Selection) -> tuple[Rule, ...]:
    """One for each selected check, in catalogue order."""
    return tuple(
        Rule(
            code=check.code,
            name=check.name,
            family=family(check),
            severity=check.severity,
            page=check.page(),
        )
        for check in registry.checks.values()
        if selection.wants(check)
    )


def family(check: type[Check]) -> str:
    """The folder of a built-in check; of another, the letters of its code."""
    package, *below = check.__module__.split(".")
    if package in OWN_PACKAGES and below:
        return below[0]
    return check.code.rstrip("0123456789").lower()

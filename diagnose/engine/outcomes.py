"""The checks of one run: each runs once, whoever asks for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from diagnose.plugin import Need
from diagnose.plugin.outcomes import Outcomes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from diagnose.engine.registry import Registry
    from diagnose.engine.runner import Selection
    from diagnose.model import Finding
    from diagnose.plugin import Check, Fix

STATIC = frozenset({Need.CONFIG, Need.SOURCE})


class RunOutcomes(Outcomes):
    """Runs the selected checks; of the others those that only read files, and only for a check that asks."""

    def __init__(
        self,
        registry: Registry,
        selection: Selection,
        run: Callable[[type[Check]], Awaitable[list[Finding]]],
    ) -> None:
        self._registry = registry
        self._selection = selection
        self._run = run
        self._tasks: dict[str, asyncio.Future[list[Finding]]] = {}

    def start(self, check: type[Check]) -> asyncio.Future[list[Finding]]:
        """The check's run, begun now or before."""
        if check.code not in self._tasks:
            self._tasks[check.code] = asyncio.ensure_future(self._run(check))
        return self._tasks[check.code]

    async def stop(self) -> None:
        """End the checks that are still running, because the run cannot be finished."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def check(self, code: str) -> type[Check] | None:
        """See Outcomes."""
        return self._registry.checks.get(code)

    def codes(self) -> tuple[str, ...]:
        """See Outcomes."""
        return tuple(self._registry.checks)

    def selected(self) -> tuple[type[Check], ...]:
        """See Outcomes."""
        return tuple(check for check in self._registry.checks.values() if self._selection.wants(check))

    def fix(self, code: str) -> type[Fix] | None:
        """See Outcomes."""
        return self._registry.fixes.get(code)

    async def of(self, code: str) -> tuple[Finding, ...] | None:
        """See Outcomes."""
        check = self._registry.checks.get(code)
        if check is None or not self._may_run(check):
            return None
        # Shielded: whoever gives up waiting must not end the check for everybody else.
        return tuple(await asyncio.shield(self.start(check)))

    def _may_run(self, check: type[Check]) -> bool:
        if self._selection.wants(check):
            return True
        return not self._selection.refuses(check) and check.requires <= STATIC

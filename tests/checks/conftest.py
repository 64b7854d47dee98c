"""What the checks of all families share."""

from __future__ import annotations

import pytest

from diagnose.engine.runner import run_check
from diagnose.plugin import Context, Target


@pytest.fixture
def crash():
    """The findings of a check that runs, whatever it requires, in a context that is broken."""

    async def run(check):
        eager = type("Eager", (check,), {"requires": frozenset()})
        return await run_check(eager, Context(project=None, target=Target.OFFLINE))

    return run


@pytest.fixture
def findings(check):
    """What one check finds."""

    async def find(code, folder, **choices):
        return [finding for finding in await check(code, folder, **choices) if finding.code == code]

    return find

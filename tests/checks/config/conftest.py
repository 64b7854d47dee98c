"""What the checks of configs share."""

from __future__ import annotations

import pytest


@pytest.fixture
def found(check):
    """The findings of one check on the files alone, as (status, severity, confidence, message, location)."""

    async def run(code, folder, **choices):
        findings = await check(code, folder, **{"offline": True, **choices})
        return [
            (each.status.value, each.severity.value, each.confidence.value, each.message, str(each.location))
            for each in findings
            if each.code == code
        ]

    return run

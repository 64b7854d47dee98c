"""What the tests of config repairs share."""

from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome


@pytest.fixture
def proven(repair, undo, tree):
    """Repair, compare every file, repair again (nothing changes), and undo byte for byte."""

    async def run(code, folder, expected, **choices):
        choices = {"offline": True, **choices}
        before = tree(folder)
        result = await repair(code, folder, **choices)
        outcomes = {settlement.outcome for settlement in result.settlements}
        assert outcomes <= {Outcome.FIXED, Outcome.IN_ORDER}, result.settlements
        repaired = {name: text.encode() for name, text in expected.items()}
        assert tree(folder) == {**before, **repaired}
        again = await repair(code, folder, **choices)
        assert again.settlements == ()
        assert tree(folder) == {**before, **repaired}
        await undo(folder, **choices)
        assert tree(folder) == before

    return run


@pytest.fixture
def refused(repair, tree):
    """The refusal of a repair that changes nothing."""

    async def run(code, folder, **choices):
        before = tree(folder)
        result = await repair(code, folder, **{"offline": True, **choices})
        assert tree(folder) == before
        assert {settlement.outcome for settlement in result.settlements} == {Outcome.REFUSED}
        return result.settlements[0].detail

    return run

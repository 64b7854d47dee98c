from __future__ import annotations

from diagnose.engine.settlement import Outcome


def test_good_is_what_leaves_nothing_to_do_here():
    good = {Outcome.FIXED, Outcome.IN_ORDER, Outcome.REHEARSED, Outcome.NOT_PROVEN}
    assert {outcome for outcome in Outcome if outcome.is_good} == good

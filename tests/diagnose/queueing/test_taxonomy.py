from __future__ import annotations

import pytest

from diagnose.d1.errors import ErrorClass, classify
from diagnose.d1.limits import LIMITS
from diagnose.queueing.taxonomy import FIRST_DELAY, LONGEST_DELAY, RETRIES, TRANSIENT


@pytest.mark.parametrize("text", TRANSIENT)
def test_the_engine_agrees_that_it_passes(text):
    assert classify(f"Error: D1_ERROR: {text}.") is ErrorClass.TRANSIENT


def test_delays_and_retries_are_allowed():
    assert FIRST_DELAY < LONGEST_DELAY <= LIMITS.queues.delay_seconds
    assert LIMITS.queues.max_retries >= RETRIES
    assert sum(FIRST_DELAY * 2**attempt for attempt in range(RETRIES)) == 930

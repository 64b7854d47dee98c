"""What docs/queues.md says is what the code answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from diagnose.d1.messages import CODES_SINCE, full_queue, missing_queue, send_refusal
from diagnose.embedded import ConsumerSettings

PAGE = (Path(__file__).parents[4] / "docs" / "queues.md").read_text(encoding="utf-8")
REFUSALS = [
    send_refusal([128_001], batch=False),
    send_refusal([1] * 101, batch=True),
    send_refusal([96_001] * 3, batch=True),
    send_refusal([1], [86_401], batch=False),
    missing_queue(batch=False),
    full_queue(batch=False),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.cause)
def test_every_refusal_is_on_the_page(refusal):
    text = re.sub(r"of \d+ (bytes )?exceeds", r"of N \1exceeds", refusal.shown(coded=False))
    assert f"| `{text}` | `{refusal.shown(coded=True)}` |" in PAGE


def test_the_defaults_are_on_the_page():
    default = ConsumerSettings()
    seconds = default.max_wait_time_ms // 1000
    assert f"{default.batch_size} messages and {seconds} seconds" in PAGE
    assert (default.max_retries, CODES_SINCE in PAGE) == (3, True)

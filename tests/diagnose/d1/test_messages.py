from __future__ import annotations

import pytest

from diagnose.d1.messages import exposes_codes, missing_queue, send_refusal


@pytest.mark.parametrize(
    ("sizes", "batch", "error"),
    [
        ([128_000], False, None),
        ([128_001], False, "Queue send failed: message length of 128001 bytes exceeds limit of 128000"),
        ([1] * 100, True, None),
        ([1] * 101, True, "Queue sendBatch failed: batch message count of 101 exceeds limit of 100"),
        (
            [1, 128_004],
            True,
            (
                "Queue sendBatch failed: message in batch has length 128004 bytes which exceeds single "
                "message size limit of 128000"
            ),
        ),
        ([96_000] * 3, True, None),
        ([96_004] * 3, True, "Queue sendBatch failed: batch size of 288012 bytes exceeds limit of 288000"),
    ],
)
def test_the_answer_to_messages_of_a_size(sizes, batch, error):
    refusal = send_refusal(sizes, batch=batch)
    assert (refusal and refusal.text) == error


@pytest.mark.parametrize(
    ("sizes", "delay", "batch", "shown"),
    [
        ([128_001], None, False, "MessageSizeOutOfBounds (10204)"),
        ([1, 128_001], None, True, "MessageSizeOutOfBounds (10204)"),
        ([1] * 101, None, True, "BatchCountOutOfBounds (10206)"),
        ([100_000] * 3, None, True, "BatchSizeOutOfBounds (10205)"),
        ([1], 86_401, False, "BatchDelayInvalid (10202)"),
    ],
)
def test_newer_workers_see_codes(sizes, delay, batch, shown):
    assert send_refusal(sizes, [delay], batch=batch).shown(coded=True) == shown


@pytest.mark.parametrize("delay", [-1, 86_401, float("nan"), float("inf")])
@pytest.mark.parametrize(("batch", "method"), [(False, "send"), (True, "sendBatch")])
def test_a_delay_beyond_a_day_is_refused(delay, batch, method):
    refusal = send_refusal([1], [None, delay], batch=batch)
    assert refusal.shown(coded=False) == f"Queue {method} failed: Internal Server Error"


@pytest.mark.parametrize("delay", [None, 0, 1.5, 86_400])
def test_a_delay_up_to_a_day_is_taken(delay):
    assert send_refusal([1], [delay], batch=False) is None


def test_a_queue_that_is_gone_is_not_found():
    assert missing_queue(batch=False).shown(coded=False) == "Queue send failed: Not Found"
    assert missing_queue(batch=True).shown(coded=True) == "QueueNotFound (10104)"


def test_codes_are_exposed_by_date_or_flag():
    assert not exposes_codes("2026-03-11")
    assert exposes_codes("2026-03-12")
    assert exposes_codes("2025-01-01", ("queue_expose_error_codes",))
    assert not exposes_codes("")

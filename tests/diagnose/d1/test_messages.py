from __future__ import annotations

import pytest

from diagnose.d1.messages import send_error


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
    assert send_error(sizes, batch=batch) == error

from __future__ import annotations

import pytest

from diagnose.project.crons import is_cron


@pytest.mark.parametrize(
    "text",
    [
        "0 3 * * *",
        "*/30 * * * *",
        "59 23 31 12 7",
        "0 17 * * SUN",
        "10 7 * * mon-fri",
        "0 15 1 JAN,JUL *",
        "59 23 LW * *",
        "0 0 L * *",
        "0 0 * * 6L",
        "0 18 * * FRI#2",
        " 5  4 * * * ",
        "0-29/5 * * * *",
    ],
)
def test_what_cloudflare_takes(text):
    assert is_cron(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0 3 * *",
        "0 3 * * * *",
        "60 3 * * *",
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 * 13 *",
        "0 0 * * 0",
        "0 0 * * 8",
        "every day at three o'clock",
        "*/0 * * * *",
        "1, * * * *",
        "@daily",
    ],
)
def test_what_it_refuses(text):
    assert not is_cron(text)

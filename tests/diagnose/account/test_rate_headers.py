from __future__ import annotations

import pytest

from diagnose.account.rate_headers import Quota, Remaining, quotas, remaining, retry_after_seconds

NOW = 1_795_000_000.0  # Wed, 18 Nov 2026 11:06:40 GMT


@pytest.mark.parametrize(
    ("header", "items"),
    [
        ('"default";r=50;t=30', (Remaining("default", 50, 30),)),
        ('"default"; r=50; t=30', (Remaining("default", 50, 30),)),
        ("default;r=50;t=30", (Remaining("default", 50, 30),)),
        ('"default";t=30;r=0', (Remaining("default", 0, 30),)),
        (
            '"default";r=50;t=30, "burst";r=9;t=2',
            (Remaining("default", 50, 30), Remaining("burst", 9, 2)),
        ),
        ('"a,b;r=1";r=7;t=8,"c";r=1;t=2', (Remaining("a,b;r=1", 7, 8), Remaining("c", 1, 2))),
        ('"default";r=50', ()),
        ('"default";r=-1;t=5', ()),
        ('"default";r=1.5;t=5', ()),
        ("", ()),
        ("nonsense", ()),
    ],
)
def test_what_is_left_is_a_list(header, items):
    assert remaining({"ratelimit": header}) == items


def test_what_is_allowed_is_a_list():
    header = '"burst";q=100;w=60, "default";q=1200;w=300;pk=:dXNlcg==:, "odd";q=1;w=0'
    assert quotas({"ratelimit-policy": header}) == (Quota("burst", 100, 60), Quota("default", 1200, 300))


def test_headers_that_are_not_there_say_nothing():
    assert (remaining({}), quotas({})) == ((), ())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("3", 3.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("soon", None),
        ("", None),
        ("-3", None),
        ("Wed, 18 Nov 2026 11:07:20 GMT", 40.0),
        ("Wed, 18 Nov 2026 12:07:20 +0100", 40.0),
        ("Wed, 18 Nov 2026 11:07:20 -0000", 40.0),
        ("Wed, 18 Nov 2026 11:00:00 GMT", 0.0),
    ],
)
def test_how_long_to_wait_is_seconds_or_a_date(header, seconds):
    assert retry_after_seconds(header, NOW) == seconds

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from diagnose.account.retrying import retry_after_seconds


@pytest.mark.parametrize(("header", "seconds"), [(None, None), ("3", 3.0), ("soon", None), ("", None)])
def test_seconds_are_read(header, seconds):
    assert retry_after_seconds(header) == seconds


def test_a_date_is_read():
    moment = datetime.now(UTC) + timedelta(seconds=30)
    assert 28 <= retry_after_seconds(format_datetime(moment, usegmt=True)) <= 30


def test_a_date_in_the_past_asks_for_nothing():
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0

from __future__ import annotations

import json
from itertools import pairwise

from diagnose.demo.candles import DAY, LAST_DAY, daily_candles, response, response_text


def test_there_are_2000_consecutive_days_at_midnight_utc():
    times = [candle.time for candle in daily_candles()]
    assert len(times) == 2000
    assert times[-1] == LAST_DAY
    assert {time % DAY for time in times} == {0}
    assert {later - earlier for earlier, later in pairwise(times)} == {DAY}


def test_every_candle_is_possible():
    candles = daily_candles()
    assert all(c.low <= min(c.open, c.close) <= max(c.open, c.close) <= c.high for c in candles)
    assert all(earlier.close == later.open for earlier, later in pairwise(candles))


def test_the_answer_has_the_shape_of_the_api():
    answer = response(1)
    assert answer == {
        "Response": "Success",
        "Message": "",
        "HasWarning": False,
        "Type": 100,
        "RateLimit": {},
        "Data": {
            "Aggregated": False,
            "TimeFrom": 1762646400,
            "TimeTo": 1762646400,
            "Data": [
                {
                    "time": 1762646400,
                    "high": 9825.65,
                    "low": 9481.0,
                    "open": 9500.0,
                    "volumefrom": 41359.91,
                    "volumeto": 399260446.4,
                    "close": 9762.2,
                    "conversionType": "direct",
                    "conversionSymbol": "",
                }
            ],
        },
    }


def test_the_text_is_the_same_every_time():
    assert response_text() == response_text()
    assert len(json.loads(response_text())["Data"]["Data"]) == 2000
    assert len(response_text()) == 349_637

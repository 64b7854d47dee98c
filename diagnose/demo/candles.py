"""The recorded answer of the demo: daily candles in the shape of CryptoCompare's `histoday`.

The figures are made up, and the same on every machine: the walk uses whole numbers only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

RESPONSE_FILE: Final = "recorded/histoday.json"
"""Where the demo project's settings expect the answer, relative to the project."""

CANDLES: Final = 2000
DAY: Final = 86_400
LAST_DAY: Final = 1_762_646_400
"""2025-11-09 00:00 UTC, the day before the worker's compatibility date."""

_FIRST_PRICE: Final = 950_000
_LOWEST_PRICE: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candle:
    """One day: prices in cents, volumes in hundredths, `time` in seconds since 1970 at midnight UTC."""

    time: int
    open: int
    high: int
    low: int
    close: int
    volume_from: int
    volume_to: int

    def as_json(self) -> dict[str, float | str]:
        """The candle as the API writes it, in its order of fields."""
        return {
            "time": self.time,
            "high": self.high / 100,
            "low": self.low / 100,
            "open": self.open / 100,
            "volumefrom": self.volume_from / 100,
            "volumeto": self.volume_to / 100,
            "close": self.close / 100,
            "conversionType": "direct",
            "conversionSymbol": "",
        }


def daily_candles(count: int = CANDLES, *, last_day: int = LAST_DAY) -> tuple[Candle, ...]:
    """Consecutive days, oldest first; each opens where the day before closed."""
    draws = _draws(seed=20_251_109)
    candles: list[Candle] = []
    price = _FIRST_PRICE
    for time in range(last_day - (count - 1) * DAY, last_day + DAY, DAY):
        candle = _candle(time, price, draws)
        candles.append(candle)
        price = candle.close
    return tuple(candles)


def response(count: int = CANDLES) -> dict[str, object]:
    """The whole answer of the API."""
    candles = [candle.as_json() for candle in daily_candles(count)]
    return {
        "Response": "Success",
        "Message": "",
        "HasWarning": False,
        "Type": 100,
        "RateLimit": {},
        "Data": {
            "Aggregated": False,
            "TimeFrom": candles[0]["time"],
            "TimeTo": candles[-1]["time"],
            "Data": candles,
        },
    }


def response_text(count: int = CANDLES) -> str:
    """The answer as the API sends it, on one line."""
    return json.dumps(response(count), separators=(",", ":"))


def _candle(time: int, price: int, draws: Iterator[int]) -> Candle:
    """A day that moves by up to ±3 %, with shadows of up to 1.5 % (the draws are parts per 10,000)."""
    move, above, below, traded = islice(draws, 4)
    close = max(_LOWEST_PRICE, price + price * (move % 604 - 300) // 10_000)
    high = max(price, close) * (10_000 + above % 150) // 10_000
    low = min(price, close) * (10_000 - below % 150) // 10_000
    volume = 1_500_000 + traded % 4_000_000
    return Candle(
        time=time,
        open=price,
        high=high,
        low=low,
        close=close,
        volume_from=volume,
        volume_to=volume * ((high + low) // 2) // 100,
    )


def _draws(seed: int) -> Iterator[int]:
    """Whole numbers below 2**31 from a linear congruential generator (the constants of C's `rand`)."""
    state = seed
    while True:
        state = (state * 1_103_515_245 + 12_345) % 2**31
        # The low bits of such a generator repeat after a few draws.
        yield state >> 8

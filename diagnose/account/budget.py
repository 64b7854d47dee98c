"""How many requests may be sent: a budget that everybody shares who uses the same token.

Cloudflare takes 1,200 requests in 5 minutes and then refuses everything for 5 minutes, so the budget paces
them: a part may be sent at once, the rest comes back evenly. Both together never exceed the limit in any
window of 5 minutes. What the API itself says is left counts as well: others may use the token too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias
from weakref import WeakValueDictionary

from diagnose.account.clock import SteadyClock
from diagnose.d1.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.account.clock import Clock
    from diagnose.account.rate_headers import Quota, Remaining
    from diagnose.account.secret import Secret
    from diagnose.d1.limits import ApiLimits

OnWait: TypeAlias = Callable[[float, str], None]
"""Told before a wait that a person would notice: its seconds, and why."""

NOTICED_SECONDS: Final = 2.0
_AT_ONCE: Final = 5  # the fifth part of the limit may be sent at once
_SAME_WINDOW_SECONDS: Final = 2.0


@dataclass(slots=True)
class _Window:
    """What the API said is left of one policy, less what was sent since."""

    left: int
    resets: float


@dataclass(frozen=True, slots=True)
class _Wait:
    until: float
    reason: str


class Budget:
    """Lets requests pass, each in its turn, as fast as the API takes them.

    Args:
        clock: by which is waited.
        limits: of the API.
    """

    def __init__(self, clock: Clock | None = None, *, limits: ApiLimits = LIMITS.api) -> None:
        self._clock: Clock = clock or SteadyClock()
        self._at_once = int(limits.requests) // _AT_ONCE
        self._per_second = (int(limits.requests) - self._at_once) / int(limits.seconds)
        self._tokens, self._filled = float(self._at_once), self._clock.now()
        self._blocked_until = 0.0
        self._windows: dict[str, _Window] = {}
        self._few: dict[str, int] = {}
        self._sent_last = 0.0
        self._in_flight = 0
        self._turns: list[object] = []
        self._told_until = 0.0

    @property
    def clock(self) -> Clock:
        """By which is waited."""
        return self._clock

    async def take(self, on_wait: OnWait | None = None) -> None:
        """Wait for the turn of one request, which is in flight then until `answered`."""
        turn = object()
        self._turns.append(turn)
        try:
            while (wait := self._wait(self._turns.index(turn) + 1)) is not None:
                seconds = wait.until - self._clock.now()
                if on_wait is not None and seconds >= NOTICED_SECONDS and wait.until > self._told_until:
                    # Once for all who wait: the next ones wait a little longer, for the same reason.
                    self._told_until = wait.until + NOTICED_SECONDS
                    on_wait(seconds, wait.reason)
                await self._clock.sleep(seconds)
            self._spend()
        finally:
            self._turns.remove(turn)

    def answered(self, left: Iterable[Remaining] = (), allowed: Iterable[Quota] = ()) -> None:
        """A request is not in flight any more; what its answer said about the rate limit."""
        self._in_flight -= 1
        now = self._clock.now()
        for quota in allowed:
            self._few[quota.policy] = quota.requests // _AT_ONCE
        for state in left:
            # Requests that are in flight may not be counted yet.
            window = _Window(state.requests - self._in_flight, now + state.seconds)
            known = self._windows.get(state.policy)
            if known is not None and abs(known.resets - window.resets) <= _SAME_WINDOW_SECONDS:
                window = _Window(min(known.left, window.left), max(known.resets, window.resets))
            self._windows[state.policy] = window

    def block(self, seconds: float) -> None:
        """Send nothing for so long: the API said so to one of those who share the budget."""
        self._blocked_until = max(self._blocked_until, self._clock.now() + seconds)

    def _wait(self, position: int) -> _Wait | None:
        """What the one at that position of the queue (from 1) waits for, or None when it is its turn."""
        now = self._clock.now()
        self._fill(now)
        waits = [_Wait(self._blocked_until, "the API asked to wait (HTTP 429)")]
        if self._tokens < position:
            until = now + (position - self._tokens) / self._per_second
            waits.append(_Wait(until, "the API takes no more requests at this pace"))
        for policy, window in self._windows.items():
            if now < window.resets and window.left < position:
                waits.append(_Wait(window.resets, "the token's requests are used up"))
            elif now < window.resets and window.left <= self._few.get(policy, self._at_once):
                spaced = self._sent_last + position * (window.resets - now) / (window.left + 1)
                waits.append(_Wait(spaced, "few of the token's requests are left"))
        longest = max(waits, key=lambda wait: wait.until)
        return longest if longest.until > now else None

    def _spend(self) -> None:
        self._tokens -= 1
        self._in_flight += 1
        self._sent_last = self._clock.now()
        for window in self._windows.values():
            window.left -= 1

    def _fill(self, now: float) -> None:
        grown = self._tokens + (now - self._filled) * self._per_second
        self._tokens, self._filled = min(float(self._at_once), grown), now


class Unlimited(Budget):
    """The budget of an account in this process, which takes every request at once."""

    def _wait(self, position: int) -> None:
        """Nothing."""


_SHARED: Final[WeakValueDictionary[tuple[Secret, str], Budget]] = WeakValueDictionary()


def shared_budget(token: Secret, base_url: str) -> Budget:
    """The one budget of a token at an API root in this process."""
    return _SHARED.setdefault((token, base_url), Budget())

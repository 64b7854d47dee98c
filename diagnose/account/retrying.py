"""When a request is sent again, and after how long.

A failure that passes is repeated where that does no harm: what reads, what does the same twice, and what was
certainly not done. What may have been done is looked up first, where it can be seen; else the caller is told.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import tenacity

from diagnose.account.budget import NOTICED_SECONDS
from diagnose.account.errors import ApiError, NotFoundError, OutcomeUnknownError, RateLimitedError
from diagnose.d1.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from diagnose.account.budget import OnWait
    from diagnose.account.clock import Clock
    from diagnose.account.doubt import Doubt

Done = TypeVar("Done")

ATTEMPTS: Final = 5
"""That fail for another reason than the rate limit."""
MOST_WAITING_SECONDS: Final = 2 * int(LIMITS.api.seconds)
"""Of one call: the API refuses everything for one window after too many requests, and it may happen twice."""
_MOST_ATTEMPTS: Final = 30
_FIRST_WAIT_SECONDS: Final = 0.5


class Course(Generic[Done]):
    """One call, through all its attempts.

    Args:
        send: one attempt. Raises ApiError.
        doubt: what to do when an attempt may have done it.
    """

    def __init__(self, send: Callable[[], Awaitable[Done]], doubt: Doubt[Done]) -> None:
        self._send = send
        self._doubt = doubt
        self._unknown = False
        self._failures = 0

    async def run(self, clock: Clock, on_wait: OnWait | None = None) -> Done:
        """Try until it is done, or until going on is no use.

        Args:
            clock: by which is waited.
            on_wait: told before a wait that a person would notice.

        Raises:
            OutcomeUnknownError: it may have been done, and repeating it could do it twice.
            ApiError: the last attempt's.
        """
        attempts = tenacity.AsyncRetrying(
            sleep=clock.sleep,
            retry=tenacity.retry_if_exception(self._goes_on),
            wait=_wait_seconds,
            stop=_has_tried_enough,
            before_sleep=lambda state: _tell(state, on_wait),
            reraise=True,
        )
        try:
            return await attempts(self._attempt)
        except ApiError as error:
            if self._unknown and not self._doubt.repeatable:
                raise _outcome_unknown(error, self._doubt.find_out) from error
            raise

    async def _attempt(self) -> Done:
        """Look whether it is done already, where that is in doubt; else do it."""
        doubted = self._unknown
        try:
            done = await self._look() if doubted else None
            return await self._send() if done is None else done
        except ApiError as error:
            self._unknown = doubted or error.may_have_run
            self._failures += not isinstance(error, RateLimitedError)
            done = await self._seen_in(error) if doubted and not error.passes else None
            if done is None:
                raise
            return done

    async def _look(self) -> Done | None:
        return None if self._doubt.settle is None else await self._doubt.settle()

    async def _seen_in(self, refusal: ApiError) -> Done | None:
        """What an earlier attempt did after all, seeing that this one is refused: it exists, or is gone."""
        return self._doubt.gone if isinstance(refusal, NotFoundError) else await self._look()

    def _goes_on(self, error: BaseException) -> bool:
        harmless = self._doubt.repeatable or self._doubt.settle is not None or not self._unknown
        return isinstance(error, ApiError) and error.passes and self._failures < ATTEMPTS and harmless


def _wait_seconds(state: tenacity.RetryCallState) -> float:
    """What the API asks for, to the second; else twice as long each time, at random from half of it."""
    asked = _failure(state).exchange.retry_after
    if asked:
        return asked
    backoff: float = _FIRST_WAIT_SECONDS * 2 ** (state.attempt_number - 1)
    # Jitter keeps several clients from returning together; nothing here needs to be unguessable.
    return backoff * random.uniform(0.5, 1.0)  # noqa: S311 - idem


def _has_tried_enough(state: tenacity.RetryCallState) -> bool:
    waited = state.idle_for + state.upcoming_sleep
    return state.attempt_number >= _MOST_ATTEMPTS or waited > MOST_WAITING_SECONDS


def _tell(state: tenacity.RetryCallState, on_wait: OnWait | None) -> None:
    error = _failure(state)
    if on_wait is not None and state.upcoming_sleep >= NOTICED_SECONDS:
        answered = "no answer" if error.status is None else f"HTTP {error.status}"
        on_wait(state.upcoming_sleep, f"{answered} to {error.where}")


def _failure(state: tenacity.RetryCallState) -> ApiError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, ApiError)  # noqa: S101 - `_goes_on` lets no other failure through
    return error


def _outcome_unknown(error: ApiError, find_out: str) -> OutcomeUnknownError:
    told = replace(error.exchange, message=f"{error.text}; whether it was done is not known")
    return OutcomeUnknownError(told, why="repeating it could do it twice", hint=find_out)

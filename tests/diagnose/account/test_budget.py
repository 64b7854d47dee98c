from __future__ import annotations

import asyncio
import gc
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from diagnose.account import Account, Secret
from diagnose.account.budget import Budget, Unlimited, shared_budget
from diagnose.account.clock import SteadyClock
from diagnose.account.rate_headers import Quota, Remaining
from diagnose.d1 import LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtual_time import VirtualTime

pytestmark = pytest.mark.anyio

START = 2_000_000_000.0


@pytest.fixture
def budget(clock: VirtualTime) -> Budget:
    return Budget(clock)


def most_in_any_window(sent: Sequence[float], seconds: float) -> int:
    """The largest number of requests in a window that includes both its ends."""
    return max(bisect_right(sent, first + seconds) - number for number, first in enumerate(sent))


async def send(budget: Budget, clock: VirtualTime, number: int, sent: list[float]) -> None:
    for _ in range(number):
        await budget.take()
        sent.append(clock.now())
        budget.answered()


async def test_a_fifth_is_sent_at_once_and_the_rest_evenly(budget, clock):
    sent: list[float] = []
    await send(budget, clock, 1_500, sent)
    assert sent[:240] == [START] * 240
    steps = {round(later - earlier, 4) for earlier, later in pairwise(sent[239:])}
    assert steps == {0.3125}
    assert sent[1_199] == pytest.approx(START + 300, abs=1e-3)


@pytest.mark.parametrize("tasks", [1, 7, 400])
async def test_no_window_holds_more_than_the_limit(budget, clock, tasks):
    sent: list[float] = []
    await asyncio.gather(*(send(budget, clock, 4_000 // tasks, sent) for _ in range(tasks)))
    assert most_in_any_window(sent, LIMITS.api.seconds) <= LIMITS.api.requests


async def test_no_window_holds_more_after_a_block_either(budget, clock):
    sent: list[float] = []
    await send(budget, clock, 200, sent)
    budget.block(300)
    await asyncio.gather(*(send(budget, clock, 2, sent) for _ in range(1_500)))
    assert sent[200] == START + 300
    assert most_in_any_window(sent, LIMITS.api.seconds) <= LIMITS.api.requests


async def test_requests_pass_in_their_order(budget, clock):
    passed: list[int] = []

    async def pass_as(number: int) -> None:
        await budget.take()
        passed.append(number)

    await asyncio.gather(*(pass_as(number) for number in range(260)))
    assert passed == list(range(260))


async def test_a_block_is_waited_out_by_everybody_and_told_once(budget, clock):
    told: list[tuple[float, str]] = []
    budget.block(37)
    await asyncio.gather(*(budget.take(lambda *wait: told.append(wait)) for _ in range(5)))
    assert clock.now() == START + 37
    assert told == [(37.0, "the API asked to wait (HTTP 429)")]


async def test_a_block_that_comes_while_one_waits_is_waited_out_too(budget, clock):
    for _ in range(240):
        await budget.take()
    waiting = asyncio.create_task(budget.take())
    await asyncio.sleep(0)
    budget.block(10)
    await waiting
    assert clock.now() == START + 10


async def test_a_shorter_block_does_not_shorten_a_longer_one(budget, clock):
    budget.block(30)
    budget.block(5)
    await budget.take()
    assert clock.now() == START + 30


async def test_what_others_use_is_missing_here(budget, clock):
    await budget.take()
    budget.answered([Remaining("default", 2, 30)], [Quota("default", 1_200, 300)])
    sent: list[float] = []
    for _ in range(3):
        await budget.take()
        sent.append(clock.now() - START)
    # Two are spread over the time until the reset, and the third waits for it.
    assert sent == [10.0, 20.0, 30.0]


async def test_what_is_plenty_is_not_spread(budget, clock):
    await budget.take()
    budget.answered([Remaining("default", 700, 300)], [Quota("default", 1_200, 300)])
    for _ in range(200):
        await budget.take()
    assert clock.now() == START


async def test_the_smallest_of_several_policies_counts(budget, clock):
    await budget.take()
    budget.answered([Remaining("default", 900, 300), Remaining("burst", 0, 7)])
    await budget.take()
    assert clock.now() == START + 7


async def test_an_older_answer_does_not_give_back_what_is_used(budget, clock):
    for _ in range(3):
        await budget.take()
    budget.answered([Remaining("default", 2, 60)])
    budget.answered([Remaining("default", 30, 60)])
    budget.answered()
    # One of the two was in flight when the answer came that counts.
    await budget.take()
    assert budget._windows["default"].left == -1
    assert clock.now() == START + 60


async def test_a_new_window_gives_all_of_it(budget, clock):
    await budget.take()
    budget.answered([Remaining("default", 0, 10)])
    await budget.take()
    budget.answered([Remaining("default", 1_199, 300)])
    for _ in range(100):
        await budget.take()
    assert clock.now() == START + 10


async def test_a_cancelled_request_leaves_its_turn_to_others(budget, clock):
    for _ in range(240):
        await budget.take()
    first, second = (asyncio.create_task(budget.take()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert first.cancelled()
    assert clock.now() == START + 0.625  # it slept for two turns, and nobody was before it then
    assert budget._turns == []


async def test_an_account_in_this_process_waits_for_nothing(clock):
    budget = Unlimited(clock)
    budget.block(300)
    for _ in range(2_000):
        await budget.take()
    assert clock.slept == []


def test_a_token_has_one_budget_at_one_root():
    one = shared_budget(Secret("a"), "https://api.example/client/v4")
    assert shared_budget(Secret("a"), "https://api.example/client/v4") is one
    assert shared_budget(Secret("b"), "https://api.example/client/v4") is not one
    assert shared_budget(Secret("a"), "http://127.0.0.1:1/client/v4") is not one
    name = id(one)
    del one
    gc.collect()
    again = shared_budget(Secret("a"), "https://api.example/client/v4")
    assert again._tokens == 240
    assert name


async def test_the_machines_time_passes():
    clock = SteadyClock()
    before = clock.now()
    await clock.sleep(0.002)
    assert clock.now() >= before + 0.001


async def test_accounts_of_one_token_share_its_budget():
    root = "https://api.example/client/v4"
    made = [Account.cloudflare(Secret(token), "0" * 32, root) for token in ("a", "a", "b")]
    first, second, other = (account._transport._budget for account in made)
    assert first is second is not other
    for account in made:
        await account.aclose()

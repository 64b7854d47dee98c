from __future__ import annotations

import asyncio

import pytest

from diagnose.account.remembering import Facts

pytestmark = pytest.mark.anyio


async def test_a_failure_is_a_fact_too():
    facts, asked = Facts(), []

    async def question() -> int:
        asked.append(1)
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            await facts.find("key", question())
    assert asked == [1]


async def test_an_asker_that_leaves_does_not_take_the_answer_away():
    facts, go = Facts(), asyncio.Event()

    async def question() -> int:
        await go.wait()
        return 42

    leaving = asyncio.ensure_future(facts.find("key", question()))
    staying = asyncio.ensure_future(facts.find("key", question()))
    await asyncio.sleep(0)
    leaving.cancel()
    go.set()
    assert await staying == 42


async def test_closing_stops_what_is_still_asked():
    facts = Facts()
    asker = asyncio.ensure_future(facts.find("key", asyncio.sleep(3600)))
    await asyncio.sleep(0)
    await facts.aclose()
    with pytest.raises(asyncio.CancelledError):
        await asker

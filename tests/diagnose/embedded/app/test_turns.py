from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from diagnose.d1 import Statement
from diagnose.embedded.app.turns import Turns
from diagnose.embedded.refusal import RefusalError

pytestmark = pytest.mark.anyio


def count(database):
    return database.run(Statement("SELECT count(*) FROM sqlite_master")).rows


async def test_a_long_statement_keeps_no_other_database_waiting(embedded):
    turns = Turns(embedded)
    slow, quick = embedded.create_database("slow"), embedded.create_database("quick")
    release = threading.Event()

    waiting = asyncio.create_task(turns.take(slow.uuid, lambda _: release.wait(30)))

    assert await turns.take(quick.uuid, count) == ((0,),)
    assert not waiting.done()
    release.set()
    assert await waiting is True


async def test_a_database_answers_in_the_order_of_the_requests(embedded):
    turns = Turns(embedded)
    uuid = embedded.create_database("market").uuid
    begun: list[int] = []

    await asyncio.gather(*(turns.take(uuid, lambda _, n=n: begun.append(n)) for n in range(50)))

    assert begun == list(range(50))


async def test_a_database_that_goes_while_a_request_waits_is_unknown_to_it(embedded):
    turns = Turns(embedded)
    uuid = embedded.create_database("market").uuid
    release = threading.Event()
    first = asyncio.create_task(turns.take(uuid, lambda _: release.wait(30)))
    second = asyncio.create_task(turns.take(uuid, count))
    await asyncio.sleep(0)

    embedded.delete_database(uuid)
    release.set()

    assert await first is True
    with pytest.raises(RefusalError, match="could not be found"):
        await second


async def test_a_turn_that_is_cancelled_still_ends_before_the_next_begins(embedded):
    turns = Turns(embedded)
    database = embedded.create_database("archive")
    begun, go, order = asyncio.Event(), threading.Event(), []
    loop = asyncio.get_running_loop()

    def slow(_database) -> None:
        loop.call_soon_threadsafe(begun.set)
        go.wait()
        order.append("slow")

    first = asyncio.ensure_future(turns.take(database.uuid, slow))
    await begun.wait()
    first.cancel()
    second = asyncio.ensure_future(turns.take(database.uuid, lambda _: order.append("next")))
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(first, second, return_exceptions=True)

    assert (order, first.cancelled()) == (["slow", "next"], True)


def test_nobody_is_told_of_the_error_of_a_turn_that_was_cancelled(embedded):
    told: list[str] = []

    asyncio.run(cancelled_turn(Turns(embedded), embedded.create_database("archive").uuid, told))
    gc.collect()

    assert told == []


async def cancelled_turn(turns, uuid, told):
    begun, go = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: told.append(context["message"]))

    def failing(_database) -> None:
        loop.call_soon_threadsafe(begun.set)
        go.wait()
        raise ValueError

    turn = asyncio.ensure_future(turns.take(uuid, failing))
    await begun.wait()
    turn.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await turn

from __future__ import annotations

import asyncio

import pytest

from diagnose.embedded import ConsumerSettings, QueueSettings, RefusalError, nothing_recorded
from diagnose.embedded.queues import Invoker, deliver_batch, due_at

from .conftest import ScriptedRuntime, raises, returned, returns

pytestmark = pytest.mark.anyio

START = 1_000_000


def invoker(pipeline, handle) -> Invoker:
    pipeline.runtime = ScriptedRuntime(handle)
    return Invoker(account=pipeline.account, runtime=pipeline.runtime, responses=nothing_recorded)


def due(pipeline) -> int | None:
    return due_at(pipeline.account, pipeline.account.queue(pipeline.jobs))


async def test_a_batch_is_due_when_it_is_full_or_has_waited(pipeline):
    pipeline.attach(batch_size=2, max_wait_time_ms=5_000)
    assert due(pipeline) is None
    pipeline.send("a")
    assert due(pipeline) == START + 5_000
    pipeline.send("b", delay=3)
    assert due(pipeline) == START + 3_000
    pipeline.send("c")
    assert due(pipeline) == START
    pipeline.account.change_queue(pipeline.jobs, QueueSettings(delivery_paused=True))
    assert due(pipeline) is None


async def test_one_step_delivers_what_is_due_and_no_more(pipeline):
    pipeline.attach(batch_size=2)
    pipeline.send("late", delay=1)
    sent = pipeline.send("a", "b", "c")
    step = invoker(pipeline, returns)
    first = await deliver_batch(step, pipeline.jobs, started_ms=START - 2_500)
    second = await deliver_batch(step, pipeline.jobs)
    assert (first.acked, first.at_seconds) == (sent[:2], 2.5)
    assert (second.acked, second.at_seconds) == (sent[2:], 0.0)
    assert await deliver_batch(step, pipeline.jobs) is None
    pipeline.account.clock.advance_to(START + 1_000)
    assert len((await deliver_batch(step, pipeline.jobs)).acked) == 1


async def test_nobody_is_given_anything_without_a_worker(pipeline):
    pipeline.send("a")
    step = invoker(pipeline, returns)
    assert await deliver_batch(step, pipeline.jobs) is None
    pipeline.account.attach_consumer(pipeline.jobs)
    assert await deliver_batch(step, pipeline.jobs) is None
    with pytest.raises(RefusalError) as caught:
        await deliver_batch(step, "0" * 32)
    assert caught.value.code == 11000


async def test_two_invocations_at_a_time_are_given_different_messages(pipeline):
    pipeline.attach(batch_size=2)
    sent = pipeline.send("a", "b", "c", "d")
    both = asyncio.Barrier(2)

    async def wait(env):
        await both.wait()
        return returned()

    step = invoker(pipeline, lambda _: wait)
    first, second = await asyncio.gather(
        deliver_batch(step, pipeline.jobs), deliver_batch(step, pipeline.jobs)
    )
    assert (first.acked, second.acked) == (sent[:2], sent[2:])
    assert pipeline.account.backlog(pipeline.jobs).messages == 0


async def test_what_is_being_delivered_is_hidden_for_as_long_as_a_handler_may_run(pipeline):
    pipeline.attach()
    pipeline.send("a")

    async def look(env):
        (message,) = pipeline.account.peek(pipeline.jobs)
        assert message.visible == START + 900_000
        assert pipeline.account.backlog(pipeline.jobs).messages == 1
        return returned()

    await deliver_batch(invoker(pipeline, lambda _: look), pipeline.jobs)
    assert pipeline.account.backlog(pipeline.jobs).messages == 0


async def test_a_queue_that_is_purged_or_deleted_meanwhile_gets_nothing_back(pipeline):
    pipeline.attach(dead_letter_queue="failed", max_retries=0)
    pipeline.send("a")

    async def purge(env):
        pipeline.account.purge(pipeline.jobs)
        return raises(None)

    delivery = await deliver_batch(invoker(pipeline, lambda _: purge), pipeline.jobs)
    assert len(delivery.dead_lettered) == 1
    assert pipeline.account.backlog(pipeline.failed).messages == 0
    pipeline.send("b")

    async def delete(env):
        pipeline.account.delete_queue(pipeline.jobs)
        return raises(None)

    await deliver_batch(invoker(pipeline, lambda _: delete), pipeline.jobs)
    assert pipeline.account.find_queue("jobs") is None
    assert pipeline.account.backlog(pipeline.failed).messages == 0


async def test_a_dead_letter_queue_may_be_made_later(pipeline):
    pipeline.attach(dead_letter_queue="later", max_retries=0)
    pipeline.send("a")
    pipeline.account.create_queue("later")
    delivery = await deliver_batch(invoker(pipeline, raises), pipeline.jobs)
    assert (len(delivery.dead_lettered), delivery.dropped) == (1, ())


def test_settings_that_are_not_given_are_the_platforms():
    assert ConsumerSettings() == ConsumerSettings(
        batch_size=10,
        max_retries=3,
        max_wait_time_ms=5_000,
        retry_delay=0,
        max_concurrency=None,
        visibility_timeout_ms=30_000,
        dead_letter_queue=None,
    )

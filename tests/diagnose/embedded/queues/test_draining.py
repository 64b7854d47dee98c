from __future__ import annotations

import pytest

from diagnose.embedded import ConsumerSettings, QueueSettings, drain, nothing_recorded
from diagnose.embedded.clock import SystemClock
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.embedded.invocation import BindingError, Invocation, QueueAnswer
from diagnose.errors import SandboxError

from .conftest import CONSUMER, raised, raises, returned, returns, text

pytestmark = pytest.mark.anyio


def ids(trigger, *bodies) -> frozenset[str]:
    return frozenset(one.id for one in trigger.messages if one.body.decode() in bodies)


async def test_what_a_handler_returns_from_is_acknowledged(pipeline):
    pipeline.attach()
    sent = pipeline.send("a", "b", "c")
    drained = await pipeline.drain(returns)
    (delivery,) = drained.deliveries
    assert (delivery.queue, delivery.script, delivery.acked) == ("jobs", "importer", sent)
    assert (delivery.retried, delivery.dead_lettered, delivery.dropped) == ((), (), ())
    assert [(one.body, one.attempts) for one in delivery.messages] == [(b"a", 1), (b"b", 1), (b"c", 1)]
    assert (drained.seconds, drained.cut, drained.refused) == (5.0, False, None)
    assert pipeline.waiting(pipeline.jobs) == []


async def test_what_always_raises_ends_in_the_dead_letter_queue(pipeline):
    pipeline.attach(max_retries=2, dead_letter_queue="failed")
    sent = pipeline.send("a", "b")
    drained = await pipeline.drain(raises)
    assert pipeline.told == ["a1 b1", "a2 b2", "a3 b3"]
    assert [delivery.retried for delivery in drained.deliveries] == [sent, sent, ()]
    assert drained.deliveries[-1].dead_lettered == sent
    assert pipeline.waiting(pipeline.failed) == ["a", "b"]
    assert [one.attempts for one in pipeline.account.peek(pipeline.failed)] == [0, 0]


async def test_without_a_dead_letter_queue_retries_end_in_nothing(pipeline):
    pipeline.attach(max_retries=0)
    sent = pipeline.send("a")
    (delivery,) = (await pipeline.drain(raises)).deliveries
    assert (delivery.dropped, delivery.dead_letter_queue) == (sent, None)
    assert pipeline.account.backlog(pipeline.jobs).messages == 0


async def test_a_dead_letter_queue_that_does_not_exist_keeps_nothing(pipeline):
    pipeline.attach(max_retries=0, dead_letter_queue="absent")
    sent = pipeline.send("a")
    (delivery,) = (await pipeline.drain(raises)).deliveries
    assert (delivery.dropped, delivery.dead_lettered) == (sent, ())
    assert delivery.dead_letter_queue == "absent"


@pytest.mark.parametrize("outcome", ["exception", "killed", "exceededCpu", "exceededMemory"])
async def test_what_was_acknowledged_before_the_handler_failed_stays_so(pipeline, outcome):
    pipeline.attach(max_retries=1, dead_letter_queue="failed")
    pipeline.send("a", "b", "c")

    def handle(trigger):
        return Invocation(outcome=outcome, queue_answer=QueueAnswer(acks=ids(trigger, "a")))

    await pipeline.drain(handle)
    assert pipeline.told == ["a1 b1 c1", "b2 c2"]
    assert pipeline.waiting(pipeline.failed) == ["b", "c"]


@pytest.mark.parametrize(
    ("answer", "outcome", "told"),
    [
        (lambda t: QueueAnswer(retries=dict.fromkeys(ids(t, "a"))), "ok", ["a1 b1", "a2"]),
        (lambda _: QueueAnswer(batch="retry"), "ok", ["a1 b1", "a2 b2"]),
        (lambda t: QueueAnswer(batch="retry", acks=ids(t, "a")), "ok", ["a1 b1", "b2"]),
        (lambda _: QueueAnswer(batch="ack"), "exception", ["a1 b1"]),
        (lambda t: QueueAnswer(batch="ack", retries=dict.fromkeys(ids(t, "b"))), "ok", ["a1 b1", "b2"]),
        (lambda t: QueueAnswer(acks=ids(t, "a", "b")), "exception", ["a1 b1"]),
    ],
    ids=["retry one", "retryAll", "ack, retryAll", "ackAll, raise", "retry, ackAll", "ack each, raise"],
)
async def test_a_call_on_the_message_counts_before_one_on_the_batch(pipeline, answer, outcome, told):
    pipeline.attach(max_retries=1)
    pipeline.send("a", "b")
    await pipeline.drain(lambda t: Invocation(outcome=outcome, queue_answer=answer(t)))
    assert pipeline.told == told


async def test_batches_are_as_large_as_the_consumer_says(pipeline):
    pipeline.attach(batch_size=2, max_wait_time_ms=3_000)
    pipeline.send("a", "b", "c", "d", "e")
    drained = await pipeline.drain(returns)
    assert pipeline.told == ["a1 b1", "c1 d1", "e1"]
    assert [delivery.at_seconds for delivery in drained.deliveries] == [0.0, 0.0, 3.0]


async def test_ten_messages_make_a_batch_by_default(pipeline):
    pipeline.attach()
    pipeline.send(*"abcdefghijk")
    await pipeline.drain(returns)
    assert [len(trigger.messages) for trigger in pipeline.runtime.triggers] == [10, 1]


async def test_delays_pass_without_waiting(pipeline):
    pipeline.attach(max_retries=1, retry_delay=60, max_wait_time_ms=0)
    pipeline.send("late", delay=3_600)
    pipeline.send("now")
    drained = await pipeline.drain(raises)
    assert pipeline.told == ["now1", "now2", "late1", "late2"]
    assert [delivery.at_seconds for delivery in drained.deliveries] == [0.0, 60.0, 3600.0, 3660.0]
    assert drained.seconds == 3660.0


async def test_a_retry_may_say_when(pipeline):
    pipeline.attach(max_retries=1, retry_delay=60, max_wait_time_ms=0)
    pipeline.send("a", "b")

    def handle(trigger):
        (a,) = ids(trigger, "a") or (None,)
        return returned(QueueAnswer(retries={a: 5.0} if a else {}, batch="retry", batch_delay=7.5))

    drained = await pipeline.drain(handle)
    assert pipeline.told == ["a1 b1", "a2", "b2"]
    assert [delivery.at_seconds for delivery in drained.deliveries] == [0.0, 5.0, 7.5]


@pytest.mark.parametrize(("asked", "passed"), [(-5, 0.0), (1e9, 86_400.0), (float("nan"), 0.0)])
async def test_a_delay_outside_what_queues_take_is_brought_inside(pipeline, asked, passed):
    pipeline.attach(max_retries=1, max_wait_time_ms=0)
    pipeline.send("a")
    drained = await pipeline.drain(lambda _: returned(QueueAnswer(batch="retry", batch_delay=asked)))
    assert drained.seconds == passed


async def test_the_queues_own_delay_holds_where_the_sender_says_nothing(pipeline):
    pipeline.attach(max_wait_time_ms=0)

    pipeline.account.change_queue(pipeline.jobs, QueueSettings(delivery_delay=30))
    pipeline.send("a")
    pipeline.send("b", delay=0)
    drained = await pipeline.drain(returns)
    assert [delivery.at_seconds for delivery in drained.deliveries] == [0.0, 30.0]
    assert pipeline.told == ["b1", "a1"]


async def test_a_dead_letter_queue_with_a_consumer_is_drained_too(pipeline, make_upload):
    account = pipeline.account
    account.put_script(upload_and_deploy(account.state, "saver", make_upload(text=CONSUMER)))
    account.attach_consumer(pipeline.failed, "saver", ConsumerSettings(max_wait_time_ms=0))
    pipeline.attach(max_retries=0, dead_letter_queue="failed", max_wait_time_ms=0)
    pipeline.send("a")
    drained = await pipeline.drain(lambda t: raised() if t.queue == "jobs" else returned())
    assert [(one.queue, one.script) for one in drained.deliveries] == [
        ("jobs", "importer"),
        ("failed", "saver"),
    ]
    assert pipeline.told == ["a1", "a1"]
    assert account.backlog(pipeline.failed).messages == 0


async def test_what_a_worker_is_not_given_stays(pipeline):
    pipeline.send("a")
    assert (await pipeline.drain(returns)).deliveries == ()
    pipeline.account.attach_consumer(pipeline.jobs)  # whoever pulls over HTTP
    assert (await pipeline.drain(returns)).deliveries == ()
    assert pipeline.waiting(pipeline.jobs) == ["a"]


async def test_a_paused_queue_delivers_nothing(pipeline):

    pipeline.attach()
    pipeline.send("a")
    pipeline.account.change_queue(pipeline.jobs, QueueSettings(delivery_paused=True))
    assert (await pipeline.drain(returns)).deliveries == ()
    pipeline.account.change_queue(pipeline.jobs, QueueSettings(delivery_paused=False))
    assert len((await pipeline.drain(returns)).deliveries) == 1


async def test_a_worker_that_feeds_its_own_queue_ends(pipeline):
    pipeline.attach(max_wait_time_ms=1_000)
    pipeline.send("again")

    def handle(trigger):
        pipeline.send("again")
        return returned()

    drained = await pipeline.drain(handle, most=7)
    assert (len(drained.deliveries), drained.cut, drained.seconds) == (7, True, 7.0)
    assert pipeline.waiting(pipeline.jobs) == ["again"]


async def test_no_batch_is_delivered_after_the_time_that_a_drain_may_take(pipeline):
    pipeline.attach()
    pipeline.send("a")
    drained = await pipeline.drain(returns, most_seconds=0)
    assert (drained.deliveries, drained.cut) == ((), True)
    assert pipeline.waiting(pipeline.jobs) == ["a"]


async def test_a_worker_cannot_fill_the_memory(pipeline, make_upload):
    account = pipeline.account
    bindings = ({"type": "queue", "name": "NEXT", "queue_name": "failed"},)
    upload = make_upload(text=CONSUMER, bindings=bindings, compatibility_date="2026-01-01")
    account.put_script(upload_and_deploy(account.state, "importer", upload))
    pipeline.attach()
    pipeline.send("a")
    account.messages._most_bytes = 1_000_000

    async def flood(env):
        for _ in range(7):
            await env.send("NEXT", tuple(text("x" * 128_000)), batch=False)
        with pytest.raises(BindingError, match=r"^Queue send failed: Storage Limit Exceeded$"):
            await env.send("NEXT", tuple(text("x" * 128_000)), batch=False)
        with pytest.raises(BindingError, match=r"^Queue sendBatch failed: Storage Limit Exceeded$"):
            await env.send("NEXT", tuple(text("x" * 120_000, "x")), batch=True)
        return returned()

    assert len((await pipeline.drain(lambda _: flood)).deliveries) == 1
    assert account.backlog(pipeline.failed).messages == 7
    account.purge(pipeline.failed)
    account.enqueue(pipeline.failed, text("x" * 128_000))
    assert account.backlog(pipeline.failed).messages == 1


async def test_exactly_as_many_batches_as_allowed_is_no_cut(pipeline):
    pipeline.attach(batch_size=1)
    pipeline.send("a", "b")
    drained = await pipeline.drain(returns, most=2)
    assert (len(drained.deliveries), drained.cut) == (2, False)


async def test_a_consumer_that_cannot_be_imitated_ends_the_drain(pipeline):
    pipeline.attach()
    sent = pipeline.send("a")
    drained = await pipeline.drain(lambda _: Invocation(outcome="refused", refused="threads"))
    assert drained.refused == "threads"
    (delivery,) = drained.deliveries
    assert delivery.is_refused
    assert (delivery.acked, delivery.retried, delivery.dropped) == ((), (), ())
    (waiting,) = pipeline.account.peek(pipeline.jobs)
    assert (waiting.id, waiting.attempts, waiting.lease) == (sent[0], 0, None)


async def test_a_machine_without_a_sandbox_loses_nothing(pipeline):
    pipeline.attach()
    pipeline.send("a")

    def handle(trigger):
        raise SandboxError("none")

    with pytest.raises(SandboxError):
        await pipeline.drain(handle)
    (waiting,) = pipeline.account.peek(pipeline.jobs)
    assert waiting.attempts == 0


async def test_the_machines_time_comes_back(pipeline):
    machine = SystemClock()
    pipeline.account.clock = machine
    pipeline.attach(max_wait_time_ms=0)
    pipeline.send("a", delay=600)
    drained = await pipeline.drain(returns)
    assert 599 < drained.seconds <= 600
    assert pipeline.account.clock is machine


async def test_time_that_was_virtual_before_goes_on(pipeline):
    pipeline.attach()
    pipeline.send("a")
    (delivery,) = (await pipeline.drain(returns)).deliveries
    assert delivery.messages[0].timestamp == "1970-01-01T00:16:40.000Z"
    assert pipeline.account.clock.now_ms() == 1_005_000


async def test_a_handler_sends_through_its_bindings(pipeline, make_upload):
    account = pipeline.account
    bindings = ({"type": "queue", "name": "NEXT", "queue_name": "failed", "delivery_delay": 20},)
    account.put_script(
        upload_and_deploy(account.state, "importer", make_upload(text=CONSUMER, bindings=bindings))
    )
    pipeline.attach()
    pipeline.send("a")
    backlogs = []

    async def forward(env):
        backlogs.append(await env.send("NEXT", tuple(text("x", "yz")), batch=True))
        backlogs.append(await env.send("NEXT", tuple(text("w")), batch=False))
        return returned()

    await pipeline.drain(lambda _: forward)
    assert [(one.messages, one.bytes) for one in backlogs] == [(2, 3), (3, 4)]
    first = account.peek(pipeline.failed)[0]
    assert backlogs[0].oldest_ms == first.sent
    assert first.visible - first.sent == 20_000


async def test_a_queue_that_was_deleted_after_the_deploy_takes_nothing(pipeline, make_upload):
    account = pipeline.account
    bindings = ({"type": "queue", "name": "NEXT", "queue_name": "failed"},)
    for date, said in (
        ("2026-03-11", r"Queue send failed: Not Found"),
        ("2026-03-12", r"QueueNotFound \(10104\)"),
    ):
        upload = make_upload(text=CONSUMER, bindings=bindings, compatibility_date=date)
        if account.find_queue("failed") is None:
            account.create_queue("failed")
        account.put_script(upload_and_deploy(account.state, "importer", upload))
        account.delete_queue(pipeline.failed)

        async def forward(env, said=said):
            with pytest.raises(BindingError, match=f"^{said}$"):
                await env.send("NEXT", tuple(text("x")), batch=False)
            return returned()

        if account.queue(pipeline.jobs).consumer is None:
            pipeline.attach()
        pipeline.send("a")
        assert len((await pipeline.drain(lambda _, act=forward: act)).deliveries) == 1


async def test_locations_are_told_by_worker(pipeline):
    pipeline.attach()
    pipeline.send("a")
    bases = []

    class Seeing:
        async def invoke(self, worker, trigger, bindings, *, limits):
            bases.append(worker.base)
            return returned()

    await drain(
        pipeline.account,
        runtime=Seeing(),
        responses=nothing_recorded,
        base=lambda script: f"workers/{script}",
    )
    assert bases == ["workers/importer"]

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from diagnose.embedded import EmbeddedAccount, QueueSettings
from diagnose.embedded.invocation import Invocation, WorkerException
from diagnose.embedded.live import Live
from diagnose.embedded.live.lanes import MOST_WAITING
from diagnose.embedded.runtime import InlineRuntime
from diagnose.errors import SandboxError

pytestmark = pytest.mark.anyio

CONSUMER = """\
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def queue(self, batch):
        for message in batch.messages:
            print(message.body)
"""


def bodies(live: Live) -> list[list[str]]:
    triggers = live._invoker.runtime.triggers
    return [[message.body.decode() for message in trigger.messages] for trigger in triggers]


async def test_a_full_batch_is_delivered_at_once_and_the_rest_after_its_wait(account, live, consumer, send):
    queue_id = consumer(batch_size=2, max_wait_time_ms=5_000)
    executing = live()
    send("a", "b", "c")

    await executing.deliveries.deliver_due()
    assert bodies(executing) == [["a", "b"]]

    await executing.deliveries.deliver_due()
    account.clock.advance_to(account.clock.now_ms() + 5_000)
    await executing.deliveries.deliver_due()
    assert bodies(executing) == [["a", "b"], ["c"]]
    assert account.backlog(queue_id).messages == 0


async def test_messages_are_delivered_in_the_background_when_they_are_sent(account, live, consumer, send):
    seen = asyncio.Event()
    consumer(batch_size=1)
    async with live() as executing:
        account.observed.watch(lambda _: seen.set())
        send("a")
        await seen.wait()

    assert bodies(executing) == [["a"]]


async def test_an_exception_repeats_the_batch_and_hurts_nobody(account, live, consumer, send):
    error = WorkerException(name="KeyError", message="'candles'", traceback="")
    queue_id = consumer(batch_size=1, max_retries=1, retry_delay=1)
    executing = live(lambda _: Invocation(outcome="exception", exception=error))
    send("a")
    for _ in range(3):
        await executing.deliveries.deliver_due()
        account.clock.advance_to(account.clock.now_ms() + 1_000)

    assert bodies(executing) == [["a"], ["a"]]
    assert account.backlog(queue_id).messages == 0
    assert [seen.outcome for seen in account.observed.invocations] == ["exception", "exception"]


async def test_another_language_keeps_its_messages(account, live, consumer, send, told, deploy):
    queue_id = consumer(main="index.js", batch_size=1)
    executing = live()
    send("a")
    await executing.deliveries.deliver_due()
    await executing.deliveries.deliver_due()

    why = "importer (index.js) is not Python, and only Python workers are executed here"
    assert told == [f"queue jobs: its messages wait: {why}"]
    assert account.backlog(queue_id).messages == 1

    deploy(CONSUMER)
    await executing.deliveries.deliver_due()
    assert bodies(executing) == [["a"]]


@pytest.mark.parametrize(
    ("handle", "why"),
    [
        (lambda _: Invocation(outcome="refused", refused="crypto.subtle"), "crypto.subtle"),
        (lambda _: Invocation(outcome="refused"), "it asks for what is not imitated here"),
        (lambda _: _raise(SandboxError("no Landlock")), "no Landlock"),
    ],
)
async def test_what_cannot_be_executed_waits(account, live, consumer, send, told, handle, why):
    queue_id = consumer(batch_size=1)
    executing = live(handle)
    send("a")
    await executing.deliveries.deliver_due()
    await executing.deliveries.deliver_due()

    assert told == [f"queue jobs: its messages wait: {why}"]
    (message,) = account.messages.peek(queue_id, 9, now=account.clock.now_ms())
    assert message.attempts == 0


@pytest.mark.parametrize(
    ("error", "why"), [(OSError("no more processes"), "no more processes"), (RuntimeError(), "RuntimeError")]
)
async def test_trouble_of_this_machine_passes(account, live, consumer, send, told, error, why):
    raising = [error]
    queue_id = consumer(batch_size=1)
    executing = live(lambda _: _raise(raising.pop()) if raising else Invocation(outcome="ok"))
    send("a")
    await executing.deliveries.deliver_due()
    account.clock.advance_to(account.clock.now_ms() + 59_999)
    await executing.deliveries.deliver_due()
    assert (bodies(executing), told) == ([["a"]], [f"queue jobs: its messages wait: {why}"])

    account.clock.advance_to(account.clock.now_ms() + 1)
    await executing.deliveries.deliver_due()
    assert (bodies(executing), account.backlog(queue_id).messages) == ([["a"], ["a"]], 0)


async def test_a_busy_worker_is_given_its_messages_later(account, live, consumer, send, told):
    queue_id = consumer(batch_size=1)
    executing = live()
    send("a")
    async with AsyncExitStack() as stack:
        busy = [stack.enter_async_context(executing.lane("importer")) for _ in range(MOST_WAITING)]
        waiting = [asyncio.ensure_future(one) for one in busy]
        await asyncio.sleep(0)
        await executing.deliveries.deliver_due()
        assert (bodies(executing), account.backlog(queue_id).messages) == ([], 1)
        for one in waiting[1:]:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    account.clock.advance_to(account.clock.now_ms() + 1_000)
    await executing.deliveries.deliver_due()
    assert (bodies(executing), told) == ([["a"]], [])


async def test_a_queue_that_is_deleted_meanwhile_is_no_trouble(account, live, consumer, send, told):
    queue_id = consumer(batch_size=1)
    executing = live()
    send("a")
    delivering = asyncio.ensure_future(executing.deliveries.deliver_due())
    await asyncio.sleep(0)  # the delivery is about to begin
    account.delete_queue(queue_id)
    await delivering

    assert told == []


async def test_a_paused_queue_delivers_nothing(account, live, consumer, send):
    queue_id = consumer(batch_size=1)
    account.change_queue(queue_id, QueueSettings(delivery_paused=True))
    executing = live()
    send("a")
    await executing.deliveries.deliver_due()
    assert bodies(executing) == []

    account.change_queue(queue_id, QueueSettings(delivery_paused=False))
    await executing.deliveries.deliver_due()
    assert bodies(executing) == [["a"]]


async def test_what_was_being_delivered_at_a_kill_is_delivered_again(tmp_path, make_upload):
    from diagnose.embedded import ConsumerSettings
    from diagnose.embedded.deploying import upload_and_deploy
    from diagnose.embedded.invocation import OutgoingMessage

    with EmbeddedAccount.open(tmp_path / "account") as account:
        queue = account.create_queue("jobs")
        account.put_script(upload_and_deploy(account.state, "importer", make_upload(CONSUMER)))
        account.attach_consumer(queue.id, "importer", ConsumerSettings(batch_size=1))
        account.enqueue(queue.id, [OutgoingMessage(content_type="text", body=b"a")])
        now = account.clock.now_ms()
        # What a kill leaves behind: a message that was taken, and neither settled nor given back.
        assert len(account.messages.take(queue.id, 1, now=now, until=now + 900_000)) == 1

    with EmbeddedAccount.open(tmp_path / "account") as account:
        await Live(account, InlineRuntime()).deliveries.deliver_due()
        (seen,) = account.observed.invocations
        assert ([log.message for log in seen.logs], seen.outcome) == ([("a",)], "ok")
        assert account.backlog(queue.id).messages == 0


def _raise(error: Exception) -> Invocation:
    raise error

from __future__ import annotations

import pytest

from diagnose.account.tail_events import QueueEvent, TailEvent, TailException
from diagnose.embedded import QueueSettings
from diagnose.embedded.invocation import OutgoingMessage
from diagnose.rehearsal.live.following import backlogs, consumer_of, follow, outcomes, wait_seconds
from diagnose.rehearsal.outcomes import QueueOutcome

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queues(account):
    return [await account.queue(name) for name in ("jobs", "dead")]


def send(embedded, name: str, count: int = 1) -> None:
    messages = [OutgoingMessage(content_type="text", body=b"a")] * count
    embedded.enqueue(embedded.find_queue(name).id, messages)


def batch(size: int, *, outcome: str = "ok", error: str | None = None) -> TailEvent:
    return TailEvent(
        event=QueueEvent(queue="jobs", batch_size=size),
        outcome=outcome,
        exceptions=() if error is None else (TailException(name="KeyError", message=error),),
    )


async def test_backlogs_are_asked_for_again(account, embedded, queues):
    assert await backlogs(account, queues) == {"jobs": 0, "dead": 0}
    send(embedded, "jobs", 2)
    assert await backlogs(account, queues) == {"jobs": 2, "dead": 0}


async def test_a_queue_is_followed_until_it_is_as_before(account, embedded, queues, monkeypatch):
    send(embedded, "jobs", 3)
    pauses = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            embedded.purge(embedded.find_queue("jobs").id)

    monkeypatch.setattr(account, "pause", pause)
    assert await follow(account, queues, {"jobs": 0, "dead": 0}) == {"jobs": 0, "dead": 0}
    assert len(pauses) == 2


async def test_it_is_followed_no_longer_than_that(account, embedded, queues):
    send(embedded, "jobs")

    assert await follow(account, queues, {"jobs": 0, "dead": 0}, seconds=0) == {"jobs": 1, "dead": 0}


async def test_nobody_waits_for_what_nobody_takes(account, embedded):
    jobs = embedded.find_queue("jobs").id
    embedded.change_queue(jobs, QueueSettings(delivery_paused=True))
    send(embedded, "jobs")
    send(embedded, "dead")
    queues = [await account.queue(name) for name in ("jobs", "dead")]

    assert await follow(account, queues, {"jobs": 0, "dead": 0}, seconds=600) == {"jobs": 1, "dead": 1}


async def test_consumers_and_their_waits(queues):
    jobs, dead = queues

    assert (consumer_of(jobs), wait_seconds(jobs)) == ("importer", 2.0)
    assert (consumer_of(dead), wait_seconds(dead)) == (None, 5.0)


async def test_what_became_of_messages(queues):
    events = [batch(2), batch(1, outcome="exception", error="'candles'")]
    found = outcomes(queues, events, {"jobs": 0, "dead": 4}, {"jobs": 0, "dead": 5}, sent={})

    assert found == (
        QueueOutcome(
            queue="jobs",
            sent=3,
            acked=2,
            retried=1,
            dead_lettered=1,
            dead_letter_queue="dead",
            consumer="importer",
            error="KeyError: 'candles'",
        ),
    )


async def test_what_is_left_says_why(account, embedded, queues):
    before, after = {"jobs": 1, "dead": 0}, {"jobs": 3, "dead": 0}
    (slow,) = outcomes(queues, [], before, after, sent={"jobs": 2})
    assert (slow.sent, slow.left, slow.why_left) == (2, 2, "not taken within 60 s")

    jobs = embedded.find_queue("jobs").id
    embedded.change_queue(jobs, QueueSettings(delivery_paused=True))
    account.forget()
    (paused,) = outcomes([await account.queue("jobs")], [], before, after, sent={})
    assert paused.why_left == "its delivery is paused"

    embedded.detach_consumer(jobs)
    account.forget()
    (nobody,) = outcomes([await account.queue("jobs")], [], before, after, sent={})
    assert (nobody.why_left, nobody.is_unwanted) == ("no worker consumes it", True)


async def test_an_invocation_that_ended_otherwise(queues):
    (found,) = outcomes(
        queues, [batch(1, outcome="exceededCpu")], {"jobs": 0, "dead": 0}, {"jobs": 1, "dead": 0}, sent={}
    )
    assert found.error == "the invocation ended as exceededCpu"


async def test_queues_without_messages_are_not_told(queues):
    assert outcomes(queues, [], {"jobs": 2, "dead": 2}, {"jobs": 0, "dead": 2}, sent={}) == ()

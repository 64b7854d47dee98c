from __future__ import annotations

import pytest

from diagnose.account import Account, Secret
from diagnose.account.tail_events import (
    OtherEvent,
    QueueEvent,
    RequestEvent,
    TailEvent,
    TailException,
    TailLog,
)
from diagnose.account.visiting import Visited
from diagnose.embedded.observed import ObservedInvocation
from diagnose.embedded.serving import BackgroundServer
from diagnose.rehearsal.live.seeing import Seeing, batches, invocation_of, request_named

pytestmark = pytest.mark.anyio


@pytest.fixture
def server(embedded):
    with BackgroundServer(embedded) as running:
        yield running


@pytest.fixture
async def client(server, embedded, anyio_backend):
    async with Account.cloudflare(Secret(embedded.token), embedded.account_id, server.base_url) as made:
        yield made


def happens(server, queue: str) -> None:
    seen = ObservedInvocation(
        script="importer", version_id="v1", kind="queue", timestamp=1, event={"queue": queue, "batchSize": 1}
    )
    server.call(lambda: server.account.observed.record(seen))


async def test_workers_are_watched_once_each_and_what_is_missing_is_noted(server, client):
    async with Seeing(client, ("importer", "importer", "nobody")) as seeing:
        happens(server, "jobs")
        assert await seeing.until(lambda: len(seeing.events) == 1, 30)
        await seeing.calm(0.01)

    assert seeing.watched == ("importer",)
    assert list(seeing.unwatched) == ["nobody"]
    assert "does not exist" in seeing.unwatched["nobody"]
    assert [event.event for event in seeing.events] == [QueueEvent(queue="jobs", batch_size=1)]
    assert server.account.tails.of("importer") == ()
    assert seeing.gaps == ()


async def test_nothing_is_waited_for_longer_than_that(client):
    async with Seeing(client, ("importer",)) as seeing:
        assert not await seeing.until(lambda: bool(seeing.events), 0.01)
        await seeing.calm(600)


def test_our_request_is_found_by_its_name():
    mine = TailEvent(event=RequestEvent(url="https://a/", headers={"x-diagnose-run": "ours"}))
    others = [TailEvent(event=RequestEvent(url="https://a/")), TailEvent(event=OtherEvent())]

    assert request_named([*others, mine], "ours") is mine
    assert request_named(others, "ours") is None


def test_batches_of_a_queue():
    jobs = TailEvent(event=QueueEvent(queue="jobs"))

    assert batches(
        [TailEvent(event=QueueEvent(queue="dead")), jobs, TailEvent(event=OtherEvent())], "jobs"
    ) == [jobs]


def test_an_event_is_an_invocation():
    event = TailEvent(
        event=RequestEvent(url="https://a/import?token=s3", method="POST"),
        outcome="exception",
        at_ms=1_000,
        wall_ms=40,
        logs=(TailLog(text="about to load", level="warn", at_ms=1_010),),
        exceptions=(TailException(name="KeyError", message="'candles'", stack="at x", at_ms=1_020),),
        truncated=True,
    )
    made = invocation_of(event, Visited(status=500, body=b"oh"))

    assert (made.outcome, made.duration_ms, made.truncated) == ("exception", 40, True)
    assert made.answer is not None
    assert (made.answer.status, made.answer.body) == (500, b"oh")
    assert made.exception is not None
    assert (made.exception.name, made.exception.message, made.exception.traceback) == (
        "KeyError",
        "'candles'",
        "at x",
    )
    assert [(e.at_ms, e.kind, e.text) for e in made.events] == [
        (0, "trigger", "POST https://a/import"),
        (10, "log", "about to load"),
        (20, "exception", "KeyError: 'candles'"),
    ]
    assert made.logs == ("about to load",)


@pytest.mark.parametrize(
    ("outcome", "ours", "reason"),
    [
        ("ok", "ok", None),
        ("exceededMemory", "exceededMemory", "the invocation ended as exceededMemory"),
        ("canceled", "killed", "the invocation ended as canceled"),
    ],
)
def test_outcomes_that_are_not_ours(outcome, ours, reason):
    made = invocation_of(TailEvent(event=QueueEvent(queue="jobs", batch_size=1_000), outcome=outcome))

    assert (made.outcome, made.reason) == (ours, reason)
    assert made.events[0].text == "queue jobs: 1,000 messages"


def test_an_event_of_another_kind():
    assert invocation_of(TailEvent(event=OtherEvent())).events[0].text == "an event of another kind"

from __future__ import annotations

import pytest

from diagnose.embedded.live.tails import MOST_TAILS, Feed, Tails
from diagnose.embedded.observed import Observed, ObservedInvocation
from diagnose.embedded.refusal import RefusalError

pytestmark = pytest.mark.anyio


class Now:
    def __init__(self) -> None:
        self.ms = 1_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def observed() -> Observed:
    return Observed()


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def tails(observed, now) -> Tails:
    return Tails(observed, lifetime_seconds=60, now_ms=now)


def happened(script: str = "importer", outcome: str = "ok") -> ObservedInvocation:
    return ObservedInvocation(
        script=script, version_id="v1", kind="queue", timestamp=1, outcome=outcome, event={"queue": "jobs"}
    )


async def frames(feed: Feed) -> list:
    feed.close()
    found = []
    while (frame := await feed.next()) is not None:
        found.append(frame)
    return found


async def test_whoever_watches_is_sent_what_the_filters_let_pass(tails, observed):
    tail = tails.create("importer", ({"outcome": ["exception"]},))
    feed = Feed()
    tail.feeds.append(feed)

    observed.record(happened())
    observed.record(happened(outcome="exception"))
    observed.record(happened("other", outcome="exception"))

    assert [frame["outcome"] for frame in await frames(feed)] == ["exception"]


async def test_a_tail_that_is_over_sends_nothing_more(tails, observed, now):
    tail = tails.create("importer")
    feed = Feed()
    tail.feeds.append(feed)
    assert (tail.expires_ms, tails.of("importer")) == (61_000, (tail,))

    now.ms = 61_000
    observed.record(happened())

    assert (await frames(feed), tails.of("importer"), tails.with_key(tail.key)) == ([], (), None)


async def test_deleting_a_tail_ends_its_connections(tails):
    tail = tails.create("importer")
    feed = Feed()
    tail.feeds.append(feed)

    with pytest.raises(RefusalError):
        tails.delete("other", tail.id)
    tails.delete("importer", tail.id)

    assert await feed.next() is None
    assert tails.of("importer") == ()
    with pytest.raises(RefusalError, match="could not be found"):
        tails.delete("importer", tail.id)


def test_a_worker_has_a_bounded_number_of_tails(tails):
    for _ in range(MOST_TAILS):
        tails.create("importer")
    tails.create("other")

    with pytest.raises(RefusalError, match="has 10 tails already"):
        tails.create("importer")


def test_the_key_is_long_never_shown_and_not_the_id(tails):
    tail = tails.create("importer")

    assert tails.with_key(tail.key) is tail
    assert tails.with_key(tail.id) is None
    assert len(tail.key) >= 43
    assert tail.key not in repr(tail)


async def test_a_client_that_does_not_read_is_told_what_it_misses():
    feed = Feed(most=2)
    for number in range(4):
        feed.put({"n": number})
    first = [await feed.next(), await feed.next()]
    feed.put({"n": 4})
    feed.put({"n": 5})
    rest = await frames(feed)

    assert first == [{"n": 0}, {"n": 1}]
    assert [frame.get("n", frame.get("event")) for frame in rest] == [
        {"message": "the client reads too slowly, so that invocations are left out", "type": "overload"},
        {"message": "all invocations are sent again", "type": "overload-stop"},
        4,
        {"message": "the client reads too slowly, so that invocations are left out", "type": "overload"},
    ]

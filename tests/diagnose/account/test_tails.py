"""Tails over real WebSockets: those of a served account, and a server that misbehaves."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import serve

from diagnose.account import (
    Account,
    MissingPermissionError,
    NotFoundError,
    Secret,
    UnreachableError,
    watching,
)
from diagnose.account.errors import MalformedAnswerError
from diagnose.account.tail_events import QueueEvent
from diagnose.account.tails import Tail
from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.embedded.observed import ObservedInvocation, ObservedLog
from diagnose.embedded.serving import BackgroundServer
from diagnose.embedded.tokens import EVERYTHING, Permission

pytestmark = pytest.mark.anyio

CANARY = "canary-url-7d1f"


@pytest.fixture
def served():
    """An account with the worker `importer`, on a port."""
    modules = {"entry.py": Module(content=b"async def fetch(): ...\n", content_type="text/x-python")}
    with EmbeddedAccount.memory() as account:
        upload = Upload(main_module="entry.py", modules=modules)
        account.put_script(upload_and_deploy(account.state, "importer", upload))
        with BackgroundServer(account) as server:
            yield server


@pytest.fixture
async def client(served, anyio_backend):
    account = served.account
    async with Account.cloudflare(Secret(account.token), account.account_id, served.base_url) as made:
        yield made


def happens(served, text: str, **more) -> None:
    seen = ObservedInvocation(
        script="importer",
        version_id="v1",
        kind="queue",
        timestamp=1,
        event={"queue": "jobs", "batchSize": 2},
        logs=(ObservedLog(timestamp=2, message=(text,)),),
        **more,
    )
    served.call(lambda: served.account.observed.record(seen))


async def test_what_happens_is_seen_and_the_tail_is_deleted(served, client):
    async with client.tail("importer") as tail:
        (open_tail,) = served.account.tails.of("importer")
        happens(served, "first")
        happens(served, "second")
        events = await tail.seen(30, until=lambda event: event.logs[0].text == "second")

    assert [event.logs[0].text for event in events] == ["first", "second"]
    assert events[0].event == QueueEvent(queue="jobs", batch_size=2)
    assert (tail.gaps, tail.left) == ([], None)
    assert served.account.tails.of("importer") == ()
    assert open_tail.key not in repr(vars(tail))


async def test_filters_reach_the_server(served, client):
    async with client.tail("importer", ({"query": "wanted"},)) as tail:
        happens(served, "other")
        happens(served, "the wanted one")
        (event,) = await tail.seen(30, until=lambda _: True)

    assert event.logs[0].text == "the wanted one"


async def test_a_while_without_events_is_an_empty_list(client):
    async with client.tail("importer") as tail:
        assert await tail.seen(0.01) == []


async def test_a_tail_that_somebody_deletes_ends(served, client):
    async with client.tail("importer") as tail:
        (open_tail,) = served.account.tails.of("importer")
        served.call(lambda: served.account.tails.delete("importer", open_tail.id))
        assert [event async for event in tail] == []
        assert await tail.seen(30) == []

    assert tail.gaps == []
    assert "could not be found" in (tail.left or "")
    assert open_tail.id not in (tail.left or "")


async def test_an_unknown_worker_and_a_missing_permission(served, client):
    with pytest.raises(NotFoundError):
        async with client.tail("nobody"):
            pytest.fail("there is no such worker")
    token = served.call(lambda: served.account.issue_token(permissions=EVERYTHING - {Permission.TAIL_READ}))
    async with Account.cloudflare(Secret(token), served.account.account_id, served.base_url) as poor:
        with pytest.raises(MissingPermissionError):
            async with poor.tail("importer"):
                pytest.fail("the token may not watch")


async def test_two_watch_at_the_same_time(served, client):
    async with client.tail("importer") as one, client.tail("importer") as other:
        happens(served, "for both")
        events = [await tail.seen(30, until=lambda _: True) for tail in (one, other)]

    assert [[event.logs[0].text for event in seen] for seen in events] == [["for both"], ["for both"]]


async def test_the_url_wants_its_protocol_and_its_key(served, client):
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus

    tail = served.call(lambda: served.account.tails.create("importer"))
    root = served.base_url.replace("http", "ws", 1).removesuffix("/client/v4")
    with pytest.raises(InvalidStatus, match="HTTP 400"):
        await connect(f"{root}/tails/{tail.key}", proxy=None)
    with pytest.raises(InvalidStatus, match="HTTP 404"):
        await connect(f"{root}/tails/guess", subprotocols=["trace-v1"], proxy=None)
    async with connect(f"{root}/tails/{tail.key}", subprotocols=["trace-v1"], proxy=None) as socket:
        assert socket.subprotocol == "trace-v1"
        await socket.send('{"debug":false}')
        await (await socket.ping("wrangler tail ping"))
        happens(served, "frame")
        frame = json.loads(await socket.recv())
    assert frame["logs"] == [{"message": ["frame"], "level": "log", "timestamp": 2}]


def made(url: str, **more: str) -> bytes:
    result = {"id": "tail-1", "url": url, "expires_at": "2999-01-01T00:00:00Z", **more}
    return json.dumps({"success": True, "errors": [], "messages": [], "result": result}).encode()


DELETED = json.dumps({"success": True, "errors": [], "messages": [], "result": None}).encode()


@asynccontextmanager
async def watched(handle):
    """A WebSocket server of the test, and its URL."""
    async with serve(handle, "127.0.0.1", 0, subprotocols=["trace-v1"]) as running:
        port = running.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/{CANARY}"


async def test_frames_that_say_nothing_and_overload_make_counts_untrusted(scripted, server):
    async def handle(socket):
        assert await socket.recv() == '{"debug":false}'
        await socket.send("{")
        await socket.send(json.dumps({"event": {"type": "overload", "message": "sampled"}}))
        await socket.send(json.dumps({"event": {"queue": "jobs"}}).encode())

    async with watched(handle) as url:
        server.answer(200, made(url))
        server.answer(200, DELETED)
        async with scripted.tail("importer") as tail:
            events = [event async for event in tail]

    assert [event.event for event in events] == [QueueEvent(queue="jobs")]
    assert tail.gaps == ["a frame could not be read", "the tail says overload: sampled"]
    methods = [(method, path.rpartition("/scripts/")[2]) for method, path, _ in server.seen]
    assert methods == [("POST", "importer/tails"), ("DELETE", "importer/tails/tail-1")]


async def test_a_lost_connection_is_made_anew_and_told(scripted, server, monkeypatch):
    monkeypatch.setattr(watching, "_AGAIN_SECONDS", (0.0, 0.0))
    connections = []

    async def handle(socket):
        connections.append(socket)
        await socket.send(json.dumps({"event": {"queue": f"number {len(connections)}"}}))
        if len(connections) == 1:
            await socket.close(1011)

    async with watched(handle) as url:
        for body in (made(url), DELETED):
            server.answer(200, body)
        server.answer(403, b"nothing")
        for body in (made(url), DELETED):
            server.answer(200, body)
        async with scripted.tail("importer") as tail:
            events = [event async for event in tail]

    assert [event.event.queue for event in events] == ["number 1", "number 2"]
    assert tail.gaps == ["the tail's connection was lost"]


async def test_a_tail_that_cannot_be_made_anew_ends(scripted, server, monkeypatch):
    monkeypatch.setattr(watching, "_AGAIN_SECONDS", (0.0, 0.0))

    async def handle(socket):
        await socket.close(1011)

    async with watched(handle) as url:
        for status, body in ((200, made(url)), (200, DELETED), (403, b"no"), (403, b"no")):
            server.answer(status, body)
        async with scripted.tail("importer") as tail:
            assert [event async for event in tail] == []

    assert tail.gaps == ["the tail's connection was lost", "the tail could not be made anew"]


async def test_a_tail_is_renewed_before_it_expires(scripted, server, monkeypatch):
    from datetime import UTC, datetime, timedelta

    connections = []

    async def handle(socket):
        connections.append(socket)
        if len(connections) == 1:
            await socket.wait_closed()

    async with watched(handle) as url:
        soon = (datetime.now(UTC) + timedelta(seconds=0.2)).isoformat()
        server.answer(200, made(url, expires_at=soon))
        for body in (DELETED, made(url), DELETED):
            server.answer(200, body)
        async with scripted.tail("importer") as tail:
            assert [event async for event in tail] == []

    assert (len(connections), tail.gaps) == (2, ["the tail was renewed before it expired"])


@pytest.mark.parametrize(
    "url",
    [
        f"ws://192.0.2.1/{CANARY}",
        f"http://127.0.0.1/{CANARY}",
        f"{CANARY}",
        f"ws://[::1/{CANARY}",
    ],
)
async def test_a_url_that_is_readable_on_the_way_is_not_connected_to(scripted, server, url):
    server.answer(200, made(url))
    server.answer(200, DELETED)
    with pytest.raises(MalformedAnswerError, match="neither wss nor on this machine") as caught:
        async with scripted.tail("importer"):
            pytest.fail("it was connected to")
    assert CANARY not in str(caught.value)
    assert [method for method, _, _ in server.seen] == ["POST", "DELETE"]


async def test_the_url_stays_hidden_when_nobody_answers(scripted, server, caplog):
    caplog.set_level(logging.DEBUG)

    async def handle(socket):
        await socket.wait_closed()

    async with watched(handle) as url:
        pass
    server.answer(200, made(url))
    server.answer(200, DELETED)
    with pytest.raises(UnreachableError, match="the tail was not reached: ConnectionRefusedError") as caught:
        async with scripted.tail("importer"):
            pytest.fail("nobody listens")

    assert caught.value.__cause__ is None
    assert CANARY not in f"{caught.value} {caught.value.exchange!r}"
    assert CANARY not in caplog.text


async def test_the_url_stays_hidden_when_all_goes_well(scripted, server, caplog):
    caplog.set_level(logging.DEBUG, logger="diagnose")

    async def handle(socket):
        await socket.recv()

    async with watched(handle) as url:
        server.answer(200, made(url))
        server.answer(200, DELETED)
        async with scripted.tail("importer") as tail:
            assert [event async for event in tail] == []
    assert [record for record in caplog.records if record.name.startswith("diagnose")] == []


async def test_a_tail_that_is_not_there_is_told_by_its_status(scripted, server):
    async def refuse(connection, _request):
        return connection.respond(410, "gone")

    async with serve(None, "127.0.0.1", 0, process_request=refuse) as running:
        port = running.sockets[0].getsockname()[1]
        server.answer(200, made(f"ws://127.0.0.1:{port}/{CANARY}"))
        server.answer(200, DELETED)
        with pytest.raises(UnreachableError, match="HTTP 410"):
            async with scripted.tail("importer"):
                pytest.fail("it was connected to")


async def test_events_that_nobody_looks_at_are_bounded(monkeypatch):
    from diagnose.account import tails

    monkeypatch.setattr(tails, "_MOST_WAITING", 3)
    tail = Tail("importer")
    for _ in range(5):
        tail.take('{"event":{"queue":"jobs"}}')
    tail.end()

    assert len([event async for event in tail]) == 2
    assert tail.gaps == ["more than 3 events waited to be looked at"]


async def test_leaving_while_events_come_waits_for_nothing(served, client):
    async with asyncio.timeout(30), client.tail("importer"):
        happens(served, "nobody looks")
    assert served.account.tails.of("importer") == ()

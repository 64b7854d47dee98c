from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest
import uvicorn

from diagnose.account import Account, AccountKind, Secret, UnreachableError
from diagnose.embedded.app.faults import ConnectionDroppedError, Fault, FaultKind, Faults
from diagnose.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from diagnose.embedded import EmbeddedAccount

pytestmark = pytest.mark.anyio

ACCOUNT_ID = "0123456789abcdef0123456789abcdef"
DATABASES = f"/accounts/{ACCOUNT_ID}/d1/database"


@pytest.fixture
def naps() -> list[float]:
    return []


@pytest.fixture
def faults(naps: list[float]) -> Faults:
    async def sleep(seconds: float) -> None:
        naps.append(seconds)

    return Faults(seed=1, sleep=sleep)


@pytest.fixture
async def faulty(
    embedded: EmbeddedAccount, faults: Faults, anyio_backend: str
) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=embedded.app(faults=faults)),
        base_url="http://embedded.invalid/client/v4",
        headers={"Authorization": f"Bearer {embedded.token}"},
    ) as client:
        yield client


@contextlib.contextmanager
def served(app: object) -> Iterator[str]:
    """The app on a loopback port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/client/v4"
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (FaultKind.RATE_LIMITED, 429, 10500),
        (FaultKind.INTERNAL_ERROR, 500, 7500),
        (FaultKind.NOT_AUTHORIZED, 403, 7403),
    ],
)
async def test_a_refusal_comes_in_an_envelope(faulty, faults, kind, status, code):
    faults.replace(Fault(kind=kind))
    response = await faulty.get(DATABASES)
    assert response.status_code == status
    assert (response.json()["success"], response.json()["errors"][0]["code"]) == (False, code)
    assert response.headers["cf-ray"]


@pytest.mark.parametrize(
    ("kind", "status", "start"),
    [(FaultKind.GATEWAY_TIMEOUT, 504, "<!DOCTYPE html>"), (FaultKind.UNAVAILABLE, 503, "upstream connect")],
)
async def test_what_stands_before_the_api_answers_no_json(faulty, faults, kind, status, start):
    faults.replace(Fault(kind=kind))
    response = await faulty.get(DATABASES)
    assert (response.status_code, response.text.startswith(start)) == (status, True)
    assert "retry-after" not in response.headers


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        (Fault(kind=FaultKind.RATE_LIMITED), "1"),
        (Fault(kind=FaultKind.RATE_LIMITED, retry_after=6.2), "7"),
        (Fault(kind=FaultKind.UNAVAILABLE, retry_after=3), "3"),
    ],
)
async def test_how_long_to_wait_is_said(faulty, faults, fault, asked):
    faults.replace(fault)
    assert (await faulty.get(DATABASES)).headers["retry-after"] == asked


async def test_a_slow_answer_is_the_answer(faulty, faults, naps):
    faults.replace(Fault(kind=FaultKind.SLOW, seconds=12.5))
    assert (await faulty.get(DATABASES)).json()["result"] == []
    assert naps == [12.5]


async def test_what_is_dropped_before_was_not_done_and_after_was(faulty, faults, embedded):
    faults.replace(Fault(kind=FaultKind.DROP_BEFORE))
    with pytest.raises(ConnectionDroppedError):
        await faulty.post(DATABASES, json={"name": "one"})
    assert embedded.databases == {}
    faults.replace(Fault(kind=FaultKind.DROP_AFTER))
    with pytest.raises(ConnectionDroppedError):
        await faulty.post(DATABASES, json={"name": "two"})
    assert [database.name for database in embedded.databases.values()] == ["two"]


async def test_method_path_and_number_decide(faulty, faults):
    faults.replace(Fault(kind=FaultKind.UNAVAILABLE, method="GET", path="/d1/database$", times=1))
    statuses = [
        (await faulty.post(DATABASES, json={"name": "x"})).status_code,
        (await faulty.get(f"/accounts/{ACCOUNT_ID}/queues")).status_code,
        (await faulty.get(DATABASES)).status_code,
        (await faulty.get(DATABASES)).status_code,
    ]
    assert statuses == [200, 200, 503, 200]
    assert faults.struck == [(FaultKind.UNAVAILABLE, "GET", f"/client/v4{DATABASES}")]


def test_chance_comes_from_the_seed():
    def struck(seed: int) -> list[bool]:
        faults = Faults([Fault(kind=FaultKind.SLOW, probability=0.3)], seed=seed)
        return [faults.draw("GET", "/") is not None for _ in range(1_000)]

    assert struck(7) == struck(7) != struck(8)
    assert 250 < sum(struck(7)) < 350


def test_the_first_that_strikes_is_met():
    faults = Faults([Fault(kind=FaultKind.SLOW, times=1)])
    faults.add(Fault(kind=FaultKind.UNAVAILABLE))
    drawn = [faults.draw("GET", "/") for _ in range(3)]
    assert [fault.kind for fault in drawn] == [FaultKind.SLOW, FaultKind.UNAVAILABLE, FaultKind.UNAVAILABLE]
    faults.replace()
    assert faults.draw("GET", "/") is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("429", Fault(kind=FaultKind.RATE_LIMITED)),
        ("500:3", Fault(kind=FaultKind.INTERNAL_ERROR, times=3)),
        ("drop-after:/d1/", Fault(kind=FaultKind.DROP_AFTER, path="/d1/")),
        ("slow:a:b:2", Fault(kind=FaultKind.SLOW, path="a:b", times=2)),
    ],
)
def test_a_fault_is_written_in_one_word(text, fault):
    assert Fault.parse(text) == fault


@pytest.mark.parametrize("text", ["", "501", "429:(", "Drop-before", "429:/query:0"])
def test_what_is_no_fault_is_refused(text):
    with pytest.raises(UsageError, match="is no fault") as caught:
        Fault.parse(text)
    assert "html504" in caught.value.hint


async def test_a_drop_in_this_process_is_unreachable_for_the_client(embedded, faults):
    faults.replace(Fault(kind=FaultKind.DROP_BEFORE))
    app = embedded.app(faults=faults)
    async with Account.over_app(app, ACCOUNT_ID, Secret(embedded.token), AccountKind.SAVED) as client:
        with pytest.raises(UnreachableError, match="the connection was closed"):
            await client.create_database("x")


@pytest.mark.parametrize(("kind", "names"), [(FaultKind.DROP_BEFORE, []), (FaultKind.DROP_AFTER, ["x"])])
def test_a_server_closes_the_connection(embedded, faults, kind, names):
    faults.replace(Fault(kind=kind))
    headers = {"Authorization": f"Bearer {embedded.token}"}
    # A body that was not read when the connection is closed makes the kernel reset it.
    dropped = (httpx.RemoteProtocolError, httpx.ReadError)
    with served(embedded.app(faults=faults)) as url, pytest.raises(dropped):
        httpx.post(f"{url}{DATABASES}", json={"name": "x"}, headers=headers, trust_env=False)
    assert [database.name for database in embedded.databases.values()] == names

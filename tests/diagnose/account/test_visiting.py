"""Requests to a worker, over a real connection."""

from __future__ import annotations

import socket

import pytest

from diagnose.account import UnreachableError
from diagnose.account.visiting import Address, checked_address, visit
from diagnose.embedded.serving.background import ServerThread
from diagnose.errors import UsageError

pytestmark = pytest.mark.anyio


class Echo:
    """Answers with what it was asked."""

    def __init__(self) -> None:
        self.seen = {}
        self.body = b"hello"
        self.status = 201

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        message = await receive()
        query = scope["query_string"].decode()
        self.seen = {"method": scope["method"], "target": f"{scope['path']}?{query}", **headers}
        self.seen["body"] = message["body"]
        told = [(b"X-Rows", b"7"), (b"location", b"http://192.0.2.1/")]
        await send({"type": "http.response.start", "status": self.status, "headers": told})
        await send({"type": "http.response.body", "body": self.body})


@pytest.fixture
def echo():
    return Echo()


@pytest.fixture
def origin(echo):
    with ServerThread(echo) as server:
        yield server.base_url.removesuffix("/client/v4")


def send(address: Address, **more):
    request = {"method": "POST", "path": "/import?full=1", "headers": {"x-kind": "candles"}, "body": b"rows"}
    return visit(address, **request | more)


async def test_the_request_is_sent_once_and_as_it_is(echo, origin):
    visited = await send(Address(origin=origin, host="importer.embedded.workers.dev"))

    assert (visited.status, visited.body, visited.headers["x-rows"]) == (201, b"hello", "7")
    assert echo.seen["host"] == "importer.embedded.workers.dev"
    assert (echo.seen["method"], echo.seen["target"]) == ("POST", "/import?full=1")
    assert (echo.seen["x-kind"], echo.seen["body"]) == ("candles", b"rows")
    assert "authorization" not in echo.seen


async def test_no_redirect_is_followed(echo, origin):
    echo.status = 302
    assert (await send(Address(origin=origin))).status == 302


async def test_a_long_answer_is_cut(echo, origin):
    echo.body = b"x" * (5 << 20)
    assert len((await send(Address(origin=origin))).body) == 4 << 20


async def test_nobody_answers():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = Address(origin=f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(UnreachableError, match="no answer") as caught:
            await send(address)
    assert "is not known" in str(caught.value)


@pytest.mark.parametrize("url", ["https://a.example", "https://a.example:8443/", "http://127.0.0.1:8787"])
def test_addresses(url):
    assert checked_address(url) == Address(origin=url.rstrip("/"))


@pytest.mark.parametrize(
    "url", ["http://a.example", "ftp://a.example", "https://a.example/x", "https://", "https://a.example?b"]
)
def test_what_is_none(url):
    with pytest.raises(UsageError, match="cannot be used"):
        checked_address(url)


def test_an_address_is_shown_with_its_host():
    assert str(Address(origin="http://127.0.0.1:1", host="a.b")) == "http://127.0.0.1:1 (Host: a.b)"
    assert str(Address(origin="https://a.b")) == "https://a.b"

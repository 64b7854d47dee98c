"""Requests to a server on loopback, and those that are never sent."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from diagnose.account import outbound
from diagnose.account.outbound import Outbound, OutboundError
from diagnose.embedded.invocation import OutboundRequest

pytestmark = pytest.mark.anyio


class Site(BaseHTTPRequestHandler):
    """Answers by path, and remembers what it was asked."""

    asked: ClassVar[list[tuple[str, str, dict[str, str], bytes]]] = []

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.asked.append((self.command, self.path, dict(self.headers.items()), body))
        status, headers, content = {
            "/rows": (200, {"Content-Type": "application/json"}, b'{"rows": [1]}'),
            "/moved": (302, {"Location": "/rows"}, b""),
            "/kept": (307, {"Location": "/rows"}, b""),
            "/loop": (302, {"Location": "/loop"}, b""),
            "/away": (302, {"Location": "http://localhost:1/elsewhere?token=hush"}, b""),
            "/large": (200, {}, b"x" * 2_000),
        }.get(self.path.partition("?")[0], (404, {"Content-Type": "text/plain"}, b"no such rows"))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content)), "Set-Cookie": "a=b"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - idem


@pytest.fixture
def site():
    Site.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
async def fetch(site):
    client = Outbound(frozenset({site}))

    async def send(path: str, method: str = "GET", **fields):
        return await client.fetch(OutboundRequest(url=f"http://{site}{path}", method=method, **fields))

    yield send
    await client.aclose()


async def test_an_allowed_host_is_asked_over_http(fetch, site):
    answer = await fetch("/rows?limit=1", headers={"accept": "application/json", "connection": "close"})
    assert (answer.status, answer.body) == (200, b'{"rows": [1]}')
    assert answer.headers["content-type"] == "application/json"
    assert "content-length" not in answer.headers
    ((method, path, headers, _),) = Site.asked
    assert (method, path) == ("GET", "/rows?limit=1")
    assert headers["host"] == site
    assert headers["accept"] == "application/json"


async def test_an_error_is_an_answer(fetch):
    answer = await fetch("/missing")
    assert (answer.status, answer.body) == (404, b"no such rows")


async def test_a_redirect_of_a_post_becomes_a_get_unless_it_keeps_the_method(fetch):
    await fetch("/moved", "POST", body=b"x")
    await fetch("/kept", "POST", body=b"y")
    assert [(method, path, body) for method, path, _, body in Site.asked] == [
        ("POST", "/moved", b"x"),
        ("GET", "/rows", b""),
        ("POST", "/kept", b"y"),
        ("POST", "/rows", b"y"),
    ]


async def test_redirects_end(fetch):
    with pytest.raises(OutboundError, match="more than 5 redirects"):
        await fetch("/loop")
    assert len(Site.asked) == 6


async def test_a_redirect_obeys_the_same_rules_and_shows_no_secret(fetch):
    with pytest.raises(OutboundError) as caught:
        await fetch("/away")
    assert str(caught.value) == (
        "http://localhost:1/elsewhere: only https is sent;"
        " if you trust the worker with it: --allow-host localhost:1"
    )


async def test_credentials_stay_with_their_host():
    request = OutboundRequest(
        url="https://a.example/1", headers={"authorization": "Bearer x", "cookie": "c", "accept": "y"}
    )
    same = outbound._redirected(request, 302, "/2")
    other = outbound._redirected(request, 302, "https://b.example/2")
    assert (same.url, dict(same.headers)) == ("https://a.example/2", dict(request.headers))
    assert dict(other.headers) == {"accept": "y"}


async def test_an_answer_that_is_too_large_is_cut_off(site):
    client = Outbound(frozenset({site}), most_bytes=1_000)
    with pytest.raises(OutboundError, match="the answer has more than 1,000 bytes"):
        await client.fetch(OutboundRequest(url=f"http://{site}/large"))
    await client.aclose()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fd00::1", "0.0.0.0"],  # noqa: S104 - they are refused
)
async def test_addresses_that_only_this_machine_reaches_are_refused(address):
    async def resolve(host: str, port: int) -> str:
        assert (host, port) == ("api.example", 443)
        return address

    client = Outbound(resolve=resolve)
    with pytest.raises(OutboundError, match="its address is not a public one"):
        await client.fetch(OutboundRequest(url="https://api.example/rows"))
    await client.aclose()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://api.example/rows", "only https is sent"),
        ("ftp://api.example/rows", "it is no http or https URL"),
        ("rows.json", "it is no http or https URL"),
        ("https://api.example:port/", "it is no URL"),
    ],
)
async def test_other_urls_are_refused(url, message):
    client = Outbound()
    with pytest.raises(OutboundError, match=message):
        await client.fetch(OutboundRequest(url=url))
    await client.aclose()


async def test_a_host_that_answers_nothing_is_told(site):
    client = Outbound(frozenset({"127.0.0.1:9"}))
    with pytest.raises(OutboundError, match=r"http://127\.0\.0\.1:9/rows: no answer"):
        await client.fetch(OutboundRequest(url="http://127.0.0.1:9/rows?api_key=hush"))
    await client.aclose()

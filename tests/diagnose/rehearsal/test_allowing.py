from __future__ import annotations

import pytest

from diagnose.account.outbound import OutboundError
from diagnose.embedded import nothing_recorded
from diagnose.embedded.invocation import BindingError, HttpAnswer, OutboundRequest
from diagnose.rehearsal.allowing import allowing

pytestmark = pytest.mark.anyio

HOSTS = frozenset({"api.example.com", "127.0.0.1:8080"})


async def send(request: OutboundRequest) -> HttpAnswer:
    return HttpAnswer(status=203, body=request.url.encode())


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/a",
        "https://api.example.com:8443/a",
        "http://127.0.0.1:8080/",
        "https://API.example.com",
    ],
)
async def test_named_hosts_are_reached(url):
    answer = await allowing(nothing_recorded, send, HOSTS)(OutboundRequest(url=url))

    assert answer == HttpAnswer(status=203, body=url.encode())


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://api.example.com.evil.example",
        "http://127.0.0.1/",
        "http://127.0.0.1:8081/",
        "https://[a",
        "https://a:b",
        "nothing",
    ],
)
async def test_others_are_not(url):
    assert await allowing(nothing_recorded, send, HOSTS)(OutboundRequest(url=url)) is None


@pytest.mark.parametrize("is_awaited", [False, True])
async def test_what_is_recorded_comes_first(is_awaited):
    async def asked(_request: OutboundRequest) -> HttpAnswer:
        return HttpAnswer(status=200)

    recorded = asked if is_awaited else lambda _request: HttpAnswer(status=200)
    answer = await allowing(recorded, send, HOSTS)(OutboundRequest(url="https://api.example.com"))

    assert answer == HttpAnswer(status=200)


async def test_a_request_that_fails_fails_in_the_worker():
    async def fails(_request: OutboundRequest) -> HttpAnswer:
        raise OutboundError("no answer: refused", where="https://api.example.com")

    with pytest.raises(BindingError, match=r"fetch failed: .*no answer: refused") as caught:
        await allowing(nothing_recorded, fails, HOSTS)(OutboundRequest(url="https://api.example.com"))
    assert caught.value.name == "TypeError"

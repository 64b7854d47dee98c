from __future__ import annotations

import httpx
import pytest

from diagnose.embedded.app import make_app

pytestmark = pytest.mark.anyio


class Seconds:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
async def limited(embedded, seconds, anyio_backend):
    app = make_app(embedded, rate_limit=True, now=seconds)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://embedded.invalid/client/v4"
    ) as client:
        yield client


def bearing(token):
    return {"Authorization": f"Bearer {token}"}


async def test_whoever_sends_too_much_is_refused_for_the_next_five_minutes(limited, embedded, seconds):
    headers = bearing(embedded.token)
    statuses = [(await limited.get("/user", headers=headers)).status_code for _ in range(1_200)]
    seconds.now += 100

    refused = await limited.get("/user", headers=headers)

    assert statuses == [200] * 1_200
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "300"
    assert refused.headers["ratelimit"] == '"default";r=0;t=300'
    assert refused.headers["cf-ray"]
    assert refused.json() == {
        "result": None,
        "success": False,
        "errors": [
            {
                "code": 10500,
                "message": "More than 1200 requests per 300 seconds reached. "
                "Please wait and consider throttling your request speed",
            }
        ],
        "messages": [],
    }
    seconds.now += 299.5
    late = await limited.get("/user", headers=headers)
    assert (late.status_code, late.headers["retry-after"]) == (429, "1")
    seconds.now += 0.5
    assert (await limited.get("/user", headers=headers)).headers["ratelimit"] == '"default";r=1199;t=300'


async def test_another_token_has_a_limit_of_its_own(limited, embedded):
    for _ in range(1_201):
        refused = await limited.get("/user", headers=bearing(embedded.token))

    passed = await limited.get("/user", headers=bearing(embedded.issue_token()))

    assert (refused.status_code, passed.status_code) == (429, 200)


async def test_requests_with_unknown_tokens_are_counted_together(limited):
    first = await limited.get("/user", headers=bearing("unknown"))
    second = await limited.get("/user", headers=bearing("another"))
    third = await limited.get("/user")

    assert [one.headers["ratelimit"][:18] for one in (first, second, third)] == [
        '"default";r=1199;t',
        '"default";r=1198;t',
        '"default";r=1197;t',
    ]


async def test_a_window_ends_five_minutes_after_its_first_request(limited, embedded, seconds):
    for _ in range(1_200):
        await limited.get("/user", headers=bearing(embedded.token))
    seconds.now += 300

    assert (await limited.get("/user", headers=bearing(embedded.token))).status_code == 200


async def test_without_the_limit_nothing_is_used_up(embedded, seconds):
    app = make_app(embedded, now=seconds)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
        for _ in range(1_300):
            last = await client.get("/client/v4/user", headers=bearing(embedded.token))

    assert last.status_code == 200
    assert last.headers["ratelimit"] == '"default";r=1200;t=300'
    assert last.headers["ratelimit-policy"] == '"default";q=1200;w=300'

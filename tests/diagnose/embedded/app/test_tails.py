from __future__ import annotations

import pytest

from diagnose.embedded.live import MOST_TAILS
from diagnose.embedded.tokens import EVERYTHING, Permission

pytestmark = pytest.mark.anyio

TAILS = "/workers/scripts/importer/tails"


@pytest.fixture
def path(embedded, deploy_worker) -> str:
    deploy_worker(embedded)
    return f"/accounts/{embedded.account_id}{TAILS}"


@pytest.mark.parametrize("body", [None, b"{}", b'{"filters": []}', b'{"filters": [{"outcome": ["ok"]}]}'])
async def test_a_tail_is_made_listed_and_deleted(api, embedded, path, body):
    # wrangler says text/plain, and the SDK sends no body at all.
    made = (await api.post(path, content=body, headers={"content-type": "text/plain"})).json()["result"]
    (tail,) = embedded.tails.of("importer")

    assert made["id"] == tail.id
    assert made["url"] == f"ws://embedded.invalid/tails/{tail.key}"
    assert made["expires_at"].endswith("Z")
    listed = (await api.get(path)).json()["result"]
    assert listed == [{"id": tail.id, "expires_at": made["expires_at"]}]
    deleted = await api.delete(f"{path}/{tail.id}")
    assert (deleted.status_code, deleted.json()["result"]) == (200, None)
    assert (await api.get(path)).json()["result"] == []


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"filters": [{"colour": "red"}]}'])
async def test_what_is_no_filter_is_refused(api, embedded, path, body):
    answered = await api.post(path, content=body)

    assert (answered.status_code, answered.json()["errors"][0]["code"]) == (400, 10026)
    assert embedded.tails.of("importer") == ()


async def test_a_worker_or_a_tail_that_is_not_there(api, embedded, path):
    elsewhere = path.replace("importer", "nobody")
    for answered in (
        await api.post(elsewhere),
        await api.get(elsewhere),
        await api.delete(f"{elsewhere}/x"),
        await api.delete(f"{path}/x"),
    ):
        assert (answered.status_code, answered.json()["errors"][0]["code"]) == (404, 10007)


async def test_there_are_not_more_than_so_many(api, path):
    statuses = [(await api.post(path)).status_code for _ in range(MOST_TAILS + 1)]

    assert statuses == [200] * MOST_TAILS + [400]


async def test_watching_is_a_permission_of_its_own(api, embedded, path):
    poor = embedded.issue_token(permissions=EVERYTHING - {Permission.TAIL_READ})
    answered = await api.post(path, headers={"authorization": f"Bearer {poor}"})
    only = embedded.issue_token(permissions=frozenset({Permission.TAIL_READ}))
    allowed = await api.post(path, headers={"authorization": f"Bearer {only}"})

    assert (answered.status_code, answered.json()["errors"][0]["code"]) == (403, 10000)
    assert allowed.status_code == 200

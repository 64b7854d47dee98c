from __future__ import annotations

import pytest

from diagnose.embedded.deploying import upload_version

pytestmark = pytest.mark.anyio

W = "/accounts/0123456789abcdef0123456789abcdef/workers/scripts/importer"
KEY = {"name": "KEY", "text": "canary", "type": "secret_text"}
SHOWN = {"name": "KEY", "type": "secret_text"}


def code_of(response) -> tuple[int, int]:
    assert "canary" not in response.text
    return response.status_code, response.json()["errors"][0]["code"]


async def test_a_secret_is_set_listed_read_and_taken_away(api, embedded, deploy_worker):
    deploy_worker(embedded)
    answers = [
        await api.put(f"{W}/secrets", json=KEY, headers={"user-agent": "wrangler/4.164.0"}),
        await api.get(f"{W}/secrets/KEY"),
    ]
    assert [answer.json()["result"] for answer in answers] == [SHOWN, SHOWN]
    assert (await api.get(f"{W}/secrets")).json()["result"] == [SHOWN]
    script = embedded.scripts["importer"]
    assert script.active.secrets["KEY"].text == "canary"
    assert script.active.source == "wrangler"
    (newest, _) = (await api.get(f"{W}/deployments")).json()["result"]["deployments"]
    assert newest["annotations"] == {"workers/triggered_by": "secret"}
    assert (await api.delete(f"{W}/secrets/KEY")).json()["result"] is None
    assert (await api.get(f"{W}/secrets")).json()["result"] == []
    assert code_of(await api.get(f"{W}/secrets/KEY")) == (404, 10056)
    assert code_of(await api.delete(f"{W}/secrets/KEY")) == (404, 10056)


async def test_a_name_may_be_encoded(api, embedded, deploy_worker):
    deploy_worker(embedded)
    await api.put(f"{W}/secrets", json={**KEY, "name": "A/B"})
    found = await api.get(f"{W}/secrets/A%252FB", params={"url_encoded": "true"})
    assert found.json()["result"] == {**SHOWN, "name": "A/B"}


async def test_many_are_changed_at_once(api, embedded, deploy_worker):
    deploy_worker(embedded)
    await api.put(f"{W}/secrets", json=KEY)
    body = {"secrets": {"KEY": None, "A": {"name": "A", "text": "canary", "type": "secret_text"}}}
    response = await api.patch(
        f"{W}/secrets-bulk", json=body, headers={"content-type": "application/merge-patch+json"}
    )
    assert response.json()["result"] == {"A": {"name": "A", "type": "secret_text"}}
    assert len(embedded.scripts["importer"].versions) == 3


@pytest.mark.parametrize(
    "body", [[], None, "x", {}, {"name": "", "text": "canary"}, {**KEY, "type": "plain_text"}]
)
async def test_what_is_no_secret_is_refused(api, embedded, deploy_worker, body):
    deploy_worker(embedded)
    assert code_of(await api.put(f"{W}/secrets", json=body)) == (400, 10026)
    assert code_of(await api.patch(f"{W}/secrets-bulk", json=body)) == (400, 10026)
    assert code_of(await api.patch(f"{W}/secrets-bulk", json={"secrets": {"KEY": "canary"}})) == (400, 10026)
    assert embedded.scripts["importer"].secrets == ()


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_worker_that_is_not_there_has_no_secrets(api, method):
    response = await api.request(method, f"{W}/secrets", json=KEY)
    assert code_of(response) == (404, 10007)


async def test_a_version_that_is_not_deployed_stands_in_the_way(api, embedded, deploy_worker, make_upload):
    deploy_worker(embedded)
    embedded.put_script(upload_version(embedded.state, "importer", make_upload("new")))
    assert code_of(await api.put(f"{W}/secrets", json=KEY)) == (400, 10215)


async def test_secrets_appear_nowhere_in_the_api(api, embedded, deploy_worker):
    script = deploy_worker(embedded, bindings=({"type": "secret_text", "name": "KEY", "text": "canary"},))
    A = "/accounts/0123456789abcdef0123456789abcdef/workers"  # noqa: N806 - as in every test of the API
    for path in (
        f"{W}/settings",
        f"{W}/secrets",
        f"{W}/secrets/KEY",
        f"{W}/versions",
        f"{W}/versions/{script.latest.id}",
        f"{A}/scripts",
        f"{A}/services/importer",
        f"{A}/services/importer/environments/production/bindings",
        f"{A}/workers/importer/versions/latest",
    ):
        response = await api.get(path)
        assert response.status_code == 200
        assert "canary" not in response.text

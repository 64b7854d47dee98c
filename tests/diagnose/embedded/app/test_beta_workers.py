from __future__ import annotations

from dataclasses import replace

import pytest

pytestmark = pytest.mark.anyio

B = "/accounts/0123456789abcdef0123456789abcdef/workers/workers"
KEY = {"type": "secret_text", "name": "KEY", "text": "canary"}


def code_of(response) -> tuple[int, int]:
    assert "canary" not in response.text
    return response.status_code, response.json()["errors"][0]["code"]


async def test_workers_are_listed_by_page(api, embedded, deploy_worker):
    script = deploy_worker(embedded)
    embedded.put_script(replace(script, name="second", tag="f" * 32))
    body = (await api.get(B, params={"per_page": 1})).json()
    assert [one["name"] for one in body["result"]] == ["second"]
    assert body["result_info"]["total_count"] == 2
    assert (await api.get(B, params={"page": 9})).json()["result"] == []


async def test_a_worker_is_changed_by_name_or_id(api, embedded, deploy_worker):
    script = deploy_worker(embedded)
    change = {"logpush": True, "tags": ["a"], "subdomain": {"enabled": True}}
    result = (await api.patch(f"{B}/{script.tag}", json=change)).json()["result"]
    assert (result["logpush"], result["tags"]) == (True, ["a"])
    assert result["subdomain"] == {"enabled": True, "previews_enabled": False}
    assert (await api.get(f"{B}/importer")).json()["result"] == result
    assert (await api.put(f"{B}/importer", json={"name": "importer"})).json()["result"] == result
    assert code_of(await api.patch(f"{B}/importer", json={"name": "other"})) == (400, 10026)
    assert code_of(await api.patch(f"{B}/importer", content=b"[]")) == (400, 10026)
    assert (await api.delete(f"{B}/importer")).json()["result"] is None
    assert code_of(await api.get(f"{B}/importer")) == (404, 10007)


async def test_versions_are_listed_and_read(api, embedded, deploy_worker):
    deploy_worker(embedded)
    script = deploy_worker(embedded, configured={"limits": {"cpu_ms": 50}})
    body = (await api.get(f"{B}/importer/versions")).json()
    assert [one["number"] for one in body["result"]] == [2, 1]
    latest = (await api.get(f"{B}/importer/versions/latest")).json()["result"]
    assert (latest["id"], latest["main_module"]) == (script.latest.id, "entry.py")
    assert latest["limits"] == {"cpu_ms": 50}
    assert (await api.get(f"{B}/importer/versions/{latest['id']}")).json()["result"] == latest
    assert code_of(await api.get(f"{B}/importer/versions/nope")) == (404, 100146)


async def test_secrets_change_in_a_version_that_nothing_reaches(api, embedded, deploy_worker):
    script = deploy_worker(embedded, bindings=(KEY,))
    body = {
        "env": {"KEY": None, "NEW": {"type": "secret_text", "text": "canary"}},
        "annotations": {"workers/message": "hello", "workers/tag": None},
    }
    headers = {"content-type": "application/merge-patch+json"}
    response = await api.patch(f"{B}/importer/versions/latest", json=body, headers=headers)
    result = response.json()["result"]
    assert result["bindings"] == [{"type": "secret_text", "name": "NEW"}]
    assert result["annotations"] == {"workers/triggered_by": "secret", "workers/message": "hello"}
    assert "canary" not in response.text
    now = embedded.scripts["importer"]
    assert (now.latest.number, now.active) == (2, script.active)
    assert now.latest.secrets["NEW"].text == "canary"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], 10026),
        ({"env": ["canary"]}, 10026),
        ({"env": {"KEY": "canary"}}, 10026),
        ({"annotations": ["x"]}, 10026),
        ({"compatibility_date": "2026-01-01"}, 10026),
        ({"env": {"GONE": None}}, 10056),
    ],
)
async def test_only_secrets_change_that_way(api, embedded, deploy_worker, body, code):
    deploy_worker(embedded)
    response = await api.patch(f"{B}/importer/versions/latest", json=body)
    assert code_of(response) == (404 if code == 10056 else 400, code)


async def test_without_versions_no_secret_changes(api, embedded, deploy_worker):
    embedded.put_script(replace(deploy_worker(embedded), versions=(), deployments=()))
    assert code_of(await api.patch(f"{B}/importer/versions/latest", json={})) == (404, 10222)

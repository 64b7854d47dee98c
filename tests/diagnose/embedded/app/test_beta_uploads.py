from __future__ import annotations

import base64

import pytest

pytestmark = pytest.mark.anyio

A = "/accounts/0123456789abcdef0123456789abcdef/workers"
B = f"{A}/workers"
CODE = b"export default { fetch() {} }"


def code_of(response) -> tuple[int, int]:
    return response.status_code, response.json()["errors"][0]["code"]


def a_version(content: bytes = CODE, **more):
    module = {
        "name": "index.js",
        "content_type": "application/javascript+module",
        "content_base64": base64.b64encode(content).decode(),
    }
    return {"main_module": "index.js", "modules": [module], **more}


async def test_a_worker_is_made_before_its_versions(api, embedded):
    body = {"name": "importer", "tags": ["a"], "subdomain": {"enabled": True}}
    worker = (await api.post(B, json=body)).json()["result"]
    assert (worker["name"], worker["tags"], worker["deployed_on"]) == ("importer", ["a"], None)
    assert worker["subdomain"] == {"enabled": True, "previews_enabled": False}
    first = (await api.post(f"{B}/{worker['id']}/versions", json=a_version())).json()["result"]
    assert (first["number"], embedded.scripts["importer"].active) == (1, None)
    version = a_version(compatibility_date="2026-01-01", limits={"cpu_ms": 50})
    response = await api.post(f"{B}/importer/versions", json=version, params={"deploy": "true"})
    second = response.json()["result"]
    assert (second["number"], second["compatibility_date"]) == (2, "2026-01-01")
    assert second["limits"] == {"cpu_ms": 50}
    active = embedded.scripts["importer"].active
    assert (active.id, active.modules["index.js"].content) == (second["id"], CODE)
    assert embedded.scripts["importer"].settings.tags == ("a",)


async def test_a_name_is_needed_and_taken_once(api):
    assert code_of(await api.post(B, json={})) == (400, 10026)
    assert code_of(await api.post(B, json=[])) == (400, 10026)
    assert (await api.post(B, json={"name": "importer"})).status_code == 200
    assert code_of(await api.post(B, json={"name": "importer"})) == (409, 10040)


async def test_a_worker_without_versions_can_be_looked_at(api):
    await api.post(B, json={"name": "importer"})
    (listed,) = (await api.get(f"{A}/scripts")).json()["result"]
    assert (listed["id"], listed["handlers"], listed["last_deployed_from"]) == ("importer", [], None)
    assert (await api.get(f"{A}/scripts/importer/deployments")).json()["result"] == {"deployments": []}
    assert (await api.get(f"{A}/scripts/importer/secrets")).json()["result"] == []
    assert code_of(await api.get(f"{A}/scripts/importer/settings")) == (404, 10007)
    assert code_of(await api.get(f"{A}/scripts/importer/content/v2")) == (404, 10007)
    assert (await api.delete(f"{A}/scripts/importer")).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"main_module": "index.js"}, 10021),
        ({"main_module": "index.js", "modules": [{"name": "index.js"}]}, 10021),
        (a_version(b"export default {"), 10021),
        (a_version(b"const x = 1"), 10068),
        ({**a_version(), "modules": [{**a_version()["modules"][0], "content_base64": "?"}]}, 10021),
        ({**a_version(), "main_module": None}, 10021),
        (a_version(bindings=[{"name": "X"}]), 10021),
    ],
)
async def test_a_version_that_cannot_be_used_is_refused(api, embedded, body, code):
    await api.post(B, json={"name": "importer"})
    assert code_of(await api.post(f"{B}/importer/versions", json=body)) == (400, code)
    assert embedded.scripts["importer"].versions == ()


async def test_versions_belong_to_a_worker(api):
    assert code_of(await api.post(f"{B}/importer/versions", json=a_version())) == (404, 10007)

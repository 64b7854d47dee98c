from __future__ import annotations

import pytest

from diagnose.embedded import EmbeddedAccount

pytestmark = pytest.mark.anyio

ACCOUNT = "/accounts/0123456789abcdef0123456789abcdef"
A = f"{ACCOUNT}/workers"
W = f"{A}/scripts/importer"


def code_of(response) -> tuple[int, int]:
    return response.status_code, response.json()["errors"][0]["code"]


async def test_the_account_has_a_name_at_workers_dev(api, embedded):
    assert (await api.get(f"{A}/subdomain")).json()["result"] == {"subdomain": "embedded"}
    assert (await api.put(f"{A}/subdomain", json={"subdomain": "tides"})).json()["result"] == {
        "subdomain": "tides"
    }
    assert embedded.state.subdomain == "tides"
    assert code_of(await api.get(f"{A}/subdomains/tides")) == (409, 10031)
    assert code_of(await api.get(f"{A}/subdomains/free")) == (404, 10032)
    embedded.configure(subdomain="")
    assert code_of(await api.get(f"{A}/subdomain")) == (404, 10007)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"subdomain": "-tides"}, (409, 10031)),
        ({"subdomain": "a.b"}, (409, 10031)),
        ({"subdomain": ""}, (409, 10031)),
        ({}, (400, 10026)),
        ([], (400, 10026)),
    ],
)
async def test_not_every_name_can_be_had(api, body, answer):
    assert code_of(await api.put(f"{A}/subdomain", json=body)) == answer


async def test_defaults_are_kept(api, tmp_path):
    defaults = {"default_usage_model": "standard", "green_compute": False}
    assert (await api.get(f"{A}/account-settings")).json()["result"] == defaults
    changed = await api.put(f"{A}/account-settings", json={"green_compute": True, "other": 1})
    assert changed.json()["result"] == {**defaults, "green_compute": True}
    assert code_of(await api.put(f"{A}/account-settings", json=[])) == (400, 10026)
    with EmbeddedAccount.open(tmp_path / "a") as account:
        account.configure(subdomain="", worker_defaults={"green_compute": True})
    with EmbeddedAccount.load_snapshot(tmp_path / "a") as account:
        assert account.state.worker_defaults == {**defaults, "green_compute": True}
        assert account.state.subdomain == ""


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (f"{A}/domains", {}),
        (f"{A}/domains/records", {"page": 0, "per_page": 5, "service": "importer"}),
        (f"{A}/durable_objects/namespaces", {"per_page": 1000, "page": 1}),
        (f"{A}/dispatch/namespaces", {}),
        (f"{ACCOUNT}/storage/kv/namespaces", {"page": 1}),
        ("/zones", {"name": "example.com"}),
    ],
)
async def test_what_there_is_none_of_is_an_empty_list(api, path, query):
    response = await api.get(path, params=query)
    assert (response.status_code, response.json()["result"]) == (200, [])


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (f"{A}/domains/x", (404, 100114)),
        (f"{A}/domains/records/x", (404, 100114)),
        (f"/zones/{'0' * 32}/workers/routes", (403, 10000)),
        ("/zones/example.com/workers/routes", (404, 7003)),
    ],
)
async def test_what_there_is_none_of_cannot_be_read(api, path, answer):
    assert code_of(await api.get(path)) == answer


async def test_routes_and_domains_have_no_zone_to_be_in(api, embedded, deploy_worker):
    deploy_worker(embedded)
    assert (await api.put(f"{W}/routes", json=[])).json()["result"] == []
    assert code_of(await api.put(f"{W}/routes", json=[{"pattern": "example.com/*"}])) == (403, 10000)
    changes = (await api.post(f"{W}/domains/changeset", json=[])).json()["result"]
    assert changes == {"added": [], "removed": [], "updated": [], "conflicting": []}
    domain = {"hostname": "shop.example.com"}
    assert code_of(await api.post(f"{W}/domains/changeset", json=[domain])) == (400, 100116)
    assert (await api.put(f"{W}/domains/records", json={"origins": []})).json()["result"] == []
    refused = await api.put(f"{W}/domains/records", json={"origins": [domain]})
    assert code_of(refused) == (400, 100116)
    assert "shop.example.com" in refused.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", "routes", {}), ("POST", "domains/changeset", {}), ("PUT", "domains/records", [])],
)
async def test_their_bodies_have_a_form(api, embedded, deploy_worker, method, path, body):
    deploy_worker(embedded)
    assert code_of(await api.request(method, f"{W}/{path}", json=body)) == (400, 10026)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", "routes", []), ("POST", "domains/changeset", []), ("PUT", "domains/records", {"origins": []})],
)
async def test_they_belong_to_a_worker(api, method, path, body):
    assert code_of(await api.request(method, f"{W}/{path}", json=body)) == (404, 10007)

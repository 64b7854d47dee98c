from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.anyio

A = "/accounts/0123456789abcdef0123456789abcdef"
W = f"{A}/workers/scripts/importer"
ENTRY = b"class Default:\n    async def fetch(self, request): ...\n    async def queue(self, batch): ...\n"
METADATA = {
    "main_module": "entry.py",
    "compatibility_date": "2026-05-01",
    "compatibility_flags": ["python_workers"],
}


def code_of(response) -> tuple[int, int]:
    return response.status_code, response.json()["errors"][0]["code"]


def as_wrangler(metadata=METADATA, **modules):
    """The parts in wrangler's order: metadata first, without file name and content type."""
    parts = [("metadata", (None, json.dumps(metadata)))]
    return parts + [(name, (name, content, "text/x-python")) for name, content in modules.items()]


def as_sdk(metadata=METADATA, **modules):
    """The parts in the official SDK's order: every file is called `files`, the metadata come last."""
    parts = [("files", (name, content, "text/x-python")) for name, content in modules.items()]
    return [*parts, ("metadata", (None, json.dumps(metadata), "application/json"))]


@pytest.mark.parametrize("arrange", [as_wrangler, as_sdk])
async def test_an_upload_of_either_client_is_understood(api, embedded, arrange):
    files = arrange(**{"entry.py": ENTRY, "lib/rows.py": b"x = 1"})
    response = await api.put(W, params={"excludeScript": "true"}, files=files)
    result = response.json()["result"]
    assert (result["id"], result["entry_point"], result["handlers"]) == (
        "importer",
        "entry.py",
        ["fetch", "queue"],
    )
    modules = embedded.scripts["importer"].active.modules
    assert {name: module.content for name, module in modules.items()} == {
        "entry.py": ENTRY,
        "lib/rows.py": b"x = 1",
    }
    assert modules["entry.py"].content_type == "text/x-python"


async def test_source_maps_are_not_modules(api, embedded):
    files = [
        *as_wrangler(**{"entry.py": ENTRY}),
        ("entry.py.map", ("entry.py.map", b"{}", "application/source-map")),
    ]
    assert (await api.put(W, files=files)).status_code == 200
    assert list(embedded.scripts["importer"].active.modules) == ["entry.py"]


@pytest.mark.parametrize(
    "request_parts",
    [
        {"content": b"export default {}"},
        {"content": b"--x", "headers": {"content-type": "multipart/form-data; boundary=y"}},
        {"content": b"", "headers": {"content-type": "multipart/form-data"}},
        {"files": [("entry.py", ("entry.py", ENTRY, "text/x-python"))]},
        {"files": [("metadata", (None, "{nope"))]},
        {"files": [("metadata", (None, "[]"))]},
        {"files": as_wrangler({**METADATA, "bindings": [{"name": "DB"}]}, **{"entry.py": ENTRY})},
        {"files": as_wrangler({**METADATA, "main_module": "other.py"}, **{"entry.py": ENTRY})},
    ],
)
async def test_an_upload_that_is_none_is_refused(api, embedded, request_parts):
    assert code_of(await api.put(W, **request_parts)) == (400, 10021)
    assert embedded.scripts == {}


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", W, 10007),
        ("DELETE", W, 10007),
        ("GET", f"{W}/content/v2", 10007),
        ("GET", f"{W}/settings", 10007),
        ("GET", f"{W}/schedules", 10007),
        ("GET", f"{W}/subdomain", 10007),
        ("GET", f"{W}/deployments", 10007),
        ("GET", f"{W}/versions", 10007),
        ("GET", f"{A}/workers/services/importer", 10090),
        ("GET", f"{A}/workers/workers/importer", 10007),
    ],
)
async def test_what_was_never_uploaded_is_not_found(api, method, path, code):
    assert code_of(await api.request(method, path)) == (404, code)


async def test_content_comes_back_as_a_form_that_names_its_entry(api):
    await api.put(W, files=as_wrangler(**{"entry.py": ENTRY}))
    response = await api.get(f"{W}/content/v2")
    assert response.headers["cf-entrypoint"] == "entry.py"
    assert response.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert ENTRY in response.content
    assert (await api.get(W)).headers["cf-entrypoint"] == "entry.py"


async def test_settings_show_the_bindings(api, embedded):
    uuid = embedded.create_database("history").uuid
    bindings = [
        {"type": "d1", "name": "DB", "id": uuid},
        {"type": "secret_text", "name": "KEY", "text": "canary"},
    ]
    await api.put(W, files=as_wrangler({**METADATA, "bindings": bindings}, **{"entry.py": ENTRY}))
    response = await api.get(f"{W}/settings")
    result = response.json()["result"]
    assert result["bindings"] == [
        {"type": "d1", "name": "DB", "id": uuid, "database_id": uuid},
        {"type": "secret_text", "name": "KEY"},
    ]
    assert result["compatibility_flags"] == ["python_workers"]
    assert "canary" not in response.text


async def test_schedules_are_a_bare_array(api, embedded, deploy_worker):
    deploy_worker(embedded)
    response = await api.put(f"{W}/schedules", json=[{"cron": "*/5 * * * *"}])
    (entry,) = response.json()["result"]["schedules"]
    assert set(entry) == {"cron", "created_on", "modified_on"}
    assert (await api.get(f"{W}/schedules")).json()["result"]["schedules"] == [entry]
    for body in ({"cron": "* * * * *"}, [{}], ["* * * * *"], None):
        assert code_of(await api.put(f"{W}/schedules", json=body)) == (400, 10026)
    assert code_of(await api.put(f"{W}/schedules", json=[{"cron": "soon"}])) == (400, 10100)


async def test_workers_dev_is_switched(api, embedded, deploy_worker):
    deploy_worker(embedded)
    answer = {"enabled": True, "previews_enabled": True}
    assert (await api.post(f"{W}/subdomain", json=answer)).json()["result"] == answer
    assert (await api.post(f"{W}/subdomain", json={"enabled": True})).json()["result"] == answer
    worker = (await api.get(f"{A}/workers/workers/importer")).json()["result"]
    assert worker["subdomain"] == answer
    assert (await api.delete(f"{W}/subdomain")).json()["result"] == {
        "enabled": False,
        "previews_enabled": False,
    }
    assert code_of(await api.post(f"{W}/subdomain", json=[])) == (400, 10026)
    assert (await api.get(f"{A}/workers/subdomain")).json()["result"] == {"subdomain": "embedded"}


async def test_lists_and_views_show_the_worker(api, embedded, deploy_worker):
    script = deploy_worker(embedded)
    (listed,) = (await api.get(f"{A}/workers/scripts")).json()["result"]
    assert (listed["id"], listed["tag"], listed["handlers"]) == ("importer", script.tag, ["fetch"])
    service = (await api.get(f"{A}/workers/services/importer")).json()["result"]
    assert service["default_environment"]["script"]["tag"] == script.tag
    by_tag = (await api.get(f"{A}/workers/workers/{script.tag}")).json()["result"]
    assert (by_tag["name"], by_tag["references"]["queues"]) == ("importer", [])


async def test_a_deleted_worker_is_gone(api, embedded, deploy_worker):
    deploy_worker(embedded)
    assert (await api.delete(W, params={"force": "true"})).json()["result"] is None
    assert (await api.get(f"{A}/workers/scripts")).json()["result"] == []


async def test_a_version_is_made_then_deployed(api, embedded, deploy_worker):
    deploy_worker(embedded)
    created = (await api.post(f"{W}/versions", files=as_wrangler(**{"entry.py": ENTRY}))).json()["result"]
    assert created["number"] == 2
    share = {"version_id": created["id"], "percentage": 100}
    body = {"strategy": "percentage", "versions": [share], "annotations": {"workers/message": "hello"}}
    headers = {"user-agent": "wrangler/4.164.0"}
    deployment = (await api.post(f"{W}/deployments", json=body, headers=headers)).json()["result"]
    assert (deployment["source"], deployment["versions"]) == ("wrangler", [share])
    newest, oldest = (await api.get(f"{W}/deployments")).json()["result"]["deployments"]
    assert newest == deployment
    assert newest["annotations"]["workers/message"] == "hello"
    assert oldest["versions"][0]["version_id"] != created["id"]


async def test_versions_are_listed_by_page_and_read_with_their_bindings(api, embedded, deploy_worker):
    for _ in range(11):
        if embedded.find_queue("jobs") is None:
            embedded.create_queue("jobs")
        script = deploy_worker(embedded, bindings=({"type": "queue", "name": "Q", "queue_name": "jobs"},))
    deployable = (await api.get(f"{W}/versions", params={"deployable": "true", "page": 9})).json()
    assert [item["number"] for item in deployable["result"]["items"]] == list(range(11, 0, -1))
    body = (await api.get(f"{W}/versions")).json()
    assert [item["number"] for item in body["result"]["items"]] == list(range(11, 1, -1))
    assert body["result_info"]["total_count"] == 11
    assert (await api.get(f"{W}/versions", params={"page": 3})).json()["result"]["items"] == []
    detail = (await api.get(f"{W}/versions/{script.latest.id}")).json()["result"]
    assert body["result"]["items"][0] == deployable["result"]["items"][0] == detail
    assert detail["resources"]["bindings"] == [{"type": "queue", "name": "Q", "queue_name": "jobs"}]
    assert detail["resources"]["script"]["handlers"] == ["fetch"]
    assert code_of(await api.get(f"{W}/versions/nope")) == (404, 100146)


@pytest.mark.parametrize(
    "body", [None, [], {}, {"versions": [{}]}, {"versions": [{"version_id": "x", "percentage": "y"}]}]
)
async def test_a_deployment_names_its_versions(api, embedded, deploy_worker, body):
    deploy_worker(embedded)
    assert code_of(await api.post(f"{W}/deployments", json=body)) == (400, 10026)

from __future__ import annotations

import json

import pytest

from diagnose.embedded.deploying import deploy, upload_version
from diagnose.embedded.secret_changes import change_secrets

pytestmark = pytest.mark.anyio

W = "/accounts/0123456789abcdef0123456789abcdef/workers/scripts/importer"
KEY = {"type": "secret_text", "name": "KEY", "text": "canary"}


def code_of(response) -> tuple[int, int]:
    return response.status_code, response.json()["errors"][0]["code"]


def of(*shares: tuple[str, float], **more):
    return {"versions": [{"version_id": version, "percentage": share} for version, share in shares], **more}


@pytest.fixture
def versions(embedded, deploy_worker):
    """Two versions of a worker, of which the second answers."""
    deploy_worker(embedded, text="class One: ...")
    return tuple(version.id for version in deploy_worker(embedded, text="class Two: ...").versions)


async def test_an_older_version_alone_is_a_rollback(api, versions):
    old, new = versions
    message = {"annotations": {"workers/message": "calmer"}}
    back = (await api.post(f"{W}/deployments", json=of((old, 100), **message))).json()["result"]
    assert back["annotations"] == {"workers/triggered_by": "rollback", "workers/message": "calmer"}
    forth = (await api.post(f"{W}/deployments", json=of((new, 100)))).json()["result"]
    assert forth["annotations"] == {"workers/triggered_by": "deployment"}


async def test_two_versions_share_the_requests(api, embedded, versions):
    old, new = versions
    split = (await api.post(f"{W}/deployments", json=of((old, 90), (new, 10)))).json()["result"]
    assert split["annotations"]["workers/triggered_by"] == "deployment"
    assert split["versions"] == of((old, 90), (new, 10))["versions"]
    assert embedded.scripts["importer"].active.id == old
    assert embedded.scripts["importer"].latest.id == new


async def test_a_rollback_to_other_secrets_wants_to_be_forced(api, embedded, versions):
    old, _ = versions
    script = change_secrets(embedded.scripts["importer"], {"KEY": KEY}, source="")
    embedded.put_script(script)
    refused = await api.post(f"{W}/deployments", json=of((old, 100)))
    assert code_of(refused) == (400, 10220)
    assert refused.json()["errors"][0]["message"] == "The following secrets have changed: KEY"
    forced = await api.post(f"{W}/deployments", json=of((old, 100)), params={"force": "true"})
    assert forced.json()["result"]["annotations"] == {"workers/triggered_by": "rollback"}
    assert embedded.scripts["importer"].active.secrets == {}


async def test_two_versions_with_different_secrets_may_share_the_requests(api, embedded, versions):
    old, _ = versions
    script = change_secrets(embedded.scripts["importer"], {"KEY": KEY}, source="")
    embedded.put_script(script)
    shares = of((old, 10), (script.latest.id, 90))
    split = (await api.post(f"{W}/deployments", json=shares)).json()["result"]
    assert split["versions"] == shares["versions"]
    assert split["annotations"] == {"workers/triggered_by": "deployment"}


async def test_a_deployment_is_read_and_forgotten(api, versions):
    newest, oldest = (await api.get(f"{W}/deployments")).json()["result"]["deployments"]
    path = f"{W}/deployments/{oldest['id']}"
    assert (await api.get(path)).json()["result"] == oldest
    assert code_of(await api.delete(f"{W}/deployments/{newest['id']}")) == (400, 10026)
    assert (await api.delete(path)).json()["result"] is None
    assert code_of(await api.get(path)) == (404, 10336)
    assert code_of(await api.delete(path)) == (404, 10336)
    assert (await api.get(f"{W}/deployments")).json()["result"]["deployments"] == [newest]


async def test_the_ten_newest_are_listed(api, embedded, versions):
    script = embedded.scripts["importer"]
    for _ in range(12):
        script = deploy(script, [(versions[1], 100)], source="api")
    embedded.put_script(script)
    listed = (await api.get(f"{W}/deployments")).json()["result"]["deployments"]
    assert [one["id"] for one in listed] == [one.id for one in script.deployments[:10]]


async def test_code_is_replaced_with_everything_else_as_it_was(api, embedded, deploy_worker):
    deploy_worker(embedded, bindings=(KEY,), compatibility_date="2026-01-01")
    code = b"class Default:\n    async def queue(self, batch): ...\n"
    files = [
        ("metadata", (None, json.dumps({"main_module": "main.py"}))),
        ("files", ("main.py", code, "text/x-python")),
    ]
    result = (await api.put(f"{W}/content", files=files)).json()["result"]
    assert (result["handlers"], result["compatibility_date"]) == (["queue"], "2026-01-01")
    active = embedded.scripts["importer"].active
    assert (active.number, active.main_module, active.secrets["KEY"].text) == (2, "main.py", "canary")
    broken = [files[0], ("files", ("main.py", b"class Default(:", "text/x-python"))]
    assert code_of(await api.put(f"{W}/content", files=broken)) == (400, 10021)


async def test_the_content_of_any_version_can_be_read(api, embedded, versions, make_upload):
    old, _ = versions
    assert b"class Two" in (await api.get(f"{W}/content/v2")).content
    assert b"class One" in (await api.get(f"{W}/content/v2", params={"version": old})).content
    assert code_of(await api.get(f"{W}/content/v2", params={"version": "nope"})) == (404, 100146)
    embedded.put_script(upload_version(embedded.state, "importer", make_upload("class Three: ...")))
    assert b"class Two" in (await api.get(f"{W}/content/v2")).content


async def test_a_service_worker_is_no_form(api):
    files = [
        ("metadata", (None, json.dumps({"body_part": "script"}))),
        ("script", ("script", b"addEventListener('fetch', f)", "application/javascript")),
    ]
    result = (await api.put(W, files=files)).json()["result"]
    assert (result["has_modules"], result["id"]) == (False, "importer")
    response = await api.get(f"{W}/content/v2")
    assert response.content == b"addEventListener('fetch', f)"
    assert response.headers["content-type"].startswith("application/javascript")


@pytest.mark.parametrize(
    ("code", "kind", "answer"),
    [
        (b"export default {", "application/javascript+module", 10021),
        (b"const x = 1;", "application/javascript+module", 10068),
    ],
)
@pytest.mark.parametrize(("method", "path"), [("PUT", W), ("POST", f"{W}/versions")])
async def test_code_that_cannot_start_is_refused(api, embedded, method, path, code, kind, answer):
    files = [
        ("metadata", (None, json.dumps({"main_module": "index.js"}))),
        ("index.js", ("index.js", code, kind)),
    ]
    assert code_of(await api.request(method, path, files=files)) == (400, answer)
    assert embedded.scripts == {}


async def test_what_an_upload_says_is_kept(api, embedded):
    metadata = {
        "main_module": "index.js",
        "bindings": [
            {"type": "r2_bucket", "name": "FILES", "bucket_name": "b", "jurisdiction": "eu"},
            {"type": "plain_text", "name": "MODE", "text": "x"},
            {"type": "inherit", "name": "GONE"},
            KEY,
        ],
        "limits": {"cpu_ms": 50},
        "placement": {"mode": "smart"},
        "observability": {"enabled": True},
        "tags": ["a"],
        "logpush": True,
        "tail_consumers": [{"service": "watcher"}],
        "migrations": {"new_tag": "v1", "new_classes": ["Counter"]},
        "assets": {"jwt": "x"},
        "annotations": {"workers/tag": "first"},
    }
    code = ("index.js", ("index.js", b"export default {}", "application/javascript+module"))
    result = (await api.put(W, files=[("metadata", (None, json.dumps(metadata))), code])).json()["result"]
    assert (result["tags"], result["logpush"], result["has_assets"]) == (["a"], True, True)
    settings = (await api.get(f"{W}/settings")).json()["result"]
    assert [binding["name"] for binding in settings["bindings"]] == ["FILES", "MODE", "KEY"]
    assert settings["bindings"][0] == metadata["bindings"][0]
    assert (settings["limits"], settings["placement"]) == ({"cpu_ms": 50}, {"mode": "smart"})
    assert (settings["observability"], settings["migration_tag"]) == ({"enabled": True}, "v1")
    assert settings["annotations"] == {"workers/tag": "first"}
    again = {"main_module": "index.js", "keep_vars": True}
    strict = {**again, "bindings": [{"type": "inherit", "name": "GONE"}]}
    await api.put(W, files=[("metadata", (None, json.dumps(again))), code])
    assert [binding["name"] for binding in embedded.scripts["importer"].latest.bindings] == ["MODE", "KEY"]
    refused = await api.put(
        W, params={"bindings_inherit": "strict"}, files=[("metadata", (None, json.dumps(strict))), code]
    )
    assert code_of(refused) == (400, 10057)
    explicit = {**again, "keep_vars": False, "keep_bindings": ["plain_text"]}
    await api.put(W, files=[("metadata", (None, json.dumps(explicit))), code])
    assert [binding["name"] for binding in embedded.scripts["importer"].latest.bindings] == ["MODE"]

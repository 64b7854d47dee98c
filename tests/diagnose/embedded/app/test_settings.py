from __future__ import annotations

import json

import pytest

from diagnose.embedded.deploying import upload_version

pytestmark = pytest.mark.anyio

W = "/accounts/0123456789abcdef0123456789abcdef/workers/scripts/importer"
MODE = {"type": "plain_text", "name": "MODE", "text": "x"}
KEY = {"type": "secret_text", "name": "KEY", "text": "canary"}


def code_of(response) -> tuple[int, int]:
    return response.status_code, response.json()["errors"][0]["code"]


def a_form(settings):
    return {"files": {"settings": (None, json.dumps(settings))}}


async def test_the_settings_of_a_new_worker(api, embedded, deploy_worker):
    deploy_worker(embedded, bindings=(MODE,), compatibility_date="2026-01-01")
    assert (await api.get(f"{W}/settings")).json()["result"] == {
        "bindings": [MODE],
        "compatibility_date": "2026-01-01",
        "compatibility_flags": [],
        "usage_model": "standard",
        "placement": {},
        "limits": None,
        "migration_tag": None,
        "annotations": {},
        "logpush": False,
        "tags": [],
        "tail_consumers": [],
        "observability": {"enabled": False},
    }


async def test_bindings_are_replaced_and_inherited(api, embedded, deploy_worker):
    deploy_worker(embedded, bindings=(MODE, KEY, {**MODE, "name": "GONE"}))
    bindings = [
        {"type": "inherit", "name": "KEY"},
        {"type": "plain_text", "name": "MODE"},
        {"type": "plain_text", "name": "NEW", "text": "y"},
    ]
    response = await api.patch(f"{W}/settings", **a_form({"bindings": bindings}))
    assert response.json()["result"]["bindings"] == [
        {"type": "secret_text", "name": "KEY"},
        MODE,
        {"type": "plain_text", "name": "NEW", "text": "y"},
    ]
    script = embedded.scripts["importer"]
    assert (script.active.number, script.active.secrets["KEY"].text) == (2, "canary")
    assert "canary" not in response.text


async def test_what_is_not_named_stays(api, embedded, deploy_worker):
    deploy_worker(embedded, bindings=(MODE,), compatibility_date="2026-01-01")
    settings = {
        "compatibility_flags": ["nodejs_compat"],
        "limits": {"cpu_ms": 50},
        "observability": {"enabled": True, "head_sampling_rate": 1},
        "annotations": {"workers/message": "hello"},
    }
    result = (await api.patch(f"{W}/settings", **a_form(settings))).json()["result"]
    assert result["bindings"] == [MODE]
    assert result["compatibility_date"] == "2026-01-01"
    assert result["compatibility_flags"] == ["nodejs_compat"]
    assert (result["limits"], result["annotations"]) == ({"cpu_ms": 50}, {"workers/message": "hello"})
    assert result["observability"] == {"enabled": True, "head_sampling_rate": 1}


async def test_settings_of_the_worker_alone_make_no_version(api, embedded, deploy_worker):
    deploy_worker(embedded)
    await api.patch(f"{W}/settings", **a_form({"logpush": True, "tags": ["a"]}))
    assert len(embedded.scripts["importer"].versions) == 1
    body = {"observability": {"enabled": True}, "tail_consumers": [{"service": "watcher"}], "tags": ["b"]}
    expected = {**body, "logpush": True}
    assert (await api.patch(f"{W}/script-settings", json=body)).json()["result"] == expected
    assert (await api.get(f"{W}/script-settings")).json()["result"] == expected
    cleared = await api.patch(f"{W}/script-settings", json={"tags": None, "observability": None})
    assert (cleared.json()["result"]["tags"], cleared.json()["result"]["observability"]) == (
        [],
        {"enabled": False},
    )


async def test_json_is_no_form(api, embedded, deploy_worker):
    deploy_worker(embedded)
    assert code_of(await api.patch(f"{W}/settings", json={"bindings": []})) == (400, 10001)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ([], 10026),
        ({"bindings": [{"name": "X"}]}, 10026),
        ({"bindings": [1]}, 10026),
        ({"annotations": [1]}, 10026),
        ({"tags": 1}, 10026),
        ({"observability": "x"}, 10026),
        ({"bindings": [{"type": "inherit", "name": "X"}]}, 10057),
    ],
)
async def test_what_are_no_settings_is_refused(api, embedded, deploy_worker, settings, code):
    before = deploy_worker(embedded)
    assert code_of(await api.patch(f"{W}/settings", **a_form(settings))) == (400, code)
    assert embedded.scripts["importer"] == before


@pytest.mark.parametrize("content", [b"{nope", b"[]"])
async def test_script_settings_are_an_object(api, embedded, deploy_worker, content):
    deploy_worker(embedded)
    assert code_of(await api.patch(f"{W}/script-settings", content=content)) == (400, 10026)


async def test_a_version_that_is_not_deployed_stands_in_the_way(api, embedded, deploy_worker, make_upload):
    deploy_worker(embedded)
    embedded.put_script(upload_version(embedded.state, "importer", make_upload("new")))
    assert code_of(await api.patch(f"{W}/settings", **a_form({"bindings": []}))) == (400, 10214)

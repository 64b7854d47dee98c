from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.embedded.deploying import with_settings

pytestmark = pytest.mark.anyio

A = "/accounts/0123456789abcdef0123456789abcdef/workers"
S = f"{A}/services/importer"
MODE = {"type": "plain_text", "name": "MODE", "text": "x"}


def code_of(response) -> tuple[int, int]:
    return response.status_code, response.json()["errors"][0]["code"]


async def test_a_service_has_one_environment(api, embedded, deploy_worker):
    script = deploy_worker(embedded, bindings=(MODE,))
    service = (await api.get(S)).json()["result"]
    assert (service["id"], service["environments"]) == ("importer", [service["default_environment"]])
    environment = (await api.get(f"{S}/environments/production")).json()["result"]
    assert environment == service["default_environment"]
    assert (environment["script"]["tag"], environment["script"]["tags"]) == (script.tag, [])
    assert (await api.get(f"{S}/environments/production/bindings")).json()["result"] == [MODE]
    routes = await api.get(f"{S}/environments/production/routes", params={"show_zonename": "true"})
    assert routes.json()["result"] == []
    reachable = (await api.get(f"{S}/environments/production/subdomain")).json()["result"]
    assert reachable == {"enabled": False, "previews_enabled": False}
    assert b"async def fetch" in (await api.get(f"{S}/environments/production/content/v2")).content


@pytest.mark.parametrize("path", ["", "/bindings", "/routes", "/subdomain", "/content/v2"])
async def test_there_is_no_other_environment_and_no_other_service(api, embedded, deploy_worker, path):
    deploy_worker(embedded)
    assert code_of(await api.get(f"{S}/environments/staging{path}")) == (404, 7003)
    other = f"{A}/services/other/environments/production{path}"
    assert code_of(await api.get(other)) == (404, 10090)


async def test_nothing_deployed_has_no_content(api, embedded, deploy_worker):
    embedded.put_script(replace(deploy_worker(embedded), deployments=()))
    assert code_of(await api.get(f"{S}/environments/production/content/v2")) == (404, 10007)


async def test_a_service_is_deleted_with_what_belongs_to_it(api, embedded, deploy_worker):
    deploy_worker(embedded, text="async def on_queue(batch, env): ...\n")
    queue = embedded.create_queue("jobs")
    embedded.attach_consumer(queue.id, "importer")
    assert (await api.delete(S, params={"force": "true"})).json()["result"] is None
    assert embedded.scripts == {}
    assert embedded.queue(queue.id).consumer is None
    assert code_of(await api.delete(S)) == (404, 10090)


async def test_what_refers_to_a_worker_is_told_and_protects_it(api, embedded, deploy_worker):
    script = deploy_worker(embedded)
    binding = {"type": "service", "name": "IMPORTER", "service": "importer"}
    objects = {
        "type": "durable_object_namespace",
        "name": "ROWS",
        "class_name": "Rows",
        "script_name": "importer",
    }
    caller = replace(script, name="caller", versions=(replace(script.latest, bindings=(binding, objects)),))
    embedded.put_script(caller)
    settings = with_settings(script.settings, {"tail_consumers": [{"service": "importer"}]})
    embedded.put_script(replace(script, name="watched", settings=settings))
    references = (await api.get(f"{A}/scripts/importer/references")).json()["result"]
    by = {"service": "caller", "environment": "production"}
    assert references == {
        "services": {"incoming": [{**by, "name": "IMPORTER"}], "outgoing": [], "pages_function": False},
        "durable_objects": [{**by, "name": "ROWS", "durable_object_namespace_name": "Rows"}],
        "dispatch_outbounds": [],
    }
    (tail,) = (await api.get(f"{A}/tails/by-consumer/importer")).json()["result"]
    assert (tail["producer"]["service"], tail["consumer"]["service"]) == ("watched", "importer")
    for path in (S, f"{A}/scripts/importer", f"{A}/workers/importer"):
        refused = await api.delete(path)
        assert code_of(refused) == (400, 10064)
        assert refused.json()["errors"][0]["message"].endswith("still referenced by: caller")
    assert (await api.delete(S, params={"force": "true"})).status_code == 200


async def test_a_worker_that_nothing_refers_to(api, embedded, deploy_worker):
    deploy_worker(embedded, bindings=({"type": "service", "name": "SELF", "service": "importer"},))
    references = (await api.get(f"{A}/scripts/importer/references")).json()["result"]
    assert references["services"]["incoming"] == []
    assert (await api.get(f"{A}/tails/by-consumer/importer")).json()["result"] == []
    assert (await api.delete(S, params={"force": "false"})).status_code == 200

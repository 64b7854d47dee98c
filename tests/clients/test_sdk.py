"""The official Python SDK against a served account, synchronous and asynchronous."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cloudflare import BadRequestError, NotFoundError, PermissionDeniedError, RateLimitError

from clients.sdk import aclose, connect, done, every
from clients.serving import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from clients.serving import Served

pytestmark = pytest.mark.anyio

MODULE = (
    b"export default {\n"
    b"  async fetch(request, env) { return new Response(env.STATION); },\n"
    b"  async queue(batch, env) { batch.ackAll(); },\n"
    b"};\n"
)


@pytest.fixture(params=("sync", "async"))
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which of the two clients; no variable of this machine leads it elsewhere."""
    for name in ("CLOUDFLARE_EMAIL", "CLOUDFLARE_API_KEY", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return request.param


@pytest.fixture
async def sdk(kind: str, served: Served, anyio_backend: str) -> AsyncIterator[Any]:
    client = connect(kind, served)
    yield client
    await aclose(client)


@pytest.fixture
def account_id(served: Served) -> str:
    return served.account_id


@pytest.fixture
async def script(sdk: Any, account_id: str) -> str:
    """The name of a worker with a database and a queue, uploaded by the SDK."""
    database = await done(sdk.d1.database.create(account_id=account_id, name="archive"))
    await done(sdk.queues.create(account_id=account_id, queue_name="heights"))
    bindings = [
        {"type": "d1", "name": "DB", "id": database.uuid},
        {"type": "queue", "name": "HEIGHTS", "queue_name": "heights"},
        {"type": "plain_text", "name": "STATION", "text": "north"},
    ]
    metadata = {"main_module": "tides.js", "compatibility_date": "2026-06-01", "bindings": bindings}
    file = ("tides.js", MODULE, "application/javascript+module")
    await done(sdk.workers.scripts.update("tides", account_id=account_id, metadata=metadata, files=[file]))
    return "tides"


async def test_who_one_is(sdk: Any, account_id: str):
    assert (await done(sdk.user.tokens.verify())).status == "active"
    assert (await done(sdk.user.get())).email
    assert [account.id for account in await every(sdk.accounts.list())] == [account_id]
    assert [member.account.id for member in await every(sdk.memberships.list())] == [account_id]
    assert (await done(sdk.accounts.get(account_id=account_id))).id == account_id
    with pytest.raises(Exception, match="Invalid API Token") as caught:
        await done(sdk.accounts.tokens.verify(account_id=account_id))
    assert (caught.value.status_code, caught.value.errors[0].code) == (401, 1000)


async def test_databases(sdk: Any, account_id: str):
    names = [f"db-{number}" for number in range(25)]
    for name in names:
        await done(sdk.d1.database.create(account_id=account_id, name=name))

    pages = await every(sdk.d1.database.list(account_id=account_id, per_page=10))
    assert [database.name for database in pages] == names
    (found,) = await every(sdk.d1.database.list(account_id=account_id, name="db-24"))
    database = await done(sdk.d1.database.get(found.uuid, account_id=account_id))
    assert (database.name, database.num_tables, database.read_replication.mode) == ("db-24", 0, "disabled")
    await done(sdk.d1.database.delete(found.uuid, account_id=account_id))
    with pytest.raises(NotFoundError) as caught:
        await done(sdk.d1.database.get(found.uuid, account_id=account_id))
    assert caught.value.errors[0].code == 7404


async def test_read_replication(sdk: Any, account_id: str):
    database = await done(sdk.d1.database.create(account_id=account_id, name="archive"))
    edited = await done(
        sdk.d1.database.edit(database.uuid, account_id=account_id, read_replication={"mode": "auto"})
    )
    assert edited.read_replication.mode == "auto"
    updated = await done(
        sdk.d1.database.update(database.uuid, account_id=account_id, read_replication={"mode": "disabled"})
    )
    assert updated.read_replication.mode == "disabled"


async def test_statements(sdk: Any, account_id: str):
    database = await done(sdk.d1.database.create(account_id=account_id, name="archive"))
    d1 = sdk.d1.database

    sql = "CREATE TABLE tides (at INTEGER, height REAL); INSERT INTO tides VALUES (1, 2.5), (2, NULL)"
    created, inserted = (await done(d1.query(database.uuid, account_id=account_id, sql=sql))).result
    assert (created.success, inserted.meta.changes, inserted.meta.last_row_id) == (True, 2, 2)
    select = "SELECT at, height FROM tides WHERE at = CAST(? AS INTEGER)"
    (row,) = (await done(d1.query(database.uuid, account_id=account_id, sql=select, params=["1"]))).result
    assert row.results == [{"at": 1, "height": 2.5}]
    (raw,) = (
        await done(d1.raw(database.uuid, account_id=account_id, sql="SELECT at, at, height FROM tides"))
    ).result
    assert (raw.results.columns, raw.results.rows) == (["at", "at", "height"], [[1, 1, 2.5], [2, 2, None]])
    batch = [
        {"sql": "DELETE FROM tides WHERE at = ?", "params": ["1"]},
        {"sql": "SELECT count(*) n FROM tides"},
    ]
    deleted, counted = (await done(d1.query(database.uuid, account_id=account_id, batch=batch))).result
    assert (deleted.meta.changes, counted.results) == (1, [{"n": 1}])


async def test_a_statement_that_fails(sdk: Any, account_id: str):
    database = await done(sdk.d1.database.create(account_id=account_id, name="archive"))

    with pytest.raises(BadRequestError) as caught:
        await done(sdk.d1.database.query(database.uuid, account_id=account_id, sql="SELECT * FROM nope"))

    (error,) = caught.value.errors
    assert (caught.value.status_code, error.code) == (400, 7500)
    assert error.message == "no such table: nope: SQLITE_ERROR"


async def test_raw_envelopes(sdk: Any, account_id: str):
    await done(sdk.d1.database.create(account_id=account_id, name="archive"))

    envelope = await done(sdk.get(f"/accounts/{account_id}/d1/database", cast_to=object))

    assert (envelope["success"], envelope["errors"], envelope["messages"]) == (True, [], [])
    assert [item["name"] for item in envelope["result"]] == ["archive"]
    info = envelope["result_info"]
    assert (info["page"], info["count"], info["total_count"], info["total_pages"]) == (1, 1, 1, 1)
    response = await done(sdk.d1.database.with_raw_response.list(account_id=account_id))
    assert response.headers["cf-ray"]
    assert response.headers["ratelimit"].startswith('"default";r=')
    with pytest.raises(NotFoundError) as caught:
        await done(sdk.get(f"/accounts/{account_id}/nowhere", cast_to=object))
    assert caught.value.errors[0].code == 7003


async def test_an_account_that_is_another_one(sdk: Any):
    with pytest.raises(PermissionDeniedError) as caught:
        await every(sdk.d1.database.list(account_id="f" * 32))
    assert caught.value.errors[0].code == 7403


async def test_import_and_export(sdk: Any, account_id: str):
    database = await done(sdk.d1.database.create(account_id=account_id, name="archive"))
    d1, uuid = sdk.d1.database, database.uuid
    sql = b"CREATE TABLE tides (at INTEGER);\nINSERT INTO tides VALUES (1), (2);\n"
    etag = hashlib.md5(sql, usedforsecurity=False).hexdigest()

    start = await done(d1.import_(uuid, account_id=account_id, action="init", etag=etag))
    async with httpx.AsyncClient(trust_env=False) as plain:
        stored = await plain.put(start.upload_url, content=sql)
    assert (stored.status_code, stored.headers["etag"].strip('"')) == (200, etag)
    state = await done(
        d1.import_(uuid, account_id=account_id, action="ingest", filename=start.filename, etag=etag)
    )
    for _ in range(50):
        if state.status == "complete":
            break
        state = await done(
            d1.import_(uuid, account_id=account_id, action="poll", current_bookmark=state.at_bookmark)
        )
    assert (state.status, state.success, state.result.num_queries) == ("complete", True, 2)
    (count,) = (
        await done(d1.query(uuid, account_id=account_id, sql="SELECT count(*) AS n FROM tides"))
    ).result
    assert count.results == [{"n": 2}]

    state = await done(d1.export(uuid, account_id=account_id, output_format="polling"))
    for _ in range(50):
        if state.status == "complete":
            break
        state = await done(
            d1.export(
                uuid, account_id=account_id, output_format="polling", current_bookmark=state.at_bookmark
            )
        )
    assert state.status == "complete"
    async with httpx.AsyncClient(trust_env=False) as plain:
        text = (await plain.get(state.result.signed_url)).text
    assert "CREATE TABLE tides (at INTEGER);" in text
    assert text.count("INSERT INTO") == 2


async def test_time_travel(sdk: Any, account_id: str):
    database = await done(sdk.d1.database.create(account_id=account_id, name="archive"))
    d1, uuid = sdk.d1.database, database.uuid
    await done(d1.query(uuid, account_id=account_id, sql="CREATE TABLE tides (at INTEGER)"))
    before = (await done(d1.time_travel.get_bookmark(uuid, account_id=account_id))).bookmark
    await done(d1.query(uuid, account_id=account_id, sql="INSERT INTO tides VALUES (1)"))

    restored = await done(d1.time_travel.restore(uuid, account_id=account_id, bookmark=before))

    assert restored.bookmark
    assert restored.previous_bookmark not in {None, before}
    (count,) = (
        await done(d1.query(uuid, account_id=account_id, sql="SELECT count(*) AS n FROM tides"))
    ).result
    assert count.results == [{"n": 0}]


async def test_queues(sdk: Any, account_id: str):
    created = await done(
        sdk.queues.create(
            account_id=account_id, queue_name="heights", extra_body={"settings": {"delivery_delay": 3}}
        )
    )
    queue = await done(sdk.queues.get(created.queue_id, account_id=account_id))
    assert (queue.queue_name, queue.settings.delivery_delay, queue.consumers) == ("heights", 3, [])
    edited = await done(
        sdk.queues.edit(created.queue_id, account_id=account_id, settings={"delivery_paused": True})
    )
    assert (edited.settings.delivery_paused, edited.settings.delivery_delay) == (True, 3)
    updated = await done(
        sdk.queues.update(created.queue_id, account_id=account_id, queue_name="levels", settings={})
    )
    assert (updated.queue_name, updated.settings.delivery_paused) == ("levels", False)
    assert [one.queue_name for one in await every(sdk.queues.list(account_id=account_id))] == ["levels"]
    consumer = await done(
        sdk.queues.consumers.create(
            created.queue_id, account_id=account_id, type="http_pull", settings={"batch_size": 50}
        )
    )
    (listed,) = await every(sdk.queues.consumers.list(created.queue_id, account_id=account_id))
    assert (listed.consumer_id, listed.type, listed.settings.batch_size) == (
        consumer.consumer_id,
        "http_pull",
        50,
    )
    await done(
        sdk.queues.consumers.delete(consumer.consumer_id, account_id=account_id, queue_id=created.queue_id)
    )
    assert await every(sdk.queues.consumers.list(created.queue_id, account_id=account_id)) == []
    await done(sdk.queues.delete(created.queue_id, account_id=account_id))
    assert await every(sdk.queues.list(account_id=account_id)) == []


async def test_messages(sdk: Any, account_id: str):
    queue_id = (await done(sdk.queues.create(account_id=account_id, queue_name="heights"))).queue_id
    await done(sdk.queues.consumers.create(queue_id, account_id=account_id, type="http_pull"))
    messages = sdk.queues.messages

    await done(messages.push(queue_id, account_id=account_id, body={"at": 1}, content_type="json"))
    await done(
        messages.bulk_push(
            queue_id, account_id=account_id, messages=[{"body": "high", "content_type": "text"}] * 2
        )
    )
    metrics = await done(sdk.queues.get_metrics(queue_id, account_id=account_id))
    assert metrics.backlog_count == 3
    peeked = await done(messages.peek(queue_id, account_id=account_id, batch_size=5))
    assert len(peeked.messages) == 3
    pulled = await done(
        messages.pull(queue_id, account_id=account_id, batch_size=5, visibility_timeout_ms=30_000)
    )
    first, second, third = pulled.messages
    assert (first.body, second.body, second.attempts) == ("eyJhdCI6MX0=", "high", 1)
    acked = await done(
        messages.ack(
            queue_id,
            account_id=account_id,
            acks=[{"lease_id": first.lease_id}, {"lease_id": second.lease_id}],
            retries=[{"lease_id": third.lease_id, "delay_seconds": 0}],
        )
    )
    assert (acked.ack_count, acked.retry_count) == (2, 1)
    await done(sdk.queues.purge.start(queue_id, account_id=account_id, delete_messages_permanently=True))
    status = await done(sdk.queues.purge.status(queue_id, account_id=account_id))
    assert status.started_at
    assert (await done(sdk.queues.get_metrics(queue_id, account_id=account_id))).backlog_count == 0


async def test_a_worker(sdk: Any, account_id: str, script: str):
    scripts = sdk.workers.scripts
    (listed,) = await every(scripts.list(account_id=account_id))
    assert (listed.id, listed.compatibility_date) == (script, "2026-06-01")
    settings = await done(scripts.script_and_version_settings.get(script, account_id=account_id))
    assert {binding.name: binding.type for binding in settings.bindings} == {
        "DB": "d1",
        "HEIGHTS": "queue",
        "STATION": "plain_text",
    }
    assert (await done(scripts.settings.get(script, account_id=account_id))).logpush is False
    content = await done(scripts.content.get(script, account_id=account_id))
    assert MODULE in await done(content.read())
    assert (await done(scripts.get(script, account_id=account_id))).strip()
    assert (await done(scripts.schedules.get(script, account_id=account_id))).schedules == []
    await done(scripts.schedules.update(script, account_id=account_id, body=[{"cron": "*/5 * * * *"}]))
    (schedule,) = (await done(scripts.schedules.get(script, account_id=account_id))).schedules
    assert schedule.cron == "*/5 * * * *"
    shown = await done(scripts.subdomain.create(script, account_id=account_id, enabled=True))
    assert (shown.enabled, shown.previews_enabled) == (True, False)
    assert (await done(scripts.subdomain.get(script, account_id=account_id))).enabled is True
    assert (await done(sdk.workers.subdomains.get(account_id=account_id))).subdomain
    assert await every(sdk.workers.domains.list(account_id=account_id)) == []
    (beta,) = await every(sdk.workers.beta.workers.list(account_id=account_id))
    assert (beta.name, beta.subdomain.enabled) == (script, True)
    assert (await done(sdk.workers.beta.workers.get(script, account_id=account_id))).name == script
    versions = sdk.workers.beta.workers.versions
    assert len(await every(versions.list(beta.id, account_id=account_id))) == 1
    await done(scripts.delete(script, account_id=account_id))
    assert await every(scripts.list(account_id=account_id)) == []


async def test_versions_and_deployments(sdk: Any, account_id: str, script: str):
    scripts = sdk.workers.scripts
    metadata = {"main_module": "tides.js", "compatibility_date": "2026-06-01"}
    file = ("tides.js", MODULE, "application/javascript+module")
    # SDK 5.9.0 cannot read the bindings of a version into its own type, so this asks for the plain answer.
    raw = scripts.versions.with_raw_response
    answer = await done(raw.create(script, account_id=account_id, metadata=metadata, files=[file]))
    created = answer.http_response.json()["result"]["id"]
    versions = await every(scripts.versions.list(script, account_id=account_id))
    assert len(versions) == 2
    assert created in {version.id for version in versions}
    answer = await done(raw.get(created, account_id=account_id, script_name=script))
    resources = answer.http_response.json()["result"]["resources"]
    assert (resources["script"]["handlers"], resources["bindings"]) == (["fetch", "queue"], [])

    share = [{"version_id": created, "percentage": 100}]
    deployed = await done(
        scripts.deployments.create(script, account_id=account_id, strategy="percentage", versions=share)
    )
    page = await done(scripts.deployments.list(script, account_id=account_id))
    newest, _ = page.result.deployments
    newest = newest if isinstance(newest, dict) else newest.to_dict()
    assert newest["id"] == deployed.id
    assert newest["versions"] == share
    got = await done(scripts.deployments.get(deployed.id, account_id=account_id, script_name=script))
    assert got.id == deployed.id


async def test_secrets(sdk: Any, account_id: str, script: str):
    secrets = sdk.workers.scripts.secrets
    assert await every(secrets.list(script, account_id=account_id)) == []
    await done(
        secrets.update(
            script, account_id=account_id, name="API_KEY", text="canary-7c1e5d0b", type="secret_text"
        )
    )
    (listed,) = await every(secrets.list(script, account_id=account_id))
    assert (listed.name, listed.type, getattr(listed, "text", None)) == ("API_KEY", "secret_text", None)
    await done(secrets.delete("API_KEY", account_id=account_id, script_name=script))
    assert await every(secrets.list(script, account_id=account_id)) == []


async def test_tails(sdk: Any, account_id: str, script: str):
    tail = sdk.workers.scripts.tail
    created = await done(tail.create(script, account_id=account_id))
    assert created.url.startswith("ws://127.0.0.1:")
    # The SDK's type is one tail, the answer is a list of them.
    listed = await done(sdk.get(f"/accounts/{account_id}/workers/scripts/{script}/tails", cast_to=object))
    assert [item["id"] for item in listed["result"]] == [created.id]
    deleted = await done(tail.delete(created.id, account_id=account_id, script_name=script))
    assert deleted.errors == []


async def test_telemetry(sdk: Any, account_id: str, script: str):
    telemetry = sdk.workers.observability.telemetry
    hour = {"from": 1_767_225_600_000, "to": 4_102_444_800_000}
    found = await done(
        telemetry.query(account_id=account_id, query_id="adhoc", timeframe=hour, view="events", limit=10)
    )
    assert found.events.events == []
    assert await every(telemetry.keys(account_id=account_id)) == []
    values = telemetry.values(
        account_id=account_id, key="$workers.outcome", type="string", timeframe=hour, datasets=[]
    )
    assert await every(values) == []


async def test_analytics(sdk: Any, account_id: str):
    database = await done(sdk.d1.database.create(account_id=account_id, name="archive"))
    select = "SELECT name FROM sqlite_master"
    await done(sdk.d1.database.query(database.uuid, account_id=account_id, sql=select))
    query = """
        query ($account: string!, $database: string!) {
          viewer {
            accounts(filter: {accountTag: $account}) {
              d1AnalyticsAdaptiveGroups(limit: 10, filter: {databaseId: $database}) {
                sum { readQueries writeQueries }
              }
            }
          }
        }
    """
    variables = {"account": account_id, "database": database.uuid}

    answer = await done(sdk.post("/graphql", body={"query": query, "variables": variables}, cast_to=object))

    assert answer["errors"] is None
    (account,) = answer["data"]["viewer"]["accounts"]
    assert account["d1AnalyticsAdaptiveGroups"] == [{"sum": {"readQueries": 1, "writeQueries": 0}}]


async def test_a_rate_limit_is_waited_for(kind: str, tmp_path: Path, anyio_backend: str):
    with serve(tmp_path / "account", "--fault", "429:/d1/database:1") as served:
        patient = connect(kind, served, retries=1)
        assert await every(patient.d1.database.list(account_id=served.account_id)) == []
        await aclose(patient)


async def test_a_rate_limit_that_stays(kind: str, tmp_path: Path, anyio_backend: str):
    with serve(tmp_path / "account", "--fault", "429:/d1/database") as served:
        hasty = connect(kind, served)
        with pytest.raises(RateLimitError) as caught:
            await every(hasty.d1.database.list(account_id=served.account_id))
        await aclose(hasty)
    assert caught.value.status_code == 429
    assert caught.value.response.headers["retry-after"] == "1"

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.embedded.deploying import with_settings
from diagnose.embedded.observed import ObservedException, ObservedInvocation, ObservedLog
from diagnose.embedded.tokens import EVERYTHING, Permission

pytestmark = pytest.mark.anyio

T = "/accounts/0123456789abcdef0123456789abcdef/workers/observability/telemetry"
NOON = 1_767_225_600_000
FRAME = {"from": NOON, "to": NOON + 60_000}


def an_invocation(at: int, **more) -> ObservedInvocation:
    request = {"request": {"method": "POST", "url": "https://importer.example/"}, "response": {"status": 200}}
    defaults = {"script": "importer", "version_id": "v1", "kind": "fetch", "event": request}
    return ObservedInvocation(timestamp=NOON + at, request_id=f"r{at}", **{**defaults, **more})


@pytest.fixture
def observed(embedded, deploy_worker):
    """A fetch that logs twice, a batch that raises, a cron; and a worker that nobody observes."""
    script = deploy_worker(embedded)
    settings = with_settings(script.settings, {"observability": {"enabled": True}})
    embedded.put_script(replace(script, settings=settings))
    embedded.put_script(replace(script, name="silent"))
    logs = (
        ObservedLog(timestamp=NOON + 11, message=("fetched", {"rows": 2})),
        ObservedLog(timestamp=NOON + 12, message=("Slow",), level="warn"),
    )
    error = ObservedException(timestamp=NOON + 21, name="Error", message="boom", stack="at x")
    queue = {"queue": "jobs", "batchSize": 3}
    for invocation in (
        an_invocation(10, logs=logs, wall_ms=40.4, cpu_ms=3),
        an_invocation(20, kind="queue", event=queue, outcome="exception", exceptions=(error,), wall_ms=10),
        an_invocation(30, kind="scheduled", event={"cron": "0 3 * * *", "scheduledTime": NOON}, wall_ms=20),
        an_invocation(40, script="silent"),
    ):
        embedded.observed.record(invocation)


async def ask(api, view: str = "events", **parameters):
    body = {"queryId": "q", "view": view, "timeframe": FRAME, "parameters": parameters}
    return (await api.post(f"{T}/query", json=body)).json()["result"]


def messages(result) -> list[str]:
    return [event["$metadata"]["message"] for event in result["events"]["events"]]


def leaf(key: str, operation: str, value=None, kind: str = "string"):
    return {"kind": "filter", "key": key, "operation": operation, "type": kind, "value": value}


async def test_events_come_newest_first(api, observed):
    result = await ask(api)
    assert messages(result) == [
        "0 3 * * *",
        "Error: boom",
        "jobs",
        "Slow",
        'fetched {"rows": 2}',
        "POST https://importer.example/",
    ]
    assert result["events"]["count"] == 6
    assert result["events"]["events"][1] == {
        "dataset": "cloudflare-workers",
        "timestamp": NOON + 21,
        "source": {"level": "error", "message": "Error: boom", "stack": "at x"},
        "$metadata": {
            "id": "r20-0",
            "requestId": "r20",
            "service": "importer",
            "trigger": "jobs",
            "level": "error",
            "message": "Error: boom",
            "error": "Error: boom",
            "type": "cf-worker",
        },
        "$workers": {
            "scriptName": "importer",
            "scriptVersion": {"id": "v1"},
            "requestId": "r20",
            "eventType": "queue",
            "event": {"queue": "jobs", "batchSize": 3},
            "outcome": "exception",
            "wallTimeMs": 10,
            "cpuTimeMs": 0,
            "executionModel": "stateless",
            "truncated": False,
        },
    }
    assert (result["run"]["status"], result["run"]["timeframe"]) == ("COMPLETED", FRAME)
    assert result["statistics"]["rows_read"] == 6


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (leaf("$workers.outcome", "eq", "exception"), {"Error: boom", "jobs"}),
        (leaf("$metadata.level", "=", "warn"), {"Slow"}),
        (leaf("$workers.event.queue", "EXISTS"), {"Error: boom", "jobs"}),
        (leaf("$workers.event.response.status", "gte", 200, "number"), {"POST https://importer.example/"}),
        (leaf("$workers.wallTimeMs", ">", "30", "number"), {"POST https://importer.example/"}),
        (leaf("$workers.cpuTimeMs", "lt", "none", "number"), set()),
        (leaf("$metadata.message", "starts_with", "fetch"), {'fetched {"rows": 2}'}),
        (leaf("$metadata.message", "ends_with", "ow"), {"Slow"}),
        (leaf("$metadata.message", "regex", "^[A-Z]low$"), {"Slow"}),
        (leaf("$metadata.message", "not_includes", "o"), {"0 3 * * *"}),
        (leaf("$metadata.message", "in", "Slow, jobs"), {"Slow", "jobs"}),
        (leaf("$workers.eventType", "not_in", ["fetch", "queue"]), {"0 3 * * *"}),
        (leaf("$workers.truncated", "neq", "false", "boolean"), set()),
        (leaf("nothing", "is_null"), None),
        (
            {
                "kind": "group",
                "filterCombination": "or",
                "filters": [
                    leaf("$metadata.level", "eq", "warn"),
                    leaf("$workers.eventType", "eq", "scheduled"),
                ],
            },
            {"Slow", "0 3 * * *"},
        ),
    ],
)
async def test_filters(api, observed, condition, found):
    chosen = set(messages(await ask(api, filters=[condition])))
    only_whole = {"POST https://importer.example/", 'fetched {"rows": 2}', "Slow"}
    if found is None:
        assert len(chosen) == 6
    elif found == {"POST https://importer.example/"}:
        assert chosen == only_whole
    else:
        assert chosen == found


async def test_needles_limits_and_combinations(api, observed):
    assert messages(await ask(api, needle={"value": "BOOM"})) == ["Error: boom"]
    assert messages(await ask(api, needle={"value": "BOOM", "matchCase": True})) == []
    assert messages(await ask(api, needle={"value": "^bo+m|^slow$", "isRegex": True})) == ["Slow"]
    either = [leaf("$metadata.level", "eq", "warn"), leaf("$metadata.error", "exists")]
    assert messages(await ask(api, filters=either)) == []
    assert messages(await ask(api, filters=either, filterCombination="or")) == ["Error: boom", "Slow"]
    assert messages(await ask(api, datasets=["otel"])) == []


async def test_the_time_frame_and_the_limit_hold(api, observed):
    body = {"queryId": "q", "view": "events", "timeframe": {"from": NOON + 12, "to": NOON + 21}, "limit": 2}
    result = (await api.post(f"{T}/query", json=body)).json()["result"]
    assert (result["events"]["count"], messages(result)) == (3, ["Error: boom", "jobs"])


async def test_calculations_by_group(api, observed):
    result = await ask(
        api,
        "calculations",
        filters=[leaf("$metadata.type", "eq", "cf-worker-event")],
        calculations=[
            {"operator": "count", "alias": "n"},
            {"operator": "MAX", "key": "$workers.wallTimeMs"},
            {"operator": "uniq", "key": "$workers.scriptName"},
        ],
        groupBys=[{"type": "string", "value": "$workers.outcome"}],
        orderBy={"value": "n", "order": "desc"},
    )
    count, longest, scripts = result["calculations"]
    assert (count["calculation"], count["alias"]) == ("count", "n")
    assert [(one["groups"][0]["value"], one["value"]) for one in count["aggregates"]] == [
        ("ok", 2),
        ("exception", 1),
    ]
    assert [one["value"] for one in longest["aggregates"]] == [40, 10]
    assert [one["value"] for one in scripts["aggregates"]] == [1, 1]


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("sum", 70),
        ("avg", 70 / 3),
        ("min", 10),
        ("median", 20),
        ("p50", 20),
        ("p99", 40),
        ("p001", 10),
        ("variance", 1400 / 9),
        ("stddev", (1400 / 9) ** 0.5),
    ],
)
async def test_operators(api, observed, operator, value):
    result = await ask(
        api,
        "calculations",
        filters=[leaf("$metadata.type", "eq", "cf-worker-event")],
        calculations=[{"operator": operator, "key": "$workers.wallTimeMs"}],
    )
    assert result["calculations"][0]["aggregates"][0]["value"] == pytest.approx(value)


async def test_without_values_there_is_nothing_to_calculate(api, observed):
    asked = [{"operator": "avg", "key": "$metadata.message"}]
    result = await ask(api, "calculations", calculations=asked)
    assert result["calculations"][0]["aggregates"][0]["value"] == 0


async def test_invocations_are_events_by_request(api, observed):
    invocations = (await ask(api, "invocations"))["invocations"]
    assert {request: len(events) for request, events in invocations.items()} == {"r30": 1, "r20": 2, "r10": 3}
    assert (await ask(api, "traces"))["traces"] == []


async def test_keys_and_values(api, observed):
    keys = (await api.post(f"{T}/keys", json={})).json()["result"]
    known = {(one["key"], one["type"]) for one in keys}
    assert {
        ("$workers.wallTimeMs", "number"),
        ("$workers.truncated", "boolean"),
        ("$metadata.error", "string"),
    } <= known
    assert ("$workers.event", "string") not in known
    (status,) = (await api.post(f"{T}/keys", json={"keyNeedle": {"value": "response.status"}})).json()[
        "result"
    ]
    assert status == {"key": "$workers.event.response.status", "type": "number", "lastSeenAt": NOON + 12}
    body = {
        "datasets": ["cloudflare-workers"],
        "key": "$workers.eventType",
        "type": "string",
        "timeframe": FRAME,
    }
    values = (await api.post(f"{T}/values", json=body)).json()["result"]
    assert [one["value"] for one in values] == ["scheduled", "queue", "fetch"]
    assert values[0] == {
        "dataset": "cloudflare-workers",
        "key": "$workers.eventType",
        "type": "string",
        "value": "scheduled",
    }
    assert (await api.post(f"{T}/values", json={**body, "type": "number"})).json()["result"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"queryId": None},
        {"timeframe": None},
        {"timeframe": {"from": "x", "to": 1}},
        {"view": "charts"},
        {"limit": 0},
        {"parameters": {"filters": {}}},
        {"parameters": {"filters": ["x"]}},
        {"parameters": {"filters": [leaf("x", "resembles")]}},
        {"parameters": {"filters": [leaf("$metadata.level", "regex", "(")]}},
        {"view": "calculations", "parameters": {"calculations": [{"operator": "mode", "key": "timestamp"}]}},
    ],
)
async def test_what_cannot_be_asked_is_refused(api, observed, change):
    body = {"queryId": "q", "view": "events", "timeframe": FRAME, **change}
    response = await api.post(f"{T}/query", json=body)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, 10026)


@pytest.mark.parametrize(("path", "content"), [("query", b"[]"), ("values", b"{}"), ("keys", b"{nope")])
async def test_bodies_are_objects(api, path, content):
    response = await api.post(f"{T}/{path}", content=content)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, 10026)


async def test_telemetry_needs_its_permission(api, embedded):
    token = embedded.issue_token(permissions=EVERYTHING - {Permission.OBSERVABILITY_READ})
    response = await api.post(f"{T}/keys", json={}, headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (403, 10000)

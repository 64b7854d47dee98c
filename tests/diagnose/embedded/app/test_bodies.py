from __future__ import annotations

import json

import pytest

from diagnose.embedded.app.bodies import object_in, read_json
from diagnose.embedded.refusal import RefusalError

HALF = '"\\ud800"'
ACCOUNT = "/accounts/{account_id}"
TELEMETRY = ACCOUNT + "/workers/observability/telemetry"
SCRIPT = ACCOUNT + "/workers/scripts/importer"
FRAME = {"from": 0, "to": 1}
GROUPS = (
    "query Q($l: int, $o: [string], $f: object) { viewer { accounts(filter: {accountTag: $a}) {"
    " d1AnalyticsAdaptiveGroups(limit: $l, orderBy: $o, filter: $f) { count } } } }"
)


@pytest.mark.parametrize(
    "text", ["NaN", "[-Infinity]", '{"a": 1e999}', HALF, b'"\xed\xa0\x80"', "{", b"\xff"]
)
def test_what_cannot_be_sent_back_is_no_json(text):
    with pytest.raises(ValueError):  # noqa: PT011 - of whichever kind
        read_json(text)


def test_halves_are_read_where_they_may_stand():
    assert read_json(HALF, halves=True) == "\ud800"
    assert read_json('{"a": ["\\ud83d\\ude00", 1e308, null]}') == {"a": ["😀", 1e308, None]}


def test_an_object_within_a_body_is_one_or_nothing():
    assert object_in({"a": {"b": 1}, "c": None}, "a") == {"b": 1}
    assert object_in({"a": {"b": 1}, "c": None}, "c") == object_in({}, "c") == {}
    with pytest.raises(RefusalError, match="a must be an object"):
        object_in({"a": [1]}, "a")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", TELEMETRY + "/query", {"queryId": "q", "timeframe": FRAME, "view": ["events"]}),
        ("POST", TELEMETRY + "/query", {"queryId": "q", "timeframe": FRAME, "parameters": [1]}),
        ("POST", TELEMETRY + "/keys", {"datasets": 1}),
        ("POST", TELEMETRY + "/values", {"key": "a", "type": ["string"], "timeframe": FRAME}),
        ("PUT", SCRIPT + "/secrets", {"name": "KEY", "text": "x", "type": ["secret_text"]}),
        ("PUT", SCRIPT + "/secrets", {"name": "\ud800", "text": "x"}),
        ("PATCH", SCRIPT + "/script-settings", {"tags": ["\ud800"]}),
        ("PATCH", SCRIPT + "/script-settings", {"observability": {"head_sampling_rate": float("nan")}}),
        ("POST", ACCOUNT + "/workers/workers", {"name": "other", "subdomain": [1]}),
        ("PATCH", ACCOUNT + "/workers/workers/importer", {"subdomain": "x"}),
        ("PATCH", ACCOUNT + "/workers/workers/importer/versions/latest", {"env": {"K": {"type": ["a"]}}}),
        ("PATCH", ACCOUNT + "/workers/workers/importer/versions/latest", {"env": {"K": {"type": "json"}}}),
        (
            "POST",
            ACCOUNT + "/workers/workers/importer/versions",
            {"modules": [{"name": "é", "content_type": "text/x-python", "content_base64": "é"}]},
        ),
        ("POST", "/graphql", {"query": GROUPS, "variables": [1]}),
    ],
)
async def test_a_body_of_another_shape_is_refused_and_changes_nothing(
    embedded, api, deploy_worker, method, path, body
):
    deploy_worker(embedded)
    before = embedded.state
    path = path.format(account_id=embedded.account_id)
    answer = await api.request(method, path, content=json.dumps(body))
    assert answer.status_code == 400, answer.text
    assert embedded.state == before


@pytest.mark.anyio
@pytest.mark.parametrize("variables", [{"l": "x"}, {"o": -1}, {"f": [1]}])
async def test_arguments_of_another_kind_are_named(embedded, api, variables):
    given = {"a": embedded.account_id, **variables}
    answer = (await api.post("/graphql", json={"query": GROUPS, "variables": given})).json()
    names = {"l": "limit", "o": "orderBy", "f": "filter"}
    (name,) = variables
    assert answer["errors"][0]["message"] == f"unusable argument {names[name]!r}"


@pytest.mark.anyio
async def test_settings_of_another_shape_are_refused(embedded, api, deploy_worker):
    deploy_worker(embedded)
    path = SCRIPT.format(account_id=embedded.account_id) + "/settings"
    for settings in ({"compatibility_flags": 1}, {"compatibility_date": "\ud800"}):
        part = {"settings": (None, json.dumps(settings), "application/json")}
        assert (await api.patch(path, files=part)).status_code == 400

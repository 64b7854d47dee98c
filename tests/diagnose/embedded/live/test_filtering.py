from __future__ import annotations

import pytest

from diagnose.embedded.live.filtering import checked_filters, passes
from diagnose.embedded.observed import ObservedInvocation, ObservedLog
from diagnose.embedded.refusal import RefusalError

REQUEST = ObservedInvocation(
    script="importer",
    version_id="v1",
    kind="fetch",
    timestamp=1,
    outcome="exception",
    logs=(ObservedLog(timestamp=1, message=("D1_ERROR: boom", {"rows": 7})),),
    event={
        "request": {
            "url": "https://importer.embedded.workers.dev/",
            "method": "POST",
            "headers": {"x-import": "candles", "cf-connecting-ip": "127.0.0.1"},
        }
    },
)
BATCH = ObservedInvocation(
    script="importer", version_id="v2", kind="queue", timestamp=1, event={"queue": "jobs", "batchSize": 2}
)


@pytest.mark.parametrize(
    ("filters", "request_passes", "batch_passes"),
    [
        ([], True, True),
        ([{"outcome": ["exception", "exceededCpu"]}], True, False),
        ([{"outcome": ["ok"]}], False, True),
        ([{"method": ["post"]}], True, False),
        ([{"method": ["GET"]}], False, False),
        ([{"header": {"key": "X-Import"}}], True, False),
        ([{"header": {"key": "x-import", "query": "cand"}}], True, False),
        ([{"header": {"key": "x-import", "query": "trades"}}], False, False),
        ([{"client_ip": ["self"]}], True, False),
        ([{"client_ip": ["192.0.2.1"]}], False, False),
        ([{"client_ip": ["192.0.2.1", "127.0.0.1"]}], True, False),
        ([{"query": "boom"}], True, False),
        ([{"query": '"rows": 7'}], True, False),
        ([{"scriptVersion": "v1"}], True, False),
        ([{"scriptVersion": "v2"}], False, True),
        ([{"outcome": ["exception"]}, {"query": "other"}], False, False),
    ],
)
def test_every_filter_must_let_it_pass(filters, request_passes, batch_passes):
    chosen = checked_filters({"filters": filters})

    assert passes(chosen, REQUEST, client_ip="127.0.0.1") is request_passes
    assert passes(chosen, BATCH, client_ip="127.0.0.1") is batch_passes


def test_an_address_that_is_not_known_is_nobodys():
    assert not passes(checked_filters({"filters": [{"client_ip": ["self"]}]}), BATCH)


@pytest.mark.parametrize(("drawn", "shown"), [(0.0, True), (0.49, True), (0.5, False), (0.99, False)])
def test_sampling_shows_that_share(drawn, shown):
    filters = checked_filters({"filters": [{"sampling_rate": 0.5}]})

    assert passes(filters, BATCH, draw=lambda: drawn) is shown


@pytest.mark.parametrize("body", [None, {}, {"filters": []}, {"filters": None}])
def test_a_body_may_ask_for_nothing(body):
    assert checked_filters(body) == ()


@pytest.mark.parametrize(
    "body",
    [
        [],
        "filters",
        {"filters": {"query": "x"}},
        {"filters": ["query"]},
        {"filters": [{}]},
        {"filters": [{"query": "a", "method": ["GET"]}]},
        {"filters": [{"colour": "red"}]},
        {"filters": [{"sampling_rate": 0}]},
        {"filters": [{"sampling_rate": 1.5}]},
        {"filters": [{"sampling_rate": True}]},
        {"filters": [{"outcome": "ok"}]},
        {"filters": [{"header": "x-import"}]},
        {"filters": [{"header": {"key": "x", "query": 7}}]},
        {"filters": [{"query": 7}]},
    ],
)
def test_what_is_no_filter_is_refused(body):
    with pytest.raises(RefusalError) as caught:
        checked_filters(body)

    assert (caught.value.status, caught.value.code) == (400, 10026)

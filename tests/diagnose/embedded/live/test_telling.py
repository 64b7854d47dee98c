from __future__ import annotations

import pytest

from diagnose.embedded.invocation import (
    Event,
    HttpAnswer,
    IncomingMessage,
    Invocation,
    Trigger,
    WorkerException,
)
from diagnose.embedded.live.telling import told

BEGAN = 1_767_268_800_000


def tell(trigger: Trigger, **invocation):
    made = Invocation(**{"outcome": "ok", "duration_ms": 12.4} | invocation)
    return told("importer", "v1", trigger, made, began_ms=BEGAN).frame()


def test_a_request_with_what_must_not_be_seen_hidden():
    trigger = Trigger(
        method="POST",
        path="https://importer.embedded.workers.dev/import?full=1",
        headers={"authorization": "Bearer s3", "x-api-key": "k", "cookie": "c", "accept": "*/*"},
    )
    frame = tell(trigger, answer=HttpAnswer(status=202))

    assert frame["event"] == {
        "request": {
            "url": "https://importer.embedded.workers.dev/import?full=1",
            "method": "POST",
            "headers": {
                "authorization": "REDACTED",
                "x-api-key": "REDACTED",
                "cookie": "REDACTED",
                "accept": "*/*",
            },
            "cf": {},
        },
        "response": {"status": 202},
    }
    assert (frame["outcome"], frame["wallTime"], frame["eventTimestamp"]) == ("ok", 12, BEGAN)
    assert frame["scriptVersion"] == {"id": "v1"}


def test_a_cron_trigger_and_a_batch():
    message = IncomingMessage(id="1", timestamp="", attempts=1, content_type="text", body=b"")

    assert tell(Trigger(kind="scheduled", cron="0 3 * * *"))["event"] == {
        "cron": "0 3 * * *",
        "scheduledTime": BEGAN,
    }
    assert tell(Trigger(kind="queue", queue="jobs", messages=(message, message)))["event"] == {
        "queue": "jobs",
        "batchSize": 2,
    }


def test_lines_keep_their_levels_times_and_line_ends():
    events = (
        Event(at_ms=0, kind="trigger", text="GET /"),
        Event(at_ms=1.2, kind="log", text="one\\ntwo", detail={"level": "log"}),
        Event(at_ms=2.6, kind="log", text="bad", detail={"level": "error"}),
        Event(at_ms=3, kind="log", text="deep", detail={"level": "trace"}),
    )

    assert tell(Trigger(), events=events, logs=("one\ntwo", "bad", "deep"))["logs"] == [
        {"message": ["one\ntwo"], "level": "log", "timestamp": BEGAN + 1},
        {"message": ["bad"], "level": "error", "timestamp": BEGAN + 3},
        {"message": ["deep"], "level": "log", "timestamp": BEGAN + 3},
    ]


def test_a_request_that_was_not_sent_stands_among_the_lines():
    events = (
        Event(
            at_ms=5, kind="fetch", text="GET https://a.example → no recorded answer", detail={"status": None}
        ),
    )

    assert tell(Trigger(), events=events)["logs"] == [
        {
            "message": ["not sent: GET https://a.example → no recorded answer"],
            "level": "error",
            "timestamp": BEGAN + 5,
        }
    ]


def test_an_exception_with_its_stack():
    escaped = WorkerException(name="KeyError", message="'candles'", traceback="Traceback …")
    events = (Event(at_ms=7, kind="exception", text="KeyError: 'candles'"),)
    frame = tell(Trigger(), outcome="exception", exception=escaped, events=events)

    assert frame["outcome"] == "exception"
    assert frame["exceptions"] == [
        {"name": "KeyError", "message": "'candles'", "stack": "Traceback …", "timestamp": BEGAN + 7}
    ]
    assert "response" not in frame["event"]


@pytest.mark.parametrize(
    ("outcome", "reasons", "told_outcome"),
    [
        ("exceededCpu", {"reason": "it used more than 5 s"}, "exceededCpu"),
        ("exceededMemory", {"reason": "it allocated more"}, "exceededMemory"),
        ("killed", {"reason": "it did not end"}, "unknown"),
        ("refused", {"refused": "crypto.subtle"}, "unknown"),
    ],
)
def test_an_end_for_a_reason_is_an_exception(outcome, reasons, told_outcome):
    frame = tell(Trigger(), outcome=outcome, **reasons)

    assert frame["outcome"] == told_outcome
    assert frame["exceptions"] == [
        {"name": "Error", "message": next(iter(reasons.values())), "stack": "", "timestamp": BEGAN + 12}
    ]

from __future__ import annotations

import json

import pytest

from diagnose.account.tail_events import (
    CronEvent,
    OtherEvent,
    QueueEvent,
    RequestEvent,
    TailEvent,
    TailException,
    TailLog,
    TailNotice,
    read_frame,
)

# The frame of the API reference.
FRAME = {
    "outcome": "ok",
    "scriptName": "pipe",
    "entrypoint": None,
    "scriptVersion": {"id": "v1"},
    "executionModel": "stateless",
    "truncated": True,
    "cpuTime": 3,
    "wallTime": 12,
    "eventTimestamp": 1767225600000,
    "diagnosticsChannelEvents": [],
    "logs": [{"message": ["hello", {"a": 1}], "level": "warn", "timestamp": 1767225600000}],
    "exceptions": [{"name": "Error", "message": "boom", "stack": "at x", "timestamp": 1767225600001}],
    "event": {"queue": "pipe-q", "batchSize": 2},
}


@pytest.mark.parametrize("as_sent", [str, str.encode])
def test_a_whole_frame(as_sent):
    assert read_frame(as_sent(json.dumps(FRAME))) == TailEvent(
        event=QueueEvent(queue="pipe-q", batch_size=2),
        script="pipe",
        version_id="v1",
        outcome="ok",
        at_ms=1767225600000,
        wall_ms=12,
        cpu_ms=3,
        logs=(TailLog(text='hello {"a": 1}', level="warn", at_ms=1767225600000),),
        exceptions=(TailException(name="Error", message="boom", stack="at x", at_ms=1767225600001),),
        truncated=True,
    )


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {"request": {"url": "https://a/", "method": "POST"}, "response": {"status": 500}},
            RequestEvent(url="https://a/", method="POST", status=500),
        ),
        ({"request": {}}, RequestEvent(url="", status=None)),
        ({"request": {}, "response": None}, RequestEvent(url="")),
        ({"cron": "0 3 * * *", "scheduledTime": 7}, CronEvent(cron="0 3 * * *", scheduled_ms=7)),
        ({"queue": "jobs"}, QueueEvent(queue="jobs")),
        ({"scheduledTime": "2026-01-01T00:00:00Z"}, OtherEvent(keys=("scheduledTime",))),
        ({"mailFrom": "a", "rcptTo": "b"}, OtherEvent(keys=("mailFrom", "rcptTo"))),
        (None, OtherEvent()),
    ],
)
def test_events_are_told_apart_by_their_keys(event, expected):
    found = read_frame(json.dumps({"event": event}))

    assert found == TailEvent(event=expected)


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"logs": None, "exceptions": {}, "scriptVersion": "v1", "eventTimestamp": "now", "outcome": None},
        {"logs": ["text", 7], "exceptions": [None], "wallTime": True},
    ],
)
def test_what_is_missing_or_odd_has_a_default(frame):
    assert read_frame(json.dumps(frame)) == TailEvent(event=OtherEvent())


def test_odd_lines_and_exceptions():
    frame = {
        "logs": [{}, {"message": "plain"}, {"message": [1, None]}],
        "exceptions": [{"message": {"a": 1}}],
    }
    found = read_frame(json.dumps(frame))

    assert isinstance(found, TailEvent)
    assert [log.text for log in found.logs] == ["", "plain", "1 null"]
    assert found.exceptions == (TailException(name="Error", message='{"a": 1}'),)


@pytest.mark.parametrize("kind", ["overload", "overload-stop"])
def test_the_tails_own_words(kind):
    assert read_frame(json.dumps({"event": {"type": kind, "message": "sampling"}})) == TailNotice(
        kind=kind, message="sampling"
    )


@pytest.mark.parametrize("content", ["", "{", "[]", "7", b"\xff", "[" * 100_000])
def test_what_is_no_frame(content):
    assert read_frame(content) is None

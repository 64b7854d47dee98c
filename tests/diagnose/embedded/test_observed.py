from __future__ import annotations

from diagnose.embedded.observed import Observed, ObservedException, ObservedInvocation, ObservedLog


def an_invocation(**more) -> ObservedInvocation:
    return ObservedInvocation(
        **{
            "script": "importer",
            "version_id": "v1",
            "kind": "queue",
            "timestamp": 1_767_225_600_000,
            "event": {"queue": "jobs", "batchSize": 2},
            **more,
        }
    )


def test_the_newest_are_kept_oldest_first():
    observed = Observed(kept=2)
    first, second, third = an_invocation(), an_invocation(), an_invocation()
    for invocation in (first, second, third):
        observed.record(invocation)
    assert observed.invocations == (second, third)
    assert second.request_id != third.request_id


def test_watchers_are_told_until_they_stop():
    observed, seen = Observed(), []
    stop = observed.watch(seen.append)
    first = an_invocation()
    observed.record(first)
    stop()
    observed.record(an_invocation())
    assert seen == [first]


def test_the_frame_is_that_of_a_tail():
    invocation = an_invocation(
        outcome="exception",
        cpu_ms=2.6,
        wall_ms=11.5,
        logs=(ObservedLog(timestamp=1, message=("hello", {"a": 1}), level="warn"),),
        exceptions=(ObservedException(timestamp=2, name="Error", message="boom", stack="at x"),),
    )
    assert invocation.frame() == {
        "outcome": "exception",
        "scriptName": "importer",
        "entrypoint": None,
        "scriptVersion": {"id": "v1"},
        "executionModel": "stateless",
        "truncated": False,
        "cpuTime": 3,
        "wallTime": 12,
        "eventTimestamp": 1_767_225_600_000,
        "diagnosticsChannelEvents": [],
        "logs": [{"message": ["hello", {"a": 1}], "level": "warn", "timestamp": 1}],
        "exceptions": [{"name": "Error", "message": "boom", "stack": "at x", "timestamp": 2}],
        "event": {"queue": "jobs", "batchSize": 2},
    }

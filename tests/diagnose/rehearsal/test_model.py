from __future__ import annotations

from diagnose.embedded.invocation import Event, Invocation
from diagnose.rehearsal.model import Act, Rehearsal


def rehearsal(events: int) -> Rehearsal:
    told = tuple(Event(at_ms=float(number), kind="log", text=str(number)) for number in range(events))
    invocation = Invocation(outcome="ok", events=told, duration_ms=float(events))
    return Rehearsal(invocation=invocation, acts=(Act(script="tides", invocation=invocation, databases={}),))


def test_a_timeline_is_told_whole():
    assert [line["text"] for line in rehearsal(1_000).timeline] == list(map(str, range(1_000)))


def test_a_very_long_timeline_is_cut_in_the_middle():
    timeline = rehearsal(4_000).timeline

    assert len(timeline) == 1_001
    assert [timeline[499]["text"], timeline[501]["text"], timeline[-1]["text"]] == ["499", "3500", "3999"]
    assert timeline[500] == {
        "at_ms": None,
        "kind": "cut",
        "text": "3,000 more events",
        "path": None,
        "line": None,
    }


def test_without_an_invocation_there_is_none():
    assert Rehearsal(refused="no").timeline == []

from __future__ import annotations

from diagnose.rehearsal import Rehearsal
from diagnose.rehearsal.model import LiveRun, LoggedLine
from diagnose.rehearsal.quoting import live_evidence


def test_a_rehearsal_has_nothing_to_quote():
    assert live_evidence(Rehearsal()) == {}


def test_a_live_run_is_quoted_up_to_a_bound():
    run = LiveRun(
        where="POST https://a/import",
        watched=("a",),
        unwatched={"b": "no permission"},
        gaps=("the tail says overload",),
        lines=tuple(LoggedLine(script="a", level="log", text=str(number)) for number in range(1_203)),
    )
    evidence = live_evidence(Rehearsal(live=run))

    assert evidence["live"] == {
        "trigger": "POST https://a/import",
        "watched": ["a"],
        "unwatched": {"b": "no permission"},
        "gaps": ["the tail says overload"],
    }
    assert (len(evidence["logs"]), evidence["logs"][0]) == (201, "a log: 0")
    assert evidence["logs"][-1] == "… 1,003 more"

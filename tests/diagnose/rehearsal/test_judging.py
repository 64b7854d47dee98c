from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.embedded.invocation import Invocation
from diagnose.model import Severity
from diagnose.rehearsal import Rehearsal, WatchedTable
from diagnose.rehearsal.judging import Verdict, judge_live
from diagnose.rehearsal.model import LiveRun, LoggedLine
from diagnose.rehearsal.outcomes import QueueOutcome

TABLE = WatchedTable(binding="DB", database_id="1", table="prices", exists=True, landed=5)
RUN = LiveRun(where="POST https://a/import")
WELL = Rehearsal(invocation=Invocation(outcome="ok"), reported=5, live=RUN)
REFUSED = LiveRun(
    where="",
    lines=(
        LoggedLine(script="a", level="log", text="5 rows fetched"),
        LoggedLine(script="a", level="error", text="failed: D1_ERROR: no such table: prices"),
    ),
)


def judge(rehearsal: Rehearsal = WELL, run: LiveRun = RUN, **table: object) -> Verdict:
    return judge_live(rehearsal, run, replace(TABLE, **table))


def test_all_is_well():
    assert judge() == Verdict("5 rows landed in prices")
    assert judge(replace(WELL, reported=None)) == Verdict("5 rows landed in prices")


@pytest.mark.parametrize(
    "text", ["D1_TYPE_ERROR: Type 'undefined'", "D1_EXEC_ERROR: x", "no such table: t: SQLITE_ERROR"]
)
def test_a_refusal_in_a_log_is_recognised(text):
    assert LoggedLine(script="a", level="log", text=text).is_refusal


@pytest.mark.parametrize("text", ["MY_D1_ERRORS = 0", "SQLITE_ERROR", "inserted 5 rows", ""])
def test_other_lines_are_none(text):
    assert not LoggedLine(script="a", level="log", text=text).is_refusal


def test_a_refused_statement_counts_by_what_it_cost():
    said = "the worker's log says that D1 refused a statement: failed: D1_ERROR: no such table: prices"

    assert judge(run=REFUSED, landed=0) == Verdict(said, Severity.ERROR)
    assert judge(run=REFUSED, landed=3) == Verdict(said, Severity.ERROR)
    assert judge(run=REFUSED) == Verdict(said, Severity.WARNING)


def test_the_table_is_not_there():
    assert judge(exists=False, landed=0) == Verdict(
        "the account has no table prices (TBL001)", Severity.ERROR
    )


def test_a_number_that_is_not_the_difference():
    assert judge(landed=4) == Verdict("the worker reports 5 rows, and 4 landed in prices", Severity.ERROR)
    assert judge(landed=4, before=9) == Verdict(
        "the worker reports 5 rows, and 4 landed in prices, where 9 stood before", Severity.WARNING
    )


def test_messages_that_wait_leave_it_open():
    waiting = QueueOutcome(queue="jobs", sent=2, left=2, why_left="its delivery is paused")
    said = "0 rows landed in prices; messages left in jobs: 2, its delivery is paused (E2E003)"

    assert judge(replace(WELL, queues=(waiting,)), landed=0) == Verdict(
        said, Severity.ADVICE, is_unsettled=True
    )


def test_nothing_landed():
    quiet = replace(WELL, reported=None)
    failed = replace(quiet, invocation=Invocation(outcome="exception"))
    dead = replace(quiet, queues=(QueueOutcome(queue="jobs", sent=2, dead_lettered=2),))

    assert judge(quiet, landed=0) == Verdict("no row was added to prices", Severity.ADVICE)
    assert judge(quiet, landed=-1, before=9) == Verdict(
        "no row was added to prices: 9 rows stood there before", Severity.ADVICE
    )
    assert judge(failed, landed=0).is_unsettled
    assert judge(dead, landed=0) == Verdict(
        "nothing was written to prices; messages given up: 2", Severity.ERROR
    )

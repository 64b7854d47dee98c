from __future__ import annotations

import pytest

from diagnose.d1.taxonomy import KNOWN, Verdict, judged


@pytest.mark.parametrize(
    ("status", "text", "verdict"),
    [
        (400, "no such table: raw_mails: SQLITE_ERROR", Verdict.STATEMENT),
        (400, 'near "opps": syntax error at offset 3: SQLITE_ERROR', Verdict.STATEMENT),
        (400, "statement too long: SQLITE_TOOBIG", Verdict.STATEMENT),
        (400, "too many SQL variables at offset 261: SQLITE_ERROR", Verdict.STATEMENT),
        (400, "Wrong number of parameter bindings for SQL query.", Verdict.STATEMENT),
        (400, "[object Object]", Verdict.STATEMENT),
        (
            400,
            "UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)",
            Verdict.DATA,
        ),
        (400, "database or disk is full: SQLITE_FULL", Verdict.ACCOUNT),
        (400, "Exceeded maximum DB size", Verdict.ACCOUNT),
        (400, "Your account has exceeded D1's free tier daily row read limit. Wait.", Verdict.ALLOWANCE),
        (429, "Your account has exceeded D1's free tier daily row write limit.", Verdict.ALLOWANCE),
        (500, "D1 DB is overloaded. Too many requests queued.", Verdict.BUSY),
        (400, "D1 DB is overloaded. Requests queued for too long.", Verdict.BUSY),
        (503, "Internal error while starting up D1 DB storage caused object to be reset.", Verdict.TROUBLE),
        (500, "Currently processing a long-running import.", Verdict.BUSY),
        (500, "Internal error in D1 storage caused object to be reset.", Verdict.TROUBLE),
        (400, "Network connection lost.", Verdict.TROUBLE),
        (500, "D1 DB reset because its code was updated.", Verdict.TROUBLE),
        (
            500,
            "D1 DB storage operation exceeded timeout which caused object to be reset.",
            Verdict.TROUBLE,
        ),
        (500, "internal error; reference = e_PVSMDp_", Verdict.TROUBLE),
        (500, "something new", Verdict.TROUBLE),
    ],
)
def test_status_and_words_decide(status, text, verdict):
    assert judged(status, text).verdict is verdict


@pytest.mark.parametrize(
    "text",
    [
        "no such table: Network connection lost.: SQLITE_ERROR",
        "no such column: D1 DB is overloaded: SQLITE_ERROR",
        'near "object to be reset": syntax error: SQLITE_ERROR',
    ],
)
def test_what_a_statement_quotes_is_not_what_happened(text):
    assert judged(400, text).verdict is Verdict.STATEMENT


def test_what_it_rests_on_is_told():
    assert judged(400, "no such table: t: SQLITE_ERROR").known.name == "table missing"
    assert judged(400, "something new").known is None


def test_only_what_passes_was_perhaps_not_begun():
    assert {known.name for known in KNOWN if known.not_begun} == {"D1 is overloaded", "D1 is not ready"}
    assert [verdict for verdict in Verdict if verdict.passes] == [Verdict.BUSY, Verdict.TROUBLE]

"""Whole runs are in tests/checks/end_to_end/test_live.py; here is what hinders one."""

from __future__ import annotations

import pytest

from diagnose.account import Account, AccountKind, Secret
from diagnose.account.visiting import Address, Visited
from diagnose.embedded.invocation import Trigger
from diagnose.embedded.tokens import EVERYTHING, Permission
from diagnose.project import open_project
from diagnose.rehearsal.live import LivePlan, LiveRefusal, trigger_live
from diagnose.rehearsal.live.performing import _by_its_answer
from diagnose.rehearsal.watching import Watch

pytestmark = pytest.mark.anyio

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"


@pytest.fixture
def plan(write_project):
    return LivePlan(
        project=open_project(write_project({"wrangler.toml": 'name = "importer"\n'})),
        script="importer",
        trigger=Trigger(method="POST", path="/import"),
        address=Address(origin="http://127.0.0.1:9"),
        watches=(Watch("DB", UUID, "prices"),),
    )


async def test_a_refusal_is_the_result(account):
    assert (await trigger_live(LiveRefusal("why not"), account)).refused == "why not"


async def test_nothing_is_triggered_where_rows_cannot_be_counted(plan, embedded):
    poor = embedded.issue_token(permissions=EVERYTHING - {Permission.D1_READ, Permission.D1_EDIT})
    async with Account.over_app(
        embedded.app(), embedded.account_id, Secret(poor), AccountKind.REAL
    ) as account:
        refused = (await trigger_live(plan, account)).refused

    assert refused is not None
    assert refused.startswith("nothing was triggered: POST /accounts/")
    assert [path for _, path in account.requests if "tails" in path] == []


async def test_a_trigger_that_does_not_arrive(plan, account, embedded):
    refused = (await trigger_live(plan, account)).refused

    assert refused is not None
    assert refused.startswith("the live trigger failed: POST /import: no answer: ")
    assert embedded.tails.of("importer") == ()


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason"),
    [
        (200, b"ok", "ok", None),
        (500, b"my own error", "ok", None),
        (404, b"error code: 1101", "ok", None),
        (500, b"error code: 1101", "exception", "error code 1101"),
        (503, b"error code: 1102", "exceededCpu", "error code 1102"),
        (500, b"<html><title>Worker threw exception | Error 1101</title>", "exception", "error code 1101"),
    ],
)
def test_what_the_answer_alone_tells(status, body, outcome, reason):
    made = _by_its_answer(Visited(status=status, body=body))

    assert made.outcome == outcome
    assert made.reason == (None if reason is None else f"Cloudflare answered in its place: {reason}")
    assert made.answer is not None
    assert made.answer.status == status

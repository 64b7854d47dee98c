from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.embedded import EmbeddedAccount
from diagnose.embedded.invocation import ExecutedStatement, Invocation, OutboundFetch
from diagnose.embedded.queues import Delivery
from diagnose.rehearsal.acting import answers, performed
from diagnose.rehearsal.model import Act, Rehearsal
from diagnose.rehearsal.staging import DeployedWorker, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

STATEMENT = ExecutedStatement(binding="DB", method="run", sql="x", error="D1_ERROR: x")


@pytest.fixture
def account() -> Iterator[EmbeddedAccount]:
    with EmbeddedAccount.memory() as account:
        yield account


def delivery(at_seconds: float, invocation: Invocation, **ids: tuple[str, ...]) -> Delivery:
    return Delivery(
        queue="levels", script="tides", at_seconds=at_seconds, messages=(), invocation=invocation, **ids
    )


def stage(account: EmbeddedAccount) -> Stage:
    worker = DeployedWorker(script="tides", project=None, source=None, databases={})  # type: ignore[arg-type]
    return Stage(account=account, workers=(worker,), watches=(), unexecuted={}, secrets={})


def test_acts_follow_one_another(account: EmbeddedAccount):
    slow = Invocation(outcome="ok", duration_ms=40.0)
    acts = performed(
        stage(account),
        slow,
        [
            delivery(0.0, slow, retried=("a",)),
            delivery(0.01, slow, retried=("b",), acked=("a",)),
            delivery(5.0, slow, dead_lettered=("b",)),
        ],
    )

    assert [(act.at_ms, act.recovered) for act in acts] == [
        (0.0, False),
        (40.0, True),
        (80.0, False),
        (5040.0, False),
    ]


def test_a_message_that_arrived_later_leaves_no_failed_statement():
    failing = Invocation(outcome="exception", statements=(STATEMENT,))
    acts = tuple(
        Act(script="tides", invocation=failing, databases={"DB": "1"}, recovered=recovered)
        for recovered in (True, False)
    )
    rehearsal = Rehearsal(invocation=failing, acts=acts)

    assert rehearsal.failed_statements == (STATEMENT,)
    assert (rehearsal.statements, rehearsal.statements_on("1")) == (2, (STATEMENT, STATEMENT))
    assert rehearsal.statements_on("2") == ()


def test_an_answer_that_a_repeated_delivery_fetched_again_counts_once():
    def fetched(*bodies: bytes) -> Act:
        fetches = tuple(
            OutboundFetch(url="https://a.example/", method="GET", status=200, answered=True, body=body)
            for body in bodies
        )
        return Act(script="tides", invocation=Invocation(outcome="ok", fetches=fetches), databases={})

    assert [one.body for one in answers([fetched(b"1", b"1"), fetched(b"1", b"2")])] == [b"1", b"1", b"2"]

"""Which of several calls about a message counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.embedded.invocation import IncomingMessage, QueueAnswer
from diagnose.embedded.runtime.deciding import Decisions

A, B = "a" * 32, "b" * 32
MESSAGES = tuple(
    IncomingMessage(id=one, timestamp="2026-01-01T00:00:00.000Z", attempts=1, content_type="json", body=b"1")
    for one in (A, B)
)
ABOUT_A_MESSAGE = st.tuples(st.sampled_from(["ack", "retry"]), st.sampled_from([A, B]))
CALLS = st.lists(
    st.one_of(ABOUT_A_MESSAGE, st.sampled_from([("ack_all", ""), ("retry_all", "")])), max_size=6
)


def make(decisions: Decisions, call: str, message: str) -> str | None:
    match call:
        case "ack":
            return decisions.ack(message)
        case "retry":
            return decisions.retry(message, 5)
        case "ack_all":
            return decisions.ack_all()
        case _:
            return decisions.retry_all(9)


@given(CALLS)
def test_the_first_call_wins(calls: list[tuple[str, str]]):
    decisions = Decisions(MESSAGES)
    warned = [make(decisions, *call) is not None for call in calls]
    answer = decisions.answer()

    batch = next((call.removesuffix("_all") for call, message in calls if not message), None)
    assert answer.batch == batch
    for one in (A, B):
        own = next((call for call, message in calls if message in {one, ""}), None)
        assert (one in answer.acks) == (own == "ack")
        assert (one in answer.retries) == (own == "retry")
    assert not any(warned[:1])


@given(CALLS)
def test_a_warning_stands_beside_every_contradiction(calls: list[tuple[str, str]]):
    decisions = Decisions(MESSAGES)
    for number, (call, message) in enumerate(calls):
        before = [first for first, about in calls[:number] if about == message or (message and not about)]
        contradicts = bool(before) and before[0].removesuffix("_all") != call.removesuffix("_all")
        assert (make(decisions, call, message) is not None) == contradicts


def test_delays_are_those_of_the_first_calls():
    decisions = Decisions(MESSAGES)
    decisions.retry(A, None)
    decisions.retry(A, 7)
    decisions.retry_all(3)
    decisions.retry_all(4)

    assert decisions.answer() == QueueAnswer(retries={A: None}, batch="retry", batch_delay=3)


@pytest.mark.parametrize(("message", "known"), [(A, True), ("c" * 32, False)])
def test_only_messages_of_the_batch_are_known(message: str, known: bool):
    assert Decisions(MESSAGES).knows(message) is known

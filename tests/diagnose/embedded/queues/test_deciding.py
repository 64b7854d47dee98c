"""Whatever a consumer decides, no message is lost silently and none comes back after it was acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import cycle

from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.embedded import ConsumerSettings, EmbeddedAccount, Module, Upload, drain, nothing_recorded
from diagnose.embedded.clock import VirtualClock
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.embedded.invocation import IncomingMessage, Invocation, QueueAnswer
from diagnose.embedded.queues.deciding import decide

from .conftest import CONSUMER, ScriptedRuntime, text

CALLS = st.lists(
    st.tuples(st.integers(0, 11), st.sampled_from(["ack", "retry", "both"]), st.floats(0, 100_000)),
    max_size=8,
)
ANSWERS = st.lists(
    st.tuples(
        CALLS,
        st.sampled_from([None, "ack", "retry"]),
        st.sampled_from(["ok", "exception", "killed", "exceededCpu", "exceededMemory"]),
    ),
    min_size=1,
    max_size=6,
)


def answer(trigger, calls, batch, outcome) -> Invocation:
    """The answer after those calls on messages by their number, the first call on each counting."""
    acks, retries = set(), {}
    for number, call, delay in calls:
        name = trigger.messages[number % len(trigger.messages)].id
        if name in acks or name in retries:
            continue
        if call == "ack":
            acks.add(name)
        else:
            retries[name] = None if call == "both" else delay
    return Invocation(
        outcome=outcome, queue_answer=QueueAnswer(acks=frozenset(acks), retries=retries, batch=batch)
    )


def open_account(retries, batch_size, target) -> EmbeddedAccount:
    account = EmbeddedAccount.memory()
    account.clock = VirtualClock(0)
    account.create_queue("jobs")
    account.create_queue("failed")
    module = Module(content=CONSUMER.encode(), content_type="text/x-python")
    upload = Upload(main_module="entry.py", modules={"entry.py": module})
    account.put_script(upload_and_deploy(account.state, "importer", upload))
    consumer = ConsumerSettings(max_retries=retries, batch_size=batch_size, dead_letter_queue=target)
    account.attach_consumer(account.find_queue("jobs").id, "importer", consumer)
    return account


@settings(max_examples=150)
@given(
    answers=ANSWERS,
    number=st.integers(1, 12),
    retries=st.integers(0, 3),
    batch_size=st.integers(1, 6),
    target=st.sampled_from([None, "failed", "absent"]),
    most=st.integers(0, 30),
)
def test_every_message_ends_exactly_once(answers, number, retries, batch_size, target, most):
    script = cycle(answers)
    with open_account(retries, batch_size, target) as account:
        jobs, failed = account.find_queue("jobs").id, account.find_queue("failed").id
        sent = account.enqueue(jobs, text(*(f"m{n}" for n in range(number))))
        runtime = ScriptedRuntime(lambda trigger: answer(trigger, *next(script)))
        drained = asyncio.run(drain(account, runtime=runtime, responses=nothing_recorded, most=most))

        ends: Counter[str] = Counter()
        attempts: Counter[str] = Counter()
        for delivery in drained.deliveries:
            for message in delivery.messages:
                assert ends[message.id] == 0, "delivered after its end"
                attempts[message.id] += 1
                assert message.attempts == attempts[message.id] <= retries + 1
            ends.update((*delivery.acked, *delivery.dead_lettered, *delivery.dropped))
            decided = (*delivery.acked, *delivery.retried, *delivery.dead_lettered, *delivery.dropped)
            assert sorted(decided) == sorted(message.id for message in delivery.messages)
            assert not (delivery.dropped and target == "failed")
            assert not (delivery.dead_lettered and target != "failed")
        left = [message.id for message in account.peek(jobs, 100)]
        dead = [message.id for message in account.peek(failed, 100)]
        ends.update(left)
        assert ends == Counter(dict.fromkeys(sent, 1))
        assert sorted(dead) == sorted(name for one in drained.deliveries for name in one.dead_lettered)
        assert drained.cut == bool(left)


@settings(max_examples=60)
@given(
    answers=ANSWERS,
    number=st.integers(1, 12),
    target=st.sampled_from([None, "jobs"]),
    most=st.integers(0, 40),
)
def test_messages_are_conserved_where_dead_letters_are_consumed_too(answers, number, target, most):
    script = cycle(answers)
    with open_account(1, 4, "failed") as account:
        jobs, failed = account.find_queue("jobs").id, account.find_queue("failed").id
        again = ConsumerSettings(max_retries=0, batch_size=3, dead_letter_queue=target)
        account.attach_consumer(failed, "importer", again)
        sent = account.enqueue(jobs, text(*(f"m{n}" for n in range(number))))
        runtime = ScriptedRuntime(lambda trigger: answer(trigger, *next(script)))
        drained = asyncio.run(drain(account, runtime=runtime, responses=nothing_recorded, most=most))

        ends: Counter[str] = Counter()
        for delivery in drained.deliveries:
            assert not any(ends[message.id] for message in delivery.messages), "delivered after its end"
            ends.update((*delivery.acked, *delivery.dropped))
            assert not (delivery.dropped and (delivery.queue == "jobs" or target))
        ends.update(message.id for queue in (jobs, failed) for message in account.peek(queue, 100))
        assert ends == Counter(dict.fromkeys(sent, 1))


def one(name: str, attempts: int = 1) -> IncomingMessage:
    return IncomingMessage(id=name, timestamp="", attempts=attempts, content_type="text", body=b"")


def test_without_an_answer_the_outcome_decides():
    messages = (one("a"), one("b", attempts=4))
    assert decide(messages, Invocation(outcome="ok"), ConsumerSettings()).acked == ("a", "b")
    failed = decide(messages, Invocation(outcome="killed"), ConsumerSettings(retry_delay=9))
    assert (failed.acked, failed.retried, failed.exhausted) == ((), {"a": 9.0}, ("b",))


def test_a_delay_of_a_retry_may_be_the_consumers_own():
    given_back = Invocation(outcome="ok", queue_answer=QueueAnswer(retries={"a": None, "b": 0.0}))
    fates = decide((one("a"), one("b")), given_back, ConsumerSettings(retry_delay=9))
    assert fates.retried == {"a": 9.0, "b": 0.0}

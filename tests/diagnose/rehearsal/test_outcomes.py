from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.embedded.invocation import (
    Event,
    ExecutedStatement,
    IncomingMessage,
    Invocation,
    OutgoingMessage,
    SentMessage,
    WorkerException,
)
from diagnose.embedded.queues import Delivery, QueueSettings
from diagnose.model import Location
from diagnose.rehearsal.outcomes import Sent, queue_outcomes, sent_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.rehearsal.outcomes import QueueOutcome

PLACE = Location("worker.py", 7)


@pytest.fixture
def account() -> Iterator[EmbeddedAccount]:
    with EmbeddedAccount.memory() as account:
        account.create_queue("levels")
        yield account


def delivery(*, invocation: Invocation | None = None, **ids: tuple[str, ...]) -> Delivery:
    names = [one for some in ids.values() for one in some]
    return Delivery(
        queue="levels",
        script="tides",
        messages=tuple(
            IncomingMessage(id=one, timestamp="", attempts=1, content_type="json", body=b"") for one in names
        ),
        invocation=invocation or Invocation(outcome="ok"),
        dead_letter_queue="failed",
        **ids,
    )


def outcome(account: EmbeddedAccount, *deliveries: Delivery, **more: object) -> QueueOutcome:
    (found,) = queue_outcomes(account, [Sent("levels", 12)], deliveries, {}, **more)
    return found


def test_messages_are_counted_to_their_end(account: EmbeddedAccount):
    found = outcome(
        account,
        delivery(acked=("a",), retried=("b", "c")),
        delivery(acked=("b",), dead_lettered=("c",)),
        delivery(dropped=("d",)),
    )

    assert (found.sent, found.bytes, found.acked, found.retried) == (1, 12, 2, 2)
    assert (found.dead_lettered, found.dropped, found.failed, found.left) == (1, 1, 2, 0)
    assert (found.consumer, found.dead_letter_queue) == ("tides", "failed")


STATEMENT = ExecutedStatement(binding="DB", method="run", sql="x", error="D1_ERROR: x", location=PLACE)
LOG = Event(at_ms=1.0, kind="log", text="no level", location=PLACE)


@pytest.mark.parametrize(
    ("invocation", "error", "place"),
    [
        (
            Invocation(
                outcome="exception",
                exception=WorkerException(name="KeyError", message="'day'", traceback="", location=PLACE),
                statements=(STATEMENT,),
            ),
            "KeyError: 'day'",
            PLACE,
        ),
        (
            Invocation(outcome="killed", reason="it did not end", statements=(STATEMENT,)),
            "it did not end",
            None,
        ),
        (Invocation(outcome="exceededCpu"), "the invocation ended as exceededCpu", None),
        (Invocation(outcome="ok", statements=(STATEMENT,), events=(LOG,)), "D1_ERROR: x", PLACE),
        (Invocation(outcome="ok", events=(LOG,)), "no level", PLACE),
        (Invocation(outcome="ok"), "it asked for a retry", None),
    ],
)
def test_what_the_consumer_met_last(
    account: EmbeddedAccount, invocation: Invocation, error: str, place: Location | None
):
    found = outcome(
        account, delivery(dead_lettered=("a",), invocation=invocation), delivery(acked=("b",), retried=("c",))
    )

    assert (found.error, found.failed_at) == (error, place)


def test_without_a_failure_there_is_no_error(account: EmbeddedAccount):
    assert outcome(account, delivery(acked=("a",))).error is None


def fill(account: EmbeddedAccount) -> str:
    (queue,) = account.queues.values()
    account.enqueue(queue.id, [OutgoingMessage(content_type="json", body=b"{}")])
    return queue.id


def test_why_messages_are_left(account: EmbeddedAccount):
    queue_id = fill(account)

    alone = outcome(account)
    (foreign,) = queue_outcomes(account, [Sent("levels", 2)], [], {"levels": "a.ts is not Python"})
    account.attach_consumer(queue_id)
    pulled = outcome(account)

    assert (alone.left, alone.why_left, alone.is_unwanted) == (1, "no worker consumes it", True)
    assert foreign.why_left == "its consumer cannot be executed here: a.ts is not Python"
    assert not foreign.is_unwanted
    assert (pulled.why_left, pulled.is_unwanted) == ("it is pulled over HTTP", False)


def test_a_paused_queue_and_one_that_never_ends(account: EmbeddedAccount):
    queue_id = fill(account)
    module = Module(
        content=b"class Default:\n    async def queue(self, batch): pass\n", content_type="text/x-python"
    )
    upload = Upload(main_module="w.py", modules={"w.py": module}, compatibility_date="2026-06-01")
    account.put_script(upload_and_deploy(account.state, "tides", upload))
    account.attach_consumer(queue_id, "tides")

    endless = outcome(account, delivery(acked=("a",), retried=("b",)), cut=True)
    stuck = outcome(account, delivery(retried=("a", "b")), cut=True)
    account.change_queue(queue_id, QueueSettings(delivery_paused=True))
    paused = outcome(account)

    assert (endless.why_left, endless.is_unwanted) == ("a rehearsal delivers no more batches", False)
    assert (stuck.why_left, stuck.is_unwanted) == ("a rehearsal delivers no more batches", True)
    assert (paused.why_left, paused.is_unwanted) == ("its delivery is paused", True)


def test_dead_letters_are_not_left(account: EmbeddedAccount):
    failed = account.create_queue("failed")
    (identity,) = account.enqueue(failed.id, [OutgoingMessage(content_type="json", body=b"{}")])
    found = queue_outcomes(
        account, [Sent("levels", 2), Sent("failed", 2)], [delivery(dead_lettered=(identity,))], {}
    )

    assert [(one.queue, one.dead_lettered, one.left) for one in found] == [("levels", 1, 0), ("failed", 0, 0)]


def test_what_an_invocation_sent():
    def sent(binding: str, error: str | None = None) -> SentMessage:
        return SentMessage(binding=binding, content_type="json", body_json="1", size=3, error=error)

    invocation = Invocation(outcome="ok", messages=(sent("OUT"), sent("OUT", "too large"), sent("GONE")))

    assert sent_by(invocation, {"OUT": "levels"}) == (Sent("levels", 3),)

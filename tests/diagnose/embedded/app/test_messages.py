from __future__ import annotations

import base64
import json

import pytest

from diagnose.embedded import ConsumerSettings
from diagnose.embedded.clock import VirtualClock
from diagnose.embedded.invocation import OutgoingMessage

pytestmark = pytest.mark.anyio

Q = "/accounts/0123456789abcdef0123456789abcdef/queues"
START = 1_750_000_000_000


def code_of(response) -> tuple[int, int]:
    return response.status_code, response.json()["errors"][0]["code"]


@pytest.fixture
def jobs(embedded) -> str:
    embedded.clock = VirtualClock(START)
    return f"{Q}/{embedded.create_queue('jobs').id}"


@pytest.fixture
def pulled(jobs, embedded) -> str:
    """The queue with whoever pulls as its consumer; one retry, then `failed`."""
    embedded.create_queue("failed")
    settings = ConsumerSettings(max_retries=1, dead_letter_queue="failed", retry_delay=7)
    embedded.attach_consumer(embedded.find_queue("jobs").id, None, settings)
    return jobs


def waiting(embedded, name="jobs") -> list[tuple[str, bytes]]:
    return [(one.content_type, one.body) for one in embedded.peek(embedded.find_queue(name).id, 1000)]


async def pull(api, queue, **body) -> list[dict]:
    return (await api.post(f"{queue}/messages/pull", json=body)).json()["result"]["messages"]


async def test_messages_are_pushed_one_by_one_and_together(api, jobs, embedded):
    answer = await api.post(f"{jobs}/messages", json={"body": {"é": [1, None]}})
    metrics = {"backlog_count": 1, "backlog_bytes": 15, "oldest_message_timestamp_ms": START}
    assert answer.json()["result"] == {"metadata": {"metrics": metrics}}
    await api.post(f"{jobs}/messages", json={"body": "plain", "content_type": "text", "delay_seconds": 3})
    batch = {"messages": [{"body": 1, "delay_seconds": 0}, {"body": "t"}], "delay_seconds": 60}
    answer = await api.post(f"{jobs}/messages/batch", json=batch)
    assert answer.json()["result"]["metadata"]["metrics"]["backlog_count"] == 4
    assert waiting(embedded) == [
        ("json", '{"é":[1,null]}'.encode()),
        ("text", b"plain"),
        ("json", b"1"),
        ("json", b'"t"'),
    ]
    visible = [one.visible - one.sent for one in embedded.peek(embedded.find_queue("jobs").id)]
    assert visible == [0, 3_000, 0, 60_000]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("", {"body": "x" * 128_000}, 400, 10204),
        ("", {"body": 1, "delay_seconds": 86_401}, 400, 10202),
        ("", {"body": 1, "delay_seconds": -1}, 400, 10202),
        ("", {"body": 1, "delay_seconds": "soon"}, 400, 10207),
        ("", {"body": 1, "content_type": "xml"}, 400, 10203),
        ("", {"body": 1, "content_type": "text"}, 400, 10207),
        ("", {}, 400, 10207),
        ("", [], 400, 10207),
        ("/batch", {"messages": [{"body": 1}] * 101}, 400, 10206),
        ("/batch", {"messages": [{"body": "x" * 90_000}] * 3}, 400, 10205),
        ("/batch", {"messages": []}, 400, 10207),
        ("/batch", {"messages": [1]}, 400, 10207),
        ("/batch", {}, 400, 10207),
    ],
)
async def test_what_a_queue_does_not_take_is_refused_whole(api, jobs, embedded, path, body, status, code):
    assert code_of(await api.post(f"{jobs}/messages{path}", json=body)) == (status, code)
    assert waiting(embedded) == []


async def test_exactly_the_limits_are_taken(api, jobs, embedded):
    assert (await api.post(f"{jobs}/messages", json={"body": "x" * 127_998})).status_code == 200
    batch = {"messages": [{"body": "x" * 127_998}] * 2}
    assert (await api.post(f"{jobs}/messages/batch", json=batch)).status_code == 200
    assert embedded.backlog(embedded.find_queue("jobs").id).bytes == 3 * 128_000


async def test_a_store_that_is_full_takes_nothing(api, jobs, embedded):
    embedded.messages._most_bytes = 100_000
    assert code_of(await api.post(f"{jobs}/messages", json={"body": "x" * 100_000})) == (429, 10251)
    assert waiting(embedded) == []


async def test_a_body_that_is_not_json_and_half_a_character(api, jobs, embedded):
    assert code_of(await api.post(f"{jobs}/messages", content=b"{")) == (400, 10208)
    content = b'{"body": "\\ud800", "content_type": "text"}'
    assert (await api.post(f"{jobs}/messages", content=content)).status_code == 200
    assert waiting(embedded) == [("text", b"\xed\xa0\x80")]


async def test_queues_are_named_by_their_ids(api, jobs):
    assert code_of(await api.post(f"{Q}/jobs/messages", json={"body": 1})) == (400, 10107)
    assert code_of(await api.post(f"{Q}/{'f' * 32}/messages", json={"body": 1})) == (404, 10104)
    assert code_of(await api.get(f"{Q}/{'f' * 32}/metrics")) == (404, 11000)


async def test_messages_are_pulled_under_leases(api, pulled):
    await api.post(f"{pulled}/messages", json={"body": {"a": 1}})
    await api.post(f"{pulled}/messages", json={"body": "plain", "content_type": "text"})
    answer = (await api.post(f"{pulled}/messages/pull", json={"batch_size": 5})).json()["result"]
    first, second = answer["messages"]
    assert json.loads(base64.b64decode(first["body"])) == {"a": 1}
    assert (first["attempts"], first["timestamp_ms"]) == (1, START)
    assert (first["metadata"], second["metadata"]) == (
        {"CF-Content-Type": "json"},
        {"CF-Content-Type": "text"},
    )
    assert second["body"] == "plain"
    assert first["lease_id"] != second["lease_id"]
    assert answer["message_backlog_count"] == 2
    assert answer["metadata"]["metrics"]["backlog_bytes"] == 12
    assert await pull(api, pulled) == []


async def test_leases_are_acknowledged_or_given_back(api, pulled, embedded):
    for body in ("a", "b", "c"):
        await api.post(f"{pulled}/messages", json={"body": body, "content_type": "text"})
    a, b, c = await pull(api, pulled)
    body = {
        "acks": [{"lease_id": a["lease_id"]}, {"lease_id": "unknown"}],
        "retries": [{"lease_id": b["lease_id"], "delay_seconds": 60}, {"lease_id": c["lease_id"]}],
    }
    answer = (await api.post(f"{pulled}/messages/ack", json=body)).json()["result"]
    assert answer == {"ackCount": 1, "retryCount": 2, "warnings": {"unknown": "the lease is not known"}}
    embedded.clock.advance_to(START + 7_000)
    (again,) = await pull(api, pulled)
    assert (again["body"], again["attempts"]) == ("c", 2)
    await api.post(f"{pulled}/messages/ack", json={"retries": [{"lease_id": again["lease_id"]}]})
    assert waiting(embedded, "failed") == [("text", b"c")]
    assert waiting(embedded) == [("text", b"b")]


async def test_a_lease_that_ends_makes_the_message_due_again(api, pulled, embedded):
    await api.post(f"{pulled}/messages", json={"body": 1})
    (first,) = await pull(api, pulled, visibility_timeout_ms=1_000)
    embedded.clock.advance_to(START + 1_000)
    (second,) = await pull(api, pulled, visibility_timeout=2_000)
    assert (second["id"], second["attempts"]) == (first["id"], 2)
    late = {"acks": [{"lease_id": first["lease_id"]}]}
    assert (await api.post(f"{pulled}/messages/ack", json=late)).json()["result"]["ackCount"] == 0
    embedded.clock.advance_to(START + 3_000)
    assert await pull(api, pulled) == []
    assert waiting(embedded, "failed") == [("json", b"1")]


async def test_pulling_needs_a_consumer_that_pulls(api, jobs):
    assert code_of(await api.post(f"{jobs}/messages/pull", json={})) == (400, 10105)
    assert code_of(await api.post(f"{jobs}/messages/ack", json={})) == (400, 10105)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("pull", {"batch_size": 101}),
        ("pull", {"batch_size": 0}),
        ("pull", {"visibility_timeout_ms": 43_200_001}),
        ("peek", {"batch_size": "many"}),
        ("ack", {"acks": "all"}),
        ("ack", {"retries": [{"lease": "x"}]}),
    ],
)
async def test_what_cannot_be_pulled_is_refused(api, pulled, path, body):
    assert code_of(await api.post(f"{pulled}/messages/{path}", json=body)) == (400, 10207)


async def test_peeking_takes_nothing(api, jobs, embedded):
    ids = [m["id"] for _ in range(2) for m in await _peek_after_a_push(api, jobs)]
    assert ids[0] == ids[1]
    assert [one.attempts for one in embedded.peek(embedded.find_queue("jobs").id)] == [0, 0]


async def _peek_after_a_push(api, jobs) -> list[dict]:
    await api.post(f"{jobs}/messages", json={"body": 1})
    answer = await api.post(f"{jobs}/messages/peek", json={"batch_size": 1})
    return answer.json()["result"]["messages"]


async def test_peeked_messages_are_deleted_by_their_refs(api, jobs, embedded):
    other = embedded.create_queue("other")
    (elsewhere,) = embedded.enqueue(other.id, [OutgoingMessage(content_type="text", body=b"x")])
    for body in ("a", "b"):
        await api.post(f"{jobs}/messages", json={"body": body, "content_type": "text"})
    first = (await api.post(f"{jobs}/messages/peek", json={})).json()["result"]["messages"][0]
    refs = {"refs": [{"ref": first["ref"]}, {"ref": elsewhere}]}
    answer = (await api.post(f"{jobs}/messages/purge", json=refs)).json()["result"]
    assert answer == {"errors": [], "warnings": {elsewhere: "the message is not known"}}
    assert waiting(embedded) == [("text", b"b")]
    assert waiting(embedded, "other") == [("text", b"x")]
    assert code_of(await api.post(f"{jobs}/messages/purge", json={"refs": [1]})) == (400, 10207)


async def test_metrics_say_how_much_and_since_when(api, jobs, embedded):
    empty = {"backlog_bytes": 0, "backlog_count": 0, "oldest_message_timestamp_ms": 0}
    assert (await api.get(f"{jobs}/metrics")).json()["result"] == empty
    await api.post(f"{jobs}/messages", json={"body": 12})
    embedded.clock.advance_to(START + 9_000)
    await api.post(f"{jobs}/messages", json={"body": 345})
    assert (await api.get(f"{jobs}/metrics")).json()["result"] == {
        "backlog_bytes": 5,
        "backlog_count": 2,
        "oldest_message_timestamp_ms": START,
    }


async def test_a_purge_must_be_meant(api, jobs, embedded):
    await api.post(f"{jobs}/messages", json={"body": 1})
    assert (await api.get(f"{jobs}/purge")).json()["result"] == {"started_at": None, "completed": None}
    for body in ({}, {"delete_messages_permanently": False}, [], "x"):
        assert code_of(await api.post(f"{jobs}/purge", json=body)) == (400, 10026)
    assert len(waiting(embedded)) == 1
    done = await api.post(f"{jobs}/purge", json={"delete_messages_permanently": True})
    assert done.json()["result"]["queue_name"] == "jobs"
    assert waiting(embedded) == []
    assert (await api.get(f"{jobs}/purge")).json()["result"] == {
        "started_at": "2025-06-15T15:06:40.000Z",
        "completed": "2025-06-15T15:06:40.000Z",
    }

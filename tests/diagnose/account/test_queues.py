from __future__ import annotations

import json

import pytest

from diagnose.account import ConsumerSpec, MissingPermissionError, QueueBacklog
from diagnose.account.queue_facts import ConsumerInfo, QueueInfo
from diagnose.embedded import Module, Permission, Upload
from diagnose.embedded.clock import VirtualClock
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.embedded.invocation import OutgoingMessage

pytestmark = pytest.mark.anyio

QUEUES = "/accounts/0123456789abcdef0123456789abcdef/queues"
CODE = b"class Default:\n    async def queue(self, batch): ...\n"


@pytest.fixture
def worker(embedded) -> str:
    """A deployed worker that sends to `jobs` and can consume it."""
    embedded.create_queue("jobs")
    upload = Upload(
        main_module="entry.py",
        modules={"entry.py": Module(content=CODE, content_type="text/x-python")},
        bindings=({"type": "queue", "name": "Q", "queue_name": "jobs"},),
    )
    embedded.put_script(upload_and_deploy(embedded.state, "importer", upload))
    return "importer"


async def test_a_queue_is_created_found_listed_and_deleted(account):
    created = await account.create_queue("jobs")
    assert (created.name, created.producers, created.consumers) == ("jobs", (), ())
    assert (created.delivery_delay, created.delivery_paused) == (0, False)
    assert created.message_retention_period == 345_600
    assert await account.queue("jobs") == created
    assert await account.queues() == (created,)
    await account.delete_queue(created.id)
    assert await account.queue("jobs") is None


async def test_a_name_is_matched_exactly_and_asked_for_once(account, embedded):
    for name in ("jobs-dlq", "jobs"):
        embedded.create_queue(name)
    assert (await account.queue("jobs")).name == "jobs"
    assert (await account.queue("jobs")).name == "jobs"
    assert await account.queue("job") is None
    assert [info.name for info in await account.queues()] == ["jobs-dlq", "jobs"]
    assert account.requests == (("GET", QUEUES),)


async def test_a_list_of_several_pages_is_not_read_for_one_queue(account, embedded):
    for number in range(101):
        embedded.create_queue(f"q{number}")
    assert (await account.queue("q100")).name == "q100"
    assert await account.queue("q10x") is None
    assert account.requests == (("GET", QUEUES),) * 3


async def test_a_server_that_searches_or_does_not_say_how_many_there_are_does_not_mislead(scripted, server):
    items = [{"queue_id": "a" * 32, "queue_name": "jobs-dlq"}, {"queue_id": "b" * 32, "queue_name": "jobs"}]
    server.answer(200, json.dumps({"success": True, "result": items[:1]}).encode())
    server.answer(200, json.dumps({"success": True, "result": items}).encode())
    assert (await scripted.queue("jobs")).id == "b" * 32


async def test_all_pages_are_read(account, embedded):
    for number in range(101):
        embedded.create_queue(f"q{number}")
    assert [info.name for info in await account.queues()] == [f"q{number}" for number in range(101)]


async def test_a_name_that_is_taken_is_refused(account, embedded):
    embedded.create_queue("jobs")
    with pytest.raises(Exception, match="already exists") as caught:
        await account.create_queue("jobs")
    assert caught.value.code == 11009


async def test_a_consumer_is_attached_changed_and_detached(account, worker):
    queue = await account.queue("jobs")
    assert queue.producers == ("importer",)
    spec = ConsumerSpec(script=worker, settings={"batch_size": 50}, dead_letter_queue="jobs-dlq")
    attached = await account.attach_consumer(queue.id, spec)
    assert spec.is_met_by(attached.spec)
    assert attached.spec.settings == {
        "batch_size": 50,
        "max_retries": 3,
        "retry_delay": 0,
        "max_wait_time_ms": 5_000,
        "max_concurrency": None,
    }
    assert await account.consumers(queue.id) == (attached,)
    found = await account.queue("jobs")
    assert (found.consumer_of(worker), found.consumer_of("other"), found.consumer_of(None)) == (
        attached,
        None,
        None,
    )
    changed = await account.change_consumer(queue.id, attached.id, ConsumerSpec(script=worker))
    assert (changed.id, changed.spec.settings["batch_size"]) == (attached.id, 10)
    assert changed.spec.dead_letter_queue is None
    await account.detach_consumer(queue.id, attached.id)
    assert await account.consumers(queue.id) == ()


async def test_the_api_says_why_a_worker_cannot_consume(account, worker):
    queue = await account.queue("jobs")
    with pytest.raises(Exception, match="does not exist") as caught:
        await account.attach_consumer(queue.id, ConsumerSpec(script="nobody"))
    assert caught.value.code == 10007
    await account.attach_consumer(queue.id, ConsumerSpec(script=None))
    with pytest.raises(Exception, match="already has a consumer") as caught:
        await account.attach_consumer(queue.id, ConsumerSpec(script=worker))
    assert caught.value.code == 11004


async def test_the_backlog_tells_how_much_and_since_when(account, embedded):
    embedded.clock = VirtualClock(5_000)
    queue_id = embedded.create_queue("jobs").id
    assert await account.backlog(queue_id) == QueueBacklog(messages=0, bytes=0, oldest_ms=None)
    embedded.enqueue(queue_id, [OutgoingMessage(content_type="text", body=b"abc")] * 2)
    account.forget()
    assert await account.backlog(queue_id) == QueueBacklog(messages=2, bytes=6, oldest_ms=5_000)


async def test_a_token_without_queues_is_told_which_permission_is_missing(client_with, embedded):
    token = embedded.issue_token(permissions=frozenset({Permission.D1_EDIT}))
    async with client_with(token) as account:
        with pytest.raises(MissingPermissionError) as caught:
            await account.queues()
    assert "Account · Queues · Read" in str(caught.value.hint)


def test_what_the_api_leaves_out_has_defaults():
    queue = QueueInfo.from_api({"queue_id": "x", "queue_name": "q", "producers": [{"type": "r2_bucket"}]})
    assert (queue.producers, queue.consumers, queue.message_retention_period) == ((), (), None)
    assert QueueBacklog.from_api({"backlog_count": 1.0, "backlog_bytes": 2.0}).oldest_ms is None
    pulling = ConsumerInfo.from_api({"consumer_id": "c", "type": "http_pull"})
    assert pulling.spec == ConsumerSpec(script=None)
    assert ConsumerInfo.from_api({"consumer_id": "c", "service": "w"}).spec.script == "w"


@pytest.mark.parametrize(
    ("other", "met"),
    [
        (ConsumerSpec(script="w", settings={"batch_size": 5, "max_retries": 9}), True),
        (ConsumerSpec(script="w", settings={"batch_size": 6}), False),
        (ConsumerSpec(script="v", settings={"batch_size": 5}), False),
        (ConsumerSpec(script="w", settings={"batch_size": 5}, dead_letter_queue="d"), False),
    ],
)
def test_only_settings_that_are_named_are_compared(other, met):
    spec = ConsumerSpec(script="w", settings={"batch_size": 5, "max_concurrency": None})
    assert spec.is_met_by(other) is met


async def test_what_is_pushed_waits_as_it_was_meant(account, embedded):
    queue = await account.create_queue("jobs")
    assert await account.backlog_now(queue.id) == QueueBacklog(messages=0, bytes=0, oldest_ms=None)
    await account.push(queue.id, {"day": 5})
    await account.push(queue.id, "plain", content_type="text")

    waiting = [(one.content_type, one.body) for one in embedded.peek(queue.id)]
    assert waiting == [("json", b'{"day":5}'), ("text", b"plain")]
    assert (await account.backlog_now(queue.id)).messages == 2
    assert (await account.backlog_now(queue.id)).bytes == 14

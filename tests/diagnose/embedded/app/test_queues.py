from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.embedded import Permission

pytestmark = pytest.mark.anyio

Q = "/accounts/0123456789abcdef0123456789abcdef/queues"
ABSENT = "f" * 32
CONSUMER = "class Default:\n    async def queue(self, batch): ...\n"


def code_of(response) -> tuple[int, int]:
    return response.status_code, response.json()["errors"][0]["code"]


@pytest.fixture
async def jobs(api) -> str:
    return (await api.post(Q, json={"queue_name": "jobs"})).json()["result"]["queue_id"]


async def test_a_queue_is_made_read_and_deleted(api, embedded):
    created = (await api.post(Q, json={"queue_name": "jobs"})).json()["result"]
    (state,) = embedded.queues.values()
    assert created == {
        "queue_id": state.id,
        "queue_name": "jobs",
        "created_on": state.created_on,
        "modified_on": state.modified_on,
        "jurisdiction": None,
        "settings": {"delivery_delay": 0, "delivery_paused": False, "message_retention_period": 345_600},
        "producers_total_count": 0,
        "producers": [],
        "consumers_total_count": 0,
        "consumers": [],
    }
    assert (await api.get(f"{Q}/{state.id}")).json()["result"] == created
    assert (await api.delete(f"{Q}/{state.id}")).json()["success"] is True
    assert code_of(await api.get(f"{Q}/{state.id}")) == (404, 11000)


async def test_names_are_matched_exactly_and_may_repeat(api):
    for name in ("jobs", "jobs-dlq", "other"):
        await api.post(Q, json={"queue_name": name})

    async def named(query: str) -> list[str]:
        return [item["queue_name"] for item in (await api.get(f"{Q}?{query}")).json()["result"]]

    assert await named("page=1") == ["jobs", "jobs-dlq", "other"]
    assert await named("page=1&name=jobs") == ["jobs"]
    assert await named("name=other&name=jobs&page=1") == ["jobs", "other"]
    assert await named("name=job") == []
    assert await named("page=2&per_page=2") == ["other"]
    info = (await api.get(f"{Q}?page=2&per_page=2")).json()["result_info"]
    assert info == {"page": 2, "per_page": 2, "count": 1, "total_count": 3, "total_pages": 2}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"queue_name": "jobs"}, 11009),
        ({"queue_name": ""}, 11003),
        ({"queue_name": "two words"}, 11003),
        ({"queue_name": "a" * 64}, 11003),
        ({"queue_name": 7}, 10026),
        ([], 10026),
        ({"queue_name": "q", "settings": {"delivery_delay": 86_401}}, 100128),
        ({"queue_name": "q", "settings": {"delivery_delay": "x"}}, 100128),
        ({"queue_name": "q", "settings": {"delivery_paused": "yes"}}, 100128),
        ({"queue_name": "q", "settings": {"message_retention_period": 59}}, 100128),
        ({"queue_name": "q", "settings": []}, 100128),
        ({"queue_name": "q2", "settings": 7}, 100128),
    ],
)
async def test_what_cannot_be_a_queue_is_refused(api, jobs, body, code):
    response = await api.post(Q, json=body)
    assert code_of(response) == (400, code)


@pytest.mark.parametrize("query", [{"page": "x"}, {"page": 0}, {"per_page": "-1"}])
async def test_a_page_that_is_none_is_not_refused_in_the_words_of_d1(api, query):
    body = (await api.get(Q, params=query)).json()
    (name,) = query
    assert body["errors"] == [{"code": 10026, "message": f"{name}: must be a number from 1"}]
    assert (body["success"], body["result"]) == (False, None)


async def test_the_free_plan_keeps_messages_for_a_day(api, embedded):
    embedded.plan = "free"
    created = (await api.post(Q, json={"queue_name": "jobs"})).json()["result"]
    assert created["settings"]["message_retention_period"] == 86_400
    longer = {"queue_name": "more", "settings": {"message_retention_period": 86_401}}
    assert code_of(await api.post(Q, json=longer)) == (400, 100128)


async def test_an_edit_keeps_what_it_does_not_name(api, jobs):
    settings = {"delivery_paused": True, "message_retention_period": 600}
    await api.patch(f"{Q}/{jobs}", json={"queue_name": "jobs", "settings": settings})
    edited = (await api.patch(f"{Q}/{jobs}", json={"settings": {"delivery_delay": 9}})).json()["result"]
    assert edited["settings"] == {
        "delivery_delay": 9,
        "delivery_paused": True,
        "message_retention_period": 600,
    }
    replaced = (await api.put(f"{Q}/{jobs}", json={"queue_name": "renamed"})).json()["result"]
    assert replaced["queue_name"] == "renamed"
    assert replaced["settings"] == {
        "delivery_delay": 0,
        "delivery_paused": False,
        "message_retention_period": 345_600,
    }


async def test_a_name_that_is_taken_is_not_given_twice(api, jobs):
    other = (await api.post(Q, json={"queue_name": "other"})).json()["result"]["queue_id"]
    assert code_of(await api.patch(f"{Q}/{other}", json={"queue_name": "jobs"})) == (400, 11009)
    assert (await api.patch(f"{Q}/{other}", json={"queue_name": "other"})).status_code == 200


async def test_a_worker_is_attached_changed_and_removed(api, jobs, embedded, deploy_worker):
    deploy_worker(embedded, text=CONSUMER)
    body = {
        "type": "worker",
        "script_name": "importer",
        "environment_name": "",
        "settings": {"batch_size": 50, "max_wait_time_ms": 0, "max_concurrency": None},
        "dead_letter_queue": "jobs-dlq",
    }
    made = (await api.post(f"{Q}/{jobs}/consumers", json=body)).json()["result"]
    assert made == {
        "consumer_id": embedded.queue(jobs).consumer.id,
        "queue_id": jobs,
        "queue_name": "jobs",
        "type": "worker",
        "created_on": embedded.queue(jobs).consumer.created_on,
        "dead_letter_queue": "jobs-dlq",
        "script": "importer",
        "script_name": "importer",
        "service": "importer",
        "environment": "production",
        "settings": {
            "batch_size": 50,
            "max_retries": 3,
            "retry_delay": 0,
            "max_wait_time_ms": 0,
            "max_concurrency": None,
        },
    }
    one = f"{Q}/{jobs}/consumers/{made['consumer_id']}"
    assert (await api.get(f"{Q}/{jobs}/consumers")).json()["result"] == [made]
    assert (await api.get(one)).json()["result"] == made
    queue = (await api.get(f"{Q}/{jobs}")).json()["result"]
    assert (queue["consumers_total_count"], queue["consumers"]) == (1, [made])
    changed = (await api.put(one, json={"type": "worker", "script_name": "importer"})).json()["result"]
    assert changed["consumer_id"] == made["consumer_id"]
    assert (changed["settings"]["batch_size"], changed["dead_letter_queue"]) == (10, "")
    assert (await api.delete(one)).json()["success"] is True
    assert (await api.get(f"{Q}/{jobs}/consumers")).json()["result"] == []
    for call in (api.get(one), api.delete(one), api.put(one, json=body)):
        assert code_of(await call) == (404, 11000)


async def test_whole_numbers_may_have_a_point(api, jobs, embedded):
    body = {"type": "http_pull", "settings": {"batch_size": 5.0}}
    assert (await api.post(f"{Q}/{jobs}/consumers", json=body)).status_code == 200
    assert embedded.queue(jobs).consumer.settings.batch_size == 5


async def test_whoever_pulls_is_a_consumer_too(api, jobs):
    body = {"type": "http_pull", "settings": {"visibility_timeout_ms": 6_000}}
    made = (await api.post(f"{Q}/{jobs}/consumers", json=body)).json()["result"]
    assert made["settings"] == {
        "batch_size": 10,
        "max_retries": 3,
        "retry_delay": 0,
        "visibility_timeout_ms": 6_000,
    }
    assert (made["type"], "script" in made) == ("http_pull", False)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"type": "worker", "script_name": "nobody"}, 404, 10007),
        ({"type": "worker", "script_name": "producer"}, 400, 11001),
        ({"type": "worker"}, 400, 10026),
        ({"type": "mail"}, 400, 100127),
        ({"script_name": "importer", "settings": {"batch_size": 101}}, 400, 100127),
        ({"script_name": "importer", "settings": {"batch_size": 0}}, 400, 100127),
        ({"script_name": "importer", "settings": {"max_retries": 101}}, 400, 100127),
        ({"script_name": "importer", "settings": {"max_wait_time_ms": 60_001}}, 400, 100127),
        ({"script_name": "importer", "settings": {"max_concurrency": 251}}, 400, 100127),
        ({"script_name": "importer", "settings": {"max_concurrency": 0}}, 400, 100127),
        ({"script_name": "importer", "settings": {"retry_delay": 1.5}}, 400, 100127),
        ("text", 400, 10026),
    ],
)
async def test_what_cannot_consume_is_refused(api, jobs, embedded, deploy_worker, body, status, code):
    producer = deploy_worker(embedded)
    embedded.put_script(replace(producer, name="producer"))
    deploy_worker(embedded, text=CONSUMER)
    assert code_of(await api.post(f"{Q}/{jobs}/consumers", json=body)) == (status, code)
    assert embedded.queue(jobs).consumer is None


async def test_a_queue_has_one_consumer(api, jobs):
    await api.post(f"{Q}/{jobs}/consumers", json={"type": "http_pull"})
    again = await api.post(f"{Q}/{jobs}/consumers", json={"type": "http_pull"})
    assert code_of(again) == (400, 11004)


async def test_producers_are_those_with_a_binding(api, jobs, embedded, deploy_worker):
    deploy_worker(embedded, bindings=({"type": "queue", "name": "Q", "queue_name": "jobs"},))
    queue = (await api.get(f"{Q}/{jobs}")).json()["result"]
    assert queue["producers_total_count"] == 1
    assert queue["producers"] == [{"type": "worker", "script": "importer"}]
    deploy_worker(embedded)
    assert (await api.get(f"{Q}/{jobs}")).json()["result"]["producers"] == []


async def test_a_deleted_worker_consumes_nothing(api, jobs, embedded, deploy_worker):
    deploy_worker(embedded, text=CONSUMER)
    await api.post(f"{Q}/{jobs}/consumers", json={"type": "worker", "script_name": "importer"})
    worker = (await api.get(Q.replace("queues", "workers/workers/importer"))).json()["result"]
    assert worker["references"]["queues"] == [
        {
            "queue_id": jobs,
            "queue_name": "jobs",
            "queue_consumer_id": embedded.queue(jobs).consumer.id,
        }
    ]
    await api.delete(Q.replace("queues", "workers/scripts/importer"))
    assert (await api.get(f"{Q}/{jobs}")).json()["result"]["consumers"] == []


async def test_ids_are_not_names(api, jobs):
    assert code_of(await api.get(f"{Q}/jobs")) == (404, 7003)
    assert code_of(await api.get(f"{Q}/{ABSENT}")) == (404, 11000)


async def test_reading_does_not_allow_changing(api, jobs, embedded):
    token = embedded.issue_token(permissions=frozenset({Permission.QUEUES_READ}))
    api.headers["Authorization"] = f"Bearer {token}"
    assert (await api.get(f"{Q}/{jobs}")).status_code == 200
    assert code_of(await api.delete(f"{Q}/{jobs}")) == (403, 10000)
    assert code_of(await api.post(f"{Q}/{jobs}/messages", json={"body": 1})) == (403, 10000)
    token = embedded.issue_token(permissions=frozenset({Permission.WORKERS_EDIT}))
    api.headers["Authorization"] = f"Bearer {token}"
    assert code_of(await api.get(f"{Q}/{jobs}")) == (403, 10000)


async def test_a_deploy_by_wrangler_attaches_and_then_updates(api, jobs, embedded, deploy_worker):
    """The requests as wrangler 4.86.0 and 4.164.0 send them."""
    settings = {"batch_size": 10, "max_retries": 3, "max_wait_time_ms": 5000}
    body = {"type": "worker", "script_name": "importer", "settings": settings}
    assert len((await api.get(f"{Q}?name=jobs&name=jobs&page=1")).json()["result"]) == 1
    deploy_worker(embedded, text=CONSUMER)
    (found,) = (await api.get(f"{Q}?page=1&name=jobs")).json()["result"]
    assert (found["consumers_total_count"], found["consumers"]) == (0, [])
    assert (await api.post(f"{Q}/{jobs}/consumers", json=body)).status_code == 200
    deploy_worker(embedded, text=CONSUMER + "# changed\n")
    (found,) = (await api.get(f"{Q}?page=1&name=jobs")).json()["result"]
    (consumer,) = found["consumers"]
    assert (consumer["script"], consumer["service"]) == ("importer", "importer")
    changed = await api.put(f"{Q}/{jobs}/consumers/{consumer['consumer_id']}", json=body)
    assert changed.json()["result"]["consumer_id"] == consumer["consumer_id"]

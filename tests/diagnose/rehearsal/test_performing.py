from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import pytest

from diagnose.project import open_project
from diagnose.rehearsal import derive_account, rehearse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from diagnose.rehearsal import Rehearsal

pytestmark = pytest.mark.anyio

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
WRANGLER = f"""\
name = "tides"
main = "src/worker.py"
compatibility_date = "2026-06-01"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "harbour"
database_id = "{HARBOUR}"

[[queues.producers]]
binding = "LEVELS"
queue = "levels"

[[queues.consumers]]
queue = "levels"
max_batch_size = 100
retry_delay = 60
"""
HEAD = "from workers import Response, WorkerEntrypoint, fetch\n\n\nclass Default(WorkerEntrypoint):\n"
SCHEDULED = (
    "    async def scheduled(self, controller):\n"
    '        await self.env.LEVELS.sendBatch([{"body": day} for day in range(COUNT)])\n\n'
)
QUEUE = (
    "    async def queue(self, batch):\n"
    '        insert = self.env.DB.prepare("INSERT OR IGNORE INTO levels VALUES (?)")\n'
    "        for message in batch.messages:\n"
    "            await insert.bind(message.body).run()\n"
    "            message.ack()\n"
)
FETCHING = (
    "    async def queue(self, batch):\n"
    "        for message in batch.messages:\n"
    '            answer = await fetch(f"https://tides.example/{message.body}")\n'
    '            await self.env.DB.prepare("INSERT INTO levels VALUES (?)").bind(await answer.text()).run()\n'
)
TABLE = "CREATE TABLE levels (day INTEGER PRIMARY KEY);"


@pytest.fixture
def perform(
    write_project: Callable[[Mapping[str, str]], Path],
) -> Callable[..., Awaitable[Rehearsal]]:
    """Rehearse a producer of so many messages, and its consumer."""

    async def run(
        consumer: str = QUEUE, *, count: int = 3, settings: str = "", plan: Literal["free", "paid"] = "paid"
    ) -> Rehearsal:
        files = {
            "wrangler.toml": WRANGLER,
            "src/worker.py": HEAD + SCHEDULED.replace("COUNT", str(count)) + consumer,
            "migrations/0001.sql": TABLE,
        }
        project = open_project(write_project(files | ({"diagnose.toml": settings} if settings else {})))
        return await rehearse(project, partial(derive_account, project), plan=plan, derived=True)

    return run


async def test_messages_are_delivered_before_anybody_looks(perform):
    rehearsal = await perform()

    assert (rehearsal.trigger_text, rehearsal.guessed) == ("* * * * *", True)
    assert [(act.script, act.recovered, act.invocation.outcome) for act in rehearsal.acts] == [
        ("tides", False, "ok"),
        ("tides", False, "ok"),
    ]
    assert rehearsal.watched is not None
    assert (rehearsal.watched.landed, rehearsal.watched.equal, rehearsal.statements) == (3, 3, 3)
    assert rehearsal.watched.written_at is not None
    assert rehearsal.watched.written_at.path == "src/worker.py"
    assert not rehearsal.is_idle


async def test_the_limits_of_the_plan_hold_in_the_consumer(perform):
    rehearsal = await perform(count=60, plan="free")

    first, second = rehearsal.acts[1:]
    assert (len(first.delivery.acked), len(first.delivery.retried), first.recovered) == (50, 10, True)
    assert first.invocation.outcome == "exception"
    assert (second.delivery.acked, second.delivery.at_seconds) == (first.delivery.retried, 70.0)
    assert rehearsal.failed_statements == ()
    assert rehearsal.watched is not None
    assert rehearsal.watched.landed == 60
    moments = [line["at_ms"] for line in rehearsal.timeline]
    assert moments == sorted(moments)
    assert moments[-1] > 70_000


async def test_what_a_consumer_fetches_needs_an_answer_too(perform):
    rehearsal = await perform(FETCHING)

    assert rehearsal.refused == (
        "tides, the consumer of levels: no recorded answer for https://tides.example/0:"
        " add it to [[responses]] of diagnose.toml (`diagnose init`)"
    )
    assert rehearsal.invocation is not None
    assert rehearsal.invocation.outcome == "ok"


async def test_a_consumer_that_uses_what_is_not_imitated_ends_the_rehearsal(perform):
    rehearsal = await perform(QUEUE.replace("message.ack()", "import js; js.WebSocket"))

    assert rehearsal.refused == "tides, the consumer of levels: js.WebSocket (src/worker.py:12)"


@pytest.mark.parametrize(
    ("queue", "refused"),
    [
        ("nowhere", "[trigger]: there is no queue nowhere"),
        ("levels", None),
    ],
)
async def test_a_message_as_the_trigger(perform, queue: str, refused: str | None):
    rehearsal = await perform(settings=f'[trigger]\nkind = "queue"\nqueue = "{queue}"\nbody = "7"\n')

    if refused is None:
        assert rehearsal.trigger_text == "a message from levels"
        assert (rehearsal.watched.landed, len(rehearsal.acts), rehearsal.acts[0].at_ms) == (1, 1, 5000.0)
        assert rehearsal.acts[0].invocation is rehearsal.invocation
    else:
        assert rehearsal.refused.startswith(refused)


async def test_a_message_that_nobody_is_given_is_no_trigger(write_project):
    config = WRANGLER.partition("[[queues.consumers]]")[0]
    files = {
        "wrangler.toml": config,
        "src/worker.py": HEAD + SCHEDULED.replace("COUNT", "1") + QUEUE,
        "migrations/0001.sql": TABLE,
        "diagnose.toml": '[trigger]\nkind = "queue"\nqueue = "levels"\nbody = "7"\n',
    }
    project = open_project(write_project(files))
    rehearsal = await rehearse(project, partial(derive_account, project), plan="paid", derived=True)

    assert rehearsal.refused == "no worker was given the message from levels"

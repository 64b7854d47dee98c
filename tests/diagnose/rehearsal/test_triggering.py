from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.project import open_project
from diagnose.rehearsal import choose_trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from diagnose.rehearsal import TriggerChoice

WRANGLER = """\
name = "tides"
main = "worker.py"
compatibility_date = "2026-04-01"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "harbour"
"""
HEAD = "from workers import Response, WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
FETCH = "    async def fetch(self, request):\n        return Response('ok')\n\n"
WRITING_FETCH = (
    "    async def fetch(self, request):\n"
    "        await self.env.DB.prepare('INSERT INTO levels (day) VALUES (1)').run()\n"
    "        return Response('ok')\n\n"
)
SCHEDULED = "    async def scheduled(self, controller):\n        pass\n\n"
WRITING_SCHEDULED = (
    "    async def scheduled(self, controller):\n"
    "        await self.env.DB.prepare('INSERT INTO levels (day) VALUES (1)').run()\n\n"
)
QUEUE = "    async def queue(self, batch):\n        pass\n\n"
WRITING_QUEUE = (
    "    async def queue(self, batch):\n"
    "        for message in batch.messages:\n"
    "            await self.env.DB.prepare('INSERT INTO levels (day) VALUES (?)').bind(message.body).run()\n"
)
SENDING_SCHEDULED = "    async def scheduled(self, controller):\n        await self.env.LEVELS.send(1)\n\n"
SENDING_FETCH = (
    "    async def fetch(self, request):\n"
    "        for level in await request.json():\n"
    "            await self.env.LEVELS.send(level['day'])\n"
    "        return Response('ok')\n\n"
)
CONSUMER = '\n[[queues.consumers]]\nqueue = "levels"\n'
POSTED = (
    "    async def fetch(self, request):\n"
    "        if request.method == 'POST' and request.url.endswith('/trigger'):\n"
    "            await self.env.DB.prepare('INSERT INTO levels (day) VALUES (1)').run()\n"
    "            return Response('ok')\n"
    "        return Response('hello')\n"
)
PUSHED = (
    "    async def fetch(self, request):\n"
    "        for level in await request.json():\n"
    "            await self.env.DB.prepare('INSERT INTO levels (day) VALUES (?)').bind(level['day']).run()\n"
    "        return Response('ok')\n"
)


@pytest.fixture
def choose(write_project: Callable[[Mapping[str, str]], Path]) -> Callable[..., TriggerChoice]:
    """The trigger for a worker with these handlers."""

    def run(
        *handlers: str, settings: str = "", config: str = "", environment: Mapping[str, str] | None = None
    ) -> TriggerChoice:
        files = {"wrangler.toml": WRANGLER + config, "worker.py": HEAD + "".join(handlers)}
        project = open_project(write_project(files | ({"diagnose.toml": settings} if settings else {})))
        assert project.source is not None
        return choose_trigger(project, project.source, environment or {})

    return run


def test_the_only_handler_is_taken(choose: Callable[..., TriggerChoice]):
    choice = choose(FETCH)

    assert choice.guessed
    assert choice.trigger is not None
    assert (choice.trigger.kind, choice.trigger.method, choice.trigger.path) == ("fetch", "GET", "/")


def test_a_handler_that_writes_is_preferred(choose: Callable[..., TriggerChoice]):
    choice = choose(FETCH, WRITING_SCHEDULED)

    assert choice.guessed
    assert choice.trigger is not None
    assert (choice.trigger.kind, choice.trigger.cron) == ("scheduled", "* * * * *")


def test_the_schedule_of_the_config_is_taken(choose: Callable[..., TriggerChoice]):
    choice = choose(SCHEDULED, config='\n[triggers]\ncrons = ["0 3 * * *", "0 5 * * *"]\n')

    assert choice.trigger is not None
    assert choice.trigger.cron == "0 3 * * *"


def test_settings_of_another_worker_start_nothing(write_project: Callable[..., Path]):
    files = {
        "diagnose.toml": 'config = "api/wrangler.toml"\n[trigger]\nkind = "fetch"\n',
        "api/wrangler.toml": WRANGLER,
        "writer/wrangler.toml": WRANGLER,
        "writer/worker.py": HEAD + WRITING_QUEUE,
    }
    project = open_project(write_project(files), config="writer/wrangler.toml")
    assert project.source is not None
    choice = choose_trigger(project, project.source, {})

    assert choice.trigger is None
    assert choice.refused == (
        "[trigger] starts the fetch handler of api/wrangler.toml; the worker of writer/wrangler.toml has none"
    )


def test_several_handlers_that_write_are_a_question(choose: Callable[..., TriggerChoice]):
    choice = choose(WRITING_FETCH, WRITING_SCHEDULED)

    assert choice.trigger is None
    assert choice.refused is not None
    assert choice.refused.startswith("several handlers lead to a write (fetch, scheduled): say how")
    assert "diagnose init" in choice.refused


def test_a_worker_without_handlers_cannot_be_started(choose: Callable[..., TriggerChoice]):
    choice = choose("    pass\n")

    assert choice.refused == "the worker has no handler that an event could be delivered to"


@pytest.mark.parametrize(
    ("body", "kind", "content"),
    [("{ day = 1 }", "json", b'{"day": 1}'), ('"north"', "text", b"north"), ("'[1]'", "json", b"[1]")],
)
def test_a_message_is_delivered(choose: Callable[..., TriggerChoice], body: str, kind: str, content: bytes):
    choice = choose(QUEUE, settings=f'[trigger]\nkind = "queue"\nbody = {body}\n', config=CONSUMER)

    assert choice.trigger is not None
    assert (choice.trigger.kind, choice.trigger.queue, choice.guessed) == ("queue", "levels", False)
    (message,) = choice.trigger.messages
    assert (message.content_type, message.body, message.attempts) == (kind, content, 1)


def test_the_settings_name_the_queue(choose: Callable[..., TriggerChoice]):
    settings = '[trigger]\nkind = "queue"\nqueue = "tides"\nbody = "x"\n'
    choice = choose(QUEUE, settings=settings, config=CONSUMER + CONSUMER.replace("levels", "tides"))

    assert choice.trigger is not None
    assert choice.trigger.queue == "tides"


@pytest.mark.parametrize(
    ("settings", "config", "refused"),
    [
        ("", "", "the worker consumes no queue that the config names"),
        ('[trigger]\nkind = "queue"\n', "", "the worker consumes no queue that the config names"),
        ("", "TWO", "the worker consumes several queues: name one as `queue`"),
        ("", "ONE", "a `queue` handler needs a message: say its `body`"),
        ('[trigger]\nkind = "queue"\n', "ONE", "a `queue` handler needs a message: say its `body`"),
    ],
)
def test_a_message_that_is_not_known_cannot_be_delivered(
    choose: Callable[..., TriggerChoice], settings: str, config: str, refused: str
):
    configs = {"ONE": CONSUMER, "TWO": CONSUMER + CONSUMER.replace("levels", "tides")}
    choice = choose(QUEUE, settings=settings, config=configs.get(config, ""))

    assert choice.trigger is None
    assert choice.refused is not None
    assert choice.refused.startswith(refused)


@pytest.mark.parametrize("consumer", [QUEUE, WRITING_QUEUE])
def test_the_producer_starts_what_its_consumer_writes(choose: Callable[..., TriggerChoice], consumer: str):
    choice = choose(SENDING_SCHEDULED, consumer, config=CONSUMER)

    assert choice.trigger is not None
    assert (choice.trigger.kind, choice.guessed) == ("scheduled", True)


def test_messages_from_the_request_are_not_guessed(choose: Callable[..., TriggerChoice]):
    choice = choose(SENDING_FETCH, WRITING_QUEUE, config=CONSUMER)

    assert choice.refused is not None
    assert choice.refused.startswith("the fetch handler takes its rows from the request: say how")


def test_the_request_that_the_code_waits_for_is_made(choose: Callable[..., TriggerChoice]):
    choice = choose(POSTED)

    assert choice.trigger is not None
    assert (choice.trigger.method, choice.trigger.path) == ("POST", "/trigger")
    assert choice.guessed


def test_rows_of_the_request_cannot_be_guessed(choose: Callable[..., TriggerChoice]):
    choice = choose(PUSHED)

    assert choice.refused is not None
    assert choice.refused.startswith("the fetch handler takes its rows from the request: ")


SETTINGS = """\
[trigger]
kind = "fetch"
method = "PUT"
path = "/import"
body = '[{"day": 1}]'
headers = { "x-mode" = "full" }
headers_env = { authorization = "TIDES_TOKEN" }
"""


def test_the_settings_say_it_all(choose: Callable[..., TriggerChoice]):
    choice = choose(PUSHED, settings=SETTINGS, environment={"TIDES_TOKEN": "Bearer x"})

    assert not choice.guessed
    assert choice.trigger is not None
    assert (choice.trigger.method, choice.trigger.path, choice.trigger.body) == (
        "PUT",
        "/import",
        b'[{"day": 1}]',
    )
    assert dict(choice.trigger.headers) == {"x-mode": "full", "authorization": "Bearer x"}


def test_a_header_without_its_variable_is_named(choose: Callable[..., TriggerChoice]):
    choice = choose(PUSHED, settings=SETTINGS)

    assert choice.refused == "[trigger] headers_env names TIDES_TOKEN, which is not set"


def test_the_settings_choose_among_several(choose: Callable[..., TriggerChoice]):
    choice = choose(
        WRITING_FETCH, WRITING_SCHEDULED, settings='[trigger]\nkind = "scheduled"\ncron = "1 2 * * *"\n'
    )

    assert choice.trigger is not None
    assert (choice.trigger.kind, choice.trigger.cron, choice.guessed) == ("scheduled", "1 2 * * *", False)

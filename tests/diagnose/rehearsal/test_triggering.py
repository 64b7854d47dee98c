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
QUEUE = "    async def queue(self, batch):\n        pass\n"
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


def test_several_handlers_that_write_are_a_question(choose: Callable[..., TriggerChoice]):
    choice = choose(WRITING_FETCH, WRITING_SCHEDULED)

    assert choice.trigger is None
    assert choice.refused is not None
    assert choice.refused.startswith("several handlers lead to a write (fetch, scheduled): say how")
    assert "diagnose init" in choice.refused


def test_a_worker_without_handlers_cannot_be_started(choose: Callable[..., TriggerChoice]):
    choice = choose("    pass\n")

    assert choice.refused == "the worker has no handler that an event could be delivered to"


@pytest.mark.parametrize("settings", ["", '[trigger]\nkind = "queue"\n'])
def test_messages_cannot_be_delivered_yet(choose: Callable[..., TriggerChoice], settings: str):
    choice = choose(QUEUE, settings=settings)

    assert choice.refused == "messages cannot be delivered to a `queue` handler here yet"


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

from __future__ import annotations

import pytest

from diagnose.project import open_project
from diagnose.rewriting import Refused
from diagnose.rewriting.scheduling import with_scheduled_handler

CONFIG = 'name = "rates"\nmain = "worker.py"\ncompatibility_date = "2025-11-10"\n'
WORKER = """# Rates of the day.
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("ok")  # always

    def helper(self): ...
"""
REPAIRED = """# Rates of the day.
from workers import Request, Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("ok")  # always

    async def scheduled(self, controller):
        \"\"\"Start the import at the times of the cron trigger.\"\"\"
        response = await self.fetch(Request("https://scheduled.invalid/go?day=1", method="POST"))
        if response.status >= 400:
            raise RuntimeError(f"the scheduled import was answered with status {response.status}")

    def helper(self): ...
"""


@pytest.fixture
def rewritten(write_project):
    def rewrite(text):
        source = open_project(write_project({"wrangler.toml": CONFIG, "worker.py": text.encode()})).source
        return with_scheduled_handler(source.text("worker.py"), source.handler("fetch"), "POST", "/go?day=1")

    return rewrite


def test_the_handler_stands_behind_fetch(rewritten):
    assert rewritten(WORKER).text == REPAIRED


def test_line_ends_and_indentation_stay(rewritten):
    text = WORKER.replace("    ", "\t").replace("\n", "\r\n")
    assert rewritten(text).text == REPAIRED.replace("    ", "\t").replace("\n", "\r\n")


def test_a_class_at_the_end_of_a_file_without_a_line_break(rewritten):
    head = WORKER.partition("\n\n    def helper")[0]
    assert rewritten(head).text == REPAIRED.partition("\n\n    def helper")[0]


def test_a_byte_order_mark_stays(rewritten):
    assert rewritten("\ufeff" + WORKER).text == "\ufeff" + REPAIRED


def test_env_and_ctx_are_passed_on(rewritten):
    text = rewritten(WORKER.replace("(self, request)", "(self, request, env, ctx)")).text
    assert 'Request("https://scheduled.invalid/go?day=1", method="POST"), self.env, self.ctx)' in text


@pytest.mark.parametrize(
    "text",
    [
        WORKER.replace("(self, request)", "(self, request, database)"),
        'from js import Response\n\n\nasync def on_fetch(request, env):\n    return Response.new("ok")\n',
    ],
)
def test_a_handler_that_cannot_be_called_is_left_alone(rewritten, text):
    assert isinstance(rewritten(text), Refused)

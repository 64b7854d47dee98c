"""Secrets stand in no config: a rehearsal makes their values up, and says so where that may matter."""

from __future__ import annotations

import pytest

from diagnose.embedded import EmbeddedAccount
from diagnose.project import open_project
from diagnose.rehearsal import rehearse
from diagnose.rehearsal.assuming import assumed_secrets

pytestmark = pytest.mark.anyio

CONFIG = """
name = "keyed"
main = "worker.py"
compatibility_date = "2026-09-01"
compatibility_flags = ["python_workers"]
[vars]
LEVEL = "info"
"""
SETTINGS = '[trigger]\nkind = "fetch"\nheaders_env = { authorization = "ADMIN_TOKEN" }\n'
WORKER = """
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.headers.get("authorization") != self.env.ADMIN_TOKEN:
            return Response("who are you?", status=401)
        print(self.env.LEVEL, getattr(self.env, "OPTIONAL", None))
        return Response(self.env.API_KEY)
"""


@pytest.fixture
def project(write_project, monkeypatch):
    monkeypatch.setenv("ADMIN_TOKEN", "let me in")
    files = {"wrangler.toml": CONFIG, "worker.py": WORKER, "diagnose.toml": SETTINGS}
    return lambda **more: open_project(write_project(files | more))


def test_plain_values_that_no_config_gives_are_made_up(project):
    assert assumed_secrets(project(), {"ADMIN_TOKEN": "let me in", "API_KEY": "never taken"}) == {
        "ADMIN_TOKEN": "let me in",
        "API_KEY": "placeholder of API_KEY",
    }


async def performed(project, **more):
    return await rehearse(project, EmbeddedAccount.memory, plan="paid", derived=True, **more)


async def test_a_worker_with_secrets_is_rehearsed(project):
    rehearsal = await performed(project())
    assert rehearsal.refused is None
    assert rehearsal.invocation.answer.body == b"placeholder of API_KEY"


async def test_known_values_come_first(project):
    rehearsal = await performed(project(), secrets={"API_KEY": "real"})
    assert rehearsal.invocation.answer.body == b"real"


async def test_a_failure_that_may_be_for_a_made_up_value_is_none_of_the_worker(project):
    worker = WORKER.replace("Response(self.env.API_KEY)", "Response(str(int(self.env.API_KEY)))")
    rehearsal = await performed(project(**{"worker.py": worker}))
    assert rehearsal.refused == (
        "the worker failed with made-up values of env.API_KEY: secrets are known to the"
        " account only. Where the trigger sends one along, name it in headers_env of [trigger]"
    )

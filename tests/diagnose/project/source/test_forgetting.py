from __future__ import annotations

import pytest

WORKER = """
import asyncio
from workers import WorkerEntrypoint

async def save(env, row):
    await env.JOBS.send(row)

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        env = self.env
        {line}
"""


def unawaited(source):
    return [(one.call, one.by, one.function, one.location.line) for one in source.unawaited]


@pytest.mark.parametrize(
    ("line", "call", "by"),
    [
        ("save(env, 1)", "save(env, 1)", "function"),
        ("env.JOBS.send(1)", "env.JOBS.send(1)", "binding"),
        ("asyncio.gather(save(env, 1), save(env, 2))", None, "group"),
        ("{save(env, row) for row in (1, 2)}", "save(env, row)", "function"),
        ("print(env.DB.exec('DELETE FROM t').success)", "env.DB.exec('DELETE FROM t')", "binding"),
        ("total = 1; total += save(env, 1)", "save(env, 1)", "function"),
        ("total = 1 + save(env, 1)", "save(env, 1)", "function"),
        ("print(save(env, 1) > 0)", "save(env, 1)", "function"),
        ("n = save(env, 1); print(n * 2)", "save(env, 1)", "function"),
        ("n = save(env, 1); Response.json({'saved': n})", "save(env, 1)", "function"),
        ("if save(env, 1): pass", "save(env, 1)", "function"),
    ],
)
def test_who_is_called(line, call, by, read):
    source = read(WORKER.replace("{line}", line))
    assert unawaited(source) == [(call or line, by, "Default.scheduled", 11)]
    call_span = source.unawaited[0].span
    assert source.text("worker.py")[call_span.start : call_span.end] == (call or line)


def test_the_place_is_that_of_the_call_and_not_where_its_answer_is_read(read):
    source = read(
        WORKER.replace("{line}", "result = env.DB.exec('DELETE FROM t')\n        print(result.success)")
    )
    assert unawaited(source) == [("env.DB.exec('DELETE FROM t')", "binding", "Default.scheduled", 11)]


def test_one_record_however_many_handlers_lead_there(read):
    source = read("""
from workers import WorkerEntrypoint

def start(env):
    env.JOBS.send("x")

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        start(self.env)

    async def fetch(self, request):
        start(self.env)
""")
    assert unawaited(source) == [('env.JOBS.send("x")', "binding", "start", 5)]
    assert [str(write) for write in source.unawaited[0].writes] == ["worker.py:5:5"]


@pytest.mark.parametrize(
    "line",
    [
        "asyncio.run(save(env, 1))",
        "job = save(env, 1); await job",
        "job = save(env, 1) if controller.cron else None; (await job) if job else None",
        "job = save(env, 1); print(job is None); await job",
        "total = 1 + (await save(env, 1) or 0)",
        "jobs = []; jobs += [save(env, 1)]; await asyncio.gather(*jobs)",
        "await asyncio.gather(*[save(env, row) for row in (1, 2)])",
        "env.DB.prepare('SELECT 1').all()",
        "print(env.DB.prepare('SELECT 1').all().results)",
    ],
)
def test_what_is_waited_for_or_only_reads(line, read):
    assert read(WORKER.replace("{line}", line)).unawaited == ()


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("asyncio.create_task(save(env, 1))", "fire-and-forget"),
        ("env.JOBS.send(1).catch(print)", "fire-and-forget"),
    ],
)
def test_what_is_detached_on_purpose_is_a_handling(line, kind, read):
    source = read(WORKER.replace("{line}", line))
    assert source.unawaited == ()
    assert [one.kind for one in source.error_handlers] == [kind]

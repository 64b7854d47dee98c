from __future__ import annotations

import pytest

from diagnose.queueing.direct import direct_write

pytestmark = pytest.mark.anyio
PRODUCER = '\n[[queues.producers]]\nbinding = "Q"\nqueue = "q"\n'
HEAD = """\
import json

from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        pushed = json.loads(await request.text())
        rows = (await (await fetch("https://weather.example.com/?limit=500")).json())["readings"]
"""
LOOP = 'for row in {}: await self.env.DB.prepare("INSERT INTO t (a) VALUES (?)").bind(row["a"]).run()'
MANY = """\
        sql = "INSERT INTO t (a, b) VALUES " + ", ".join(["(?, ?)"] * len({0}))
        await self.env.DB.prepare(sql).bind(*[value for row in {0} for value in row]).run()
"""


def body(line):
    return f"{HEAD}        {line}\n"


async def no_schema(binding):
    return None


async def found(opened, plan="paid"):
    write = await direct_write(opened.config, opened.source, no_schema, plan)
    return None if write is None else (write.site.table, write.reason)


async def test_too_many_parameters(project):
    assert await found(project(worker=HEAD + MANY.format("rows"))) == ("t", "parameters")


@pytest.mark.parametrize(("plan", "expected"), [("free", ("t", "queries")), ("paid", None)])
async def test_too_many_queries_for_the_plan(project, plan, expected):
    assert await found(project(worker=body(LOOP.format("rows"))), plan) == expected


@pytest.mark.parametrize(
    "text",
    [
        HEAD + MANY.format("pushed"),
        body(LOOP.format("rows[:40]")),
        body('await self.env.DB.prepare("INSERT INTO t (a) VALUES (?)").bind(len(rows)).run()'),
    ],
)
async def test_what_fits_or_comes_from_a_caller_needs_no_queue(project, text):
    assert await found(project(worker=text), "free") is None


async def test_where_there_is_a_queue_none_is_missing(project):
    opened = project(worker=HEAD + MANY.format("rows"))
    config = (opened.root / "wrangler.toml").read_text() + PRODUCER
    assert await found(project(config, HEAD + MANY.format("rows"))) is None
    sends = body("await self.env.Q.send(json.dumps(rows))") + MANY.format("rows")
    assert await found(project(worker=sends)) is None

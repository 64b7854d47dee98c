from __future__ import annotations

import pytest

from diagnose.project.source.interpolation import interpolations

WORKER = """
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def queue(self, batch):
        env = self.env
        for message in batch.messages:
            {line}
"""


def values(source):
    return [
        (value.expression, value.origin, value.quoted, value.repeated, value.marks)
        for found in interpolations(source)
        for value in found.values
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT a FROM t WHERE a = '{message.body}'", ("message.body", "caller", True, False, 0)),
        ("SELECT a FROM t WHERE a = ? AND b = {message.id}", ("message.id", "caller", False, False, 1)),
        ("SELECT a FROM t LIMIT ? OFFSET {message.id}", ("message.id", "caller", False, False, 1)),
        ("INSERT INTO t VALUES (?, '?', '{message.id}')", ("message.id", "caller", True, False, 1)),
        ("INSERT INTO t VALUES (1), (2), ({message.id})", ("message.id", "caller", False, False, 0)),
        ("SELECT a FROM t WHERE b BETWEEN 1 AND {message.id}", ("message.id", "caller", False, False, 0)),
    ],
)
def test_places_of_values(text, found, read):
    source = read(WORKER.replace("{line}", f'await env.DB.prepare(f"{text}").all()'))
    assert values(source) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT {message.id} FROM t",
        "SELECT a FROM {message.id}",
        "SELECT a FROM t_{message.id} WHERE b = 1",
        "SELECT a FROM t WHERE b = 1 AND {message.id}",
        "SELECT max({message.id}) FROM t",
        "INSERT INTO t ({message.id}) VALUES (1)",
        "SELECT a FROM t /* {message.id} */",
    ],
)
def test_places_of_names_and_clauses(text, read):
    assert values(read(WORKER.replace("{line}", f'await env.DB.prepare(f"{text}").all()'))) == []


def test_a_second_way_to_the_same_text_may_tell_whose_the_value_is(read):
    source = read("""
from workers import WorkerEntrypoint

async def remove(env, name):
    await env.DB.prepare(f"DELETE FROM t WHERE name = '{name}'").run()

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await remove(self.env, controller.cron)

    async def fetch(self, request):
        await remove(self.env, await request.text())
""")
    assert values(source) == [("name", "caller", True, False, 0)]


CHECKED = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        query = await request.json()
        {check}
        rows = await self.env.DB.prepare(f"SELECT a FROM t WHERE b = '{query['b']}'").all()
        return Response.json(rows.results)
"""


@pytest.mark.parametrize(
    ("check", "found"),
    [
        ('tags = clean(query["tags"])', ["query['b']"]),
        ('tags = clean(query.get("tags", ""))', ["query['b']"]),
        ('tags = clean(query.get("tags", "").split(","))', ["query['b']"]),
        ('validate(query["b"])', []),
        ('validate(str(query["b"]).strip())', []),
        ("validate(query)", []),
        ("validate(dict(query))", []),
    ],
)
def test_a_part_that_is_checked_says_nothing_of_others(check, found, read):
    source = read(CHECKED.replace("{check}", check))
    assert [expression for expression, *_ in values(source)] == found

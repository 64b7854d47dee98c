from __future__ import annotations

import pytest


def shown(source):
    return [(one.kind, one.style, one.class_name, one.name, one.parameters) for one in source.handlers]


def test_an_entrypoint_class(read):
    source = read("""
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request): ...
    async def scheduled(self, controller, env, ctx): ...
    async def queue(self, batch): ...
    async def email(self, message): ...
""")
    assert shown(source) == [
        ("fetch", "class", "Default", "fetch", ("request",)),
        ("scheduled", "class", "Default", "scheduled", ("controller", "env", "ctx")),
        ("queue", "class", "Default", "queue", ("batch",)),
        ("email", "class", "Default", "email", ("message",)),
    ]
    assert (source.handlers[0].location.line, source.handlers[0].location.column) == (5, 5)
    assert source.handler("queue").name == "queue"
    assert source.handler("alarm") is None


def test_global_handlers(read):
    source = read("""
from workers import handler

@handler
async def on_fetch(request, env, ctx): ...

async def on_scheduled(controller, env, ctx): ...

def on_something(x): ...
""")
    assert shown(source) == [
        ("fetch", "decorator", None, "on_fetch", ("request", "env", "ctx")),
        ("scheduled", "module", None, "on_scheduled", ("controller", "env", "ctx")),
    ]
    assert source.handlers[0].location.line == 5


@pytest.mark.parametrize("signature", ["request, env", "request, bindings", "req, env, ctx"])
def test_the_second_parameter_of_a_global_handler_is_env(read, signature):
    name = signature.split(", ")[1]
    source = read(f"""
async def on_fetch({signature}):
    await {name}.DB.prepare("SELECT 1").all()
""")
    assert source.sites[0].handlers == {"fetch"}


def test_base_classes_of_the_project_and_durable_objects(read):
    source = read(
        """
from base import Entry
from workers import DurableObject

class Default(Entry):
    async def scheduled(self, controller):
        await self.save()

class Counter(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.db = env.DB

    async def alarm(self):
        await self.db.prepare("DELETE FROM counts").run()

    async def add(self, n):
        await self.db.prepare("INSERT INTO counts VALUES (?)").bind(n).run()
""",
        base="""
from workers import WorkerEntrypoint

class Entry(WorkerEntrypoint):
    async def save(self):
        await self.env.DB.prepare("UPDATE t SET a = 1").run()
""",
    )
    assert [(one.kind, one.class_name) for one in source.handlers] == [
        ("scheduled", "Default"),
        ("alarm", "Counter"),
        ("rpc", "Counter"),
    ]
    assert {site.verb: set(site.handlers) for site in source.sites} == {
        "UPDATE": {"scheduled"},
        "DELETE": {"alarm"},
        "INSERT": {"rpc"},
    }


def test_two_handlers_meet_in_one_site_with_the_worse_claim(read):
    source = read("""
from js import fetch
from workers import WorkerEntrypoint

async def store(env, ids):
    await env.DB.prepare(f"DELETE FROM t WHERE a IN ({','.join('?' * len(ids))})").bind(*ids).run()

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await store(self.env, (await request.json())[:10])

    async def scheduled(self, controller):
        await store(self.env, (await (await fetch("https://api.example.com/?limit=300")).json()))
""")
    (site,) = source.sites
    assert site.handlers == {"fetch", "scheduled"}
    assert site.rows.asked == 300
    assert site.parameters.total(300) == 300


def test_the_caller_decides(read):
    source = read("""
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def queue(self, batch):
        if batch.queue == "prices":
            for message in batch.messages:
                rows = message.body["rows"]
                marks = ",".join("(?)" for row in rows)
                await self.env.DB.prepare(f"INSERT INTO t VALUES {marks}").bind(*rows).run()
""")
    (site,) = source.sites
    assert type(site.rows).__name__ == "FromCaller"
    assert str(site.rows) == "len(rows)"
    assert [str(loop.count) for loop in site.loops] == ["at most 10 of batch.messages"]
    assert source.queue_names == ("prices",)

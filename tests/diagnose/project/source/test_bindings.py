from __future__ import annotations

import pytest

CLASS = """
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        {body}
        return Response("ok")
"""


def uses(source):
    return [(use.binding, use.method, use.guarded) for use in source.binding_uses]


@pytest.mark.parametrize(
    "body",
    [
        'await self.env.DB.prepare("SELECT 1").all()',
        'await self.env["DB"].prepare("SELECT 1").all()',
        'await getattr(self.env, "DB").prepare("SELECT 1").all()',
        'NAME = "DB"; await getattr(self.env, NAME).prepare("SELECT 1").all()',
        'db = self.env.DB; await db.prepare("SELECT 1").all()',
        'env = self.env; db = env.DB; statement = db.prepare("SELECT 1"); await statement.all()',
        'await self.env.DB.withSession().prepare("SELECT 1").all()',
        'settings = {"db": self.env.DB}; await settings["db"].prepare("SELECT 1").all()',
    ],
)
def test_ways_to_reach_a_binding(read, body):
    source = read(CLASS.format(body=body))
    assert [site.binding for site in source.sites] == ["DB"]
    assert ("DB", "prepare", False) in uses(source)
    assert source.sites[0].reachable


@pytest.mark.parametrize(
    "body",
    [
        'db = getattr(self.env, "CACHE", None)',
        'if hasattr(self.env, "CACHE"): await self.env.CACHE.get("x")',
        'if "CACHE" in self.env: await self.env.CACHE.get("x")',
        'if self.env.CACHE: await self.env.CACHE.get("x")',
        'value = await self.env.CACHE.get("x") if hasattr(self.env, "CACHE") else None',
        'hasattr(self.env, "CACHE") and await self.env.CACHE.get("x")',
        "assert self.env.CACHE",
    ],
)
def test_guarded_uses(read, body):
    found = read(CLASS.format(body=body)).binding_uses
    assert {use.binding for use in found} == {"CACHE"}
    assert all(use.guarded for use in found if use.method)


def test_a_guard_that_returns_early(read):
    source = read("""
from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if not hasattr(self.env, "JOBS"):
            return Response("no queue", status=503)
        await self.env.JOBS.send("x")
        await self.env.DB.prepare("SELECT 1").all()
""")
    assert [(use.binding, use.guarded) for use in source.binding_uses if use.method] == [
        ("JOBS", True),
        ("DB", False),
    ]


def test_an_attribute_error_is_a_guard(read):
    source = read("""
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        try:
            queue = self.env.JOBS
        except AttributeError:
            queue = None
""")
    (use,) = source.binding_uses
    assert (use.binding, use.method, use.guarded, use.location.line, use.location.column) == (
        "JOBS",
        None,
        True,
        7,
        21,
    )


def test_a_global_env(read):
    source = read("""
from workers import WorkerEntrypoint, env as bindings

async def save(text):
    await bindings.JOBS.send(text)

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await save("x")
""")
    assert uses(source) == [("JOBS", "send", False)]
    assert source.sends[0].handlers == {"scheduled"}


def test_a_wrapper_class_in_a_package(read):
    source = read(
        """
from storage import Prices
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        prices = Prices(self.env.DB)
        return await prices.count()
""",
        **{
            "storage/__init__": "from .prices import Prices\n",
            "storage/prices": """
from .base import Store

class Prices(Store):
    SQL = "SELECT COUNT(*) FROM prices"

    def __init__(self, db):
        super().__init__(db)
        self.table = "prices"

    @property
    def statement(self):
        return self.db.prepare(self.SQL)

    async def count(self):
        return await self.statement.first()
""",
            "storage/base": "class Store:\n    def __init__(self, db):\n        self.db = db\n",
        },
    )
    (site,) = source.sites
    assert (site.binding, site.method, site.function) == ("DB", "first", "Prices.count")
    assert (site.location.path, site.location.line) == ("storage/prices.py", 16)
    assert (site.sql_location.line, site.sql_location.column) == (5, 11)
    assert [module.path for module in source.modules] == [
        "worker.py",
        "storage/__init__.py",
        "storage/prices.py",
        "storage/base.py",
    ]


def test_a_dataclass_of_bindings(read):
    source = read("""
from dataclasses import dataclass
from workers import WorkerEntrypoint

@dataclass
class Services:
    db: object
    queue: object = None

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        services = Services(self.env.DB, queue=self.env.JOBS)
        await services.db.prepare("DELETE FROM t").run()
        await services.queue.send("done")
""")
    assert [site.binding for site in source.sites] == ["DB"]
    assert [site.binding for site in source.sends] == ["JOBS"]


def test_the_environment_of_a_web_framework(read):
    source = read("""
import asgi
from fastapi import Depends, FastAPI, Request
from workers import WorkerEntrypoint

app = FastAPI()

def database(request: Request):
    return request.scope["env"].DB

@app.post("/import")
async def import_rows(request: Request):
    env = request.scope["env"]
    rows = await request.json()
    marks = ",".join(["(?)"] * len(rows))
    await env.DB.prepare(f"INSERT INTO t (a) VALUES {marks}").bind(*rows).run()
    return {"inserted": len(rows)}

@app.get("/rows")
async def rows(limit: int = 5, db=Depends(database)):
    return await db.prepare("SELECT a FROM t").all()

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await asgi.fetch(app, request, self.env)
""")
    insert, select = source.sites
    assert (insert.verb, insert.handlers, str(insert.rows)) == ("INSERT", {"fetch"}, "len(rows)")
    assert (select.binding, select.verb) == ("DB", "SELECT")
    assert [(hint.method, hint.path) for hint in source.triggers] == [("POST", "/import"), ("GET", "/rows")]
    assert [(count.name, count.from_changes) for count in source.reported_counts] == [("inserted", False)]


def test_unreached_uses_are_marked(read):
    source = read("""
from workers import Response, WorkerEntrypoint

async def old(env):
    await env.OLD.prepare("SELECT 1").all()

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await self.env.DB.prepare("SELECT 1").all()
""")
    assert {use.binding: use.reachable for use in source.binding_uses} == {"OLD": False, "DB": True}

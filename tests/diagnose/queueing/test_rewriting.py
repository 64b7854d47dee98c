from __future__ import annotations

import pytest

from diagnose.queueing.naming import names_for
from diagnose.queueing.python_module import python_module
from diagnose.queueing.rewriting import Pipeline, rewritten_sources
from diagnose.rewriting import Refused, invented_counts, reread

NAMES = names_for("readings", "weather")
SQL = (
    "INSERT OR IGNORE INTO readings (sensor, taken, value) "
    "SELECT value->>0, value->>1, value->>2 FROM json_each(?1)"
)
CHANGED = '''\
from readings_queue import queue_readings, write_readings
from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        readings = (await (await fetch("https://weather.example.com/?limit=500")).json())["readings"]
        return Response.json({"queued": await store(self.env, readings)})

    async def queue(self, batch):
        """Write the rows that were queued for readings."""
        await write_readings(batch, self.env)


async def store(env, readings):
    params = [(r["sensor"], r["taken"], r["value"]) for r in readings]
    queued = await queue_readings(env, params)
    print(f"queued {len(readings)} readings")
    return queued
'''
SETTINGS = '# of the tool\n[trigger]\nkind = "fetch"\nreported = "inserted"  # in the answer\n'
REPORTED = {
    "diagnose.toml": SETTINGS,
    "pyproject.toml": '[tool.diagnose.trigger]\nkind = "fetch"\nreported = "inserted"\n',
}


def pipeline(*, consumes=True):
    database = "DB" if consumes else None
    module = python_module(NAMES, "readings", raw=True, database=database, sql=SQL)
    return Pipeline(
        names=NAMES, table="readings", path="src/readings_queue.py", module=module, consumes=consumes
    )


def rewritten(opened, **choices):
    return rewritten_sources(opened.source, opened.source.sites[0], pipeline(**choices), opened.settings)


def test_the_worker_sends_consumes_and_says_what_it_did(project):
    opened = project()
    texts = rewritten(opened)
    assert dict(texts) == {"src/worker.py": CHANGED, "src/readings_queue.py": pipeline().module}


def test_nothing_is_reported_as_stored_any_more(project):
    opened = project(**{"src/readings_queue.py": pipeline().module, "src/worker.py": CHANGED})
    assert list(invented_counts(opened.source)) == []
    assert [site.table for site in opened.source.sites] == ["readings"]
    assert opened.source.sites[0].handlers == {"queue"}
    assert [send.handlers for send in opened.source.sends] == [{"fetch"}]


def test_a_producer_alone_gets_no_handler(project):
    texts = rewritten(project(), consumes=False)
    assert "queue(self" not in texts["src/worker.py"]
    assert "from readings_queue import queue_readings\n" in texts["src/worker.py"]


@pytest.mark.parametrize("name", REPORTED)
def test_the_settings_follow_the_name_of_the_number(project, name):
    texts = rewritten(project(**{name: REPORTED[name]}))
    assert texts[name] == REPORTED[name].replace('"inserted"', '"queued"')


def test_settings_that_read_something_else_stay(project):
    texts = rewritten(project(**{"diagnose.toml": '[trigger]\nkind = "fetch"\nreported = "count"\n'}))
    assert "diagnose.toml" not in texts


def test_settings_above_the_project_keep_the_name_they_read(project):
    from diagnose.project import open_project

    root = project(**{"diagnose.toml": ""}).root
    inner = root / "inner"
    (root / "src").rename(inner / "src") if inner.mkdir() is None else None
    (root / "wrangler.toml").rename(inner / "wrangler.toml")
    (root / "diagnose.toml").write_text(SETTINGS)
    texts = rewritten(open_project(inner))
    assert '{"inserted": await store(' in texts["src/worker.py"]
    assert set(texts) == {"src/worker.py", "src/readings_queue.py"}


def test_the_handler_stands_beside_an_old_one(project):
    worker = """\
from workers import Response, fetch


async def on_fetch(request, env):
    readings = (await (await fetch("https://weather.example.com/?limit=500")).json())["readings"]
    sql = "INSERT INTO readings (sensor, taken, value) VALUES " + ", ".join(["(?, ?, ?)"] * len(readings))
    params = [value for r in readings for value in (r["sensor"], r["taken"], r["value"])]
    await env.DB.prepare(sql).bind(*params).run()
    return Response("ok")
"""
    texts = rewritten(project(worker=worker))
    assert texts["src/worker.py"].endswith('''\
    params = [(r["sensor"], r["taken"], r["value"]) for r in readings]
    await queue_readings(env, params)
    return Response("ok")


async def on_queue(batch, env, ctx):
    """Write the rows that were queued for readings."""
    await write_readings(batch, env)
''')


def test_without_a_handler_there_is_nothing_to_stand_beside(project):
    worker = """\
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def store(self, rows):
        sql = "INSERT INTO readings (sensor, taken, value) VALUES " + ", ".join(["(?, ?, ?)"] * len(rows))
        await self.env.DB.prepare(sql).bind(*[v for r in rows for v in (r["a"], r["b"], r["c"])]).run()
"""
    outcome = rewritten(project(worker=worker))
    assert isinstance(outcome, Refused)
    assert outcome.why == "the worker has no handler beside which a `queue` handler could stand"


def test_a_write_in_another_module_imports_from_the_entrys_folder(project):
    entry = """\
from storage.readings import store
from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        readings = (await (await fetch("https://weather.example.com/?limit=500")).json())["readings"]
        return Response.json({"inserted": await store(self.env, readings)})
"""
    storage = CHANGED.partition("async def store")[2].replace(
        "    queued = await queue_readings(env, params)\n",
        '    sql = "INSERT OR IGNORE INTO readings (sensor, taken, value) VALUES "\n'
        '    sql += ", ".join(["(?, ?, ?)"] * len(readings))\n'
        "    values = [value for row in params for value in row]\n"
        "    await env.DB.prepare(sql).bind(*values).run()\n",
    )
    storage = "async def store" + storage.replace("return queued", "return len(readings)")
    opened = project(worker=entry, **{"src/storage/readings.py": storage})
    texts = rewritten(opened)
    assert set(texts) == {"src/worker.py", "src/storage/readings.py", "src/readings_queue.py"}
    assert texts["src/storage/readings.py"].startswith("from readings_queue import queue_readings\n")
    assert '"queued": await store(' in texts["src/worker.py"]
    assert "write_readings(batch, self.env)" in texts["src/worker.py"]
    assert reread(opened.source, "src/worker.py", texts["src/worker.py"]).handler("queue") is not None

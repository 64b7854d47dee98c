from __future__ import annotations

import pytest

from diagnose.d1 import Database, Statement
from diagnose.queueing import plan_queue
from diagnose.rewriting import Refused
from diagnose.steps import CreateQueue, DeployWorker, EditFile

pytestmark = pytest.mark.anyio
BY_HAND = "use --option option=direct: one statement takes any number of rows without a queue"
KEYED = "CREATE TABLE readings (sensor TEXT, taken INTEGER, value REAL, PRIMARY KEY (sensor, taken))"
WATCH = '[watch]\ntable = "readings"\nkey = ["sensor", "taken"]\n'
QUEUES = [CreateQueue(name="weather-readings-dead-letters"), CreateQueue(name="weather-readings")]


def schema(*definitions):
    with Database.memory() as database:
        for sql in definitions:
            database.run(Statement(sql))
        return database.schema()


async def planned(opened, **choices):
    return await plan_queue(opened, opened.source.sites[0], **choices)


def edited(plan):
    return [step.path for step in plan.steps if isinstance(step, EditFile)]


def after(plan, path):
    (text,) = (step.after for step in plan.steps if isinstance(step, EditFile) and step.path == path)
    return text.decode()


async def test_files_first_then_queues(project):
    plan = await planned(project())
    assert edited(plan) == ["wrangler.toml", "src/worker.py", "src/readings_queue.py"]
    assert list(plan.steps[3:]) == QUEUES
    assert plan.provable
    assert plan.why == (
        "the rows go through the queue weather-readings, "
        "and the worker's own `queue` handler writes them into readings"
    )


async def test_a_consumer_of_its_own_is_deployed_between_the_queues_and_the_producer(project):
    plan = await planned(project(), consumer="typescript")
    assert edited(plan) == [
        "wrangler.toml",
        "src/worker.py",
        "src/readings_queue.py",
        "readings-consumer/wrangler.toml",
        "readings-consumer/src/index.ts",
    ]
    *queues, deploy = plan.steps[5:]
    assert queues == QUEUES
    assert isinstance(deploy, DeployWorker)
    assert deploy.script_name == "weather-readings-consumer"
    assert not plan.provable
    assert "consumers" not in after(plan, "wrangler.toml")
    assert plan.why == (
        "the rows go through the queue weather-readings, "
        "and the worker weather-readings-consumer writes them into readings "
        "(deploy it before the producer: wrangler deploy -c readings-consumer/wrangler.toml)"
    )


@pytest.mark.parametrize(
    ("date", "raw"),
    [("2025-11-10", True), ("2026-04-20", True), ("2026-04-21", False), ("2026-11-01", False)],
)
async def test_the_date_decides_how_a_batch_of_messages_crosses(project, date, raw):
    opened = project()
    config = (opened.root / "wrangler.toml").read_text().replace("2025-11-10", date)
    module = after(await planned(project(config)), "src/readings_queue.py")
    assert ("sendBatch(to_js(messages, dict_converter=Object.fromEntries))" in module) is raw
    assert ("sendBatch(messages)" in module) is not raw


PLAIN = """\
from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        rows = (await (await fetch("https://weather.example.com/?limit=500")).json())["readings"]
        sql = "INSERT INTO readings (sensor, taken, value) VALUES " + ", ".join(["(?, ?, ?)"] * len(rows))
        await self.env.DB.prepare(sql).bind(*[v for r in rows for v in (r["s"], r["t"], r["v"])]).run()
        return Response("ok")
"""


@pytest.mark.parametrize(
    ("settings", "tables", "safe"),
    [
        ("", (KEYED,), True),
        (WATCH, (), True),
        ("", (), False),
        ("", ("CREATE TABLE readings (sensor TEXT, taken INTEGER, value REAL)",), False),
    ],
)
async def test_a_second_delivery_is_harmless_or_said_to_be_none(project, settings, tables, safe):
    opened = project(worker=PLAIN, **{"diagnose.toml": settings})
    plan = await planned(opened, schema=schema(*tables))
    assert ('"INSERT OR IGNORE INTO readings' in after(plan, "src/readings_queue.py")) is safe
    assert ("storing a message's rows twice" in plan.why) is not safe


async def test_names_that_the_project_uses_are_left_alone(project):
    neighbour = 'name = "w"\n[[queues.consumers]]\nqueue = "weather-readings"\n'
    opened = project(**{"src/readings_queue.py": "", "other/wrangler.toml": neighbour})
    plan = await planned(opened)
    assert edited(plan)[-1] == "src/readings_queue_2.py"
    assert plan.steps[-1] == CreateQueue(name="weather-readings-2")


async def test_an_environment_gets_its_own_queue(project):
    opened = project()
    config = (opened.root / "wrangler.toml").read_text() + (
        '\n[env.live]\n[[env.live.d1_databases]]\nbinding = "DB"\ndatabase_id = "x"\n'
    )
    plan = await planned(project(config, environment="live"))
    text = after(plan, "wrangler.toml")
    assert text.startswith(config)
    assert "[[env.live.queues.producers]]" in text
    assert "[[env.live.queues.consumers]]" in text
    assert plan.steps[-1] == CreateQueue(name="weather-live-readings")


async def test_what_makes_the_table_comes_before_the_queues(project):
    made = EditFile.text("migrations/0001_readings.sql", None, KEYED)
    plan = await planned(project(), consumer="typescript", table=(made,))
    assert plan.steps.index(made) == 5
    assert [step.kind for step in plan.steps[6:]] == ["create-queue", "create-queue", "deploy-worker"]


async def test_an_unknown_consumer_is_refused(project):
    assert await planned(project(), consumer="rust") == Refused(
        "--option consumer=rust is not known", "choose python or typescript"
    )


async def test_a_worker_that_cannot_be_read_is_refused(project):
    site = project().source.sites[0]
    assert await plan_queue(project('name = "weather"\n'), site) == Refused(
        "the worker cannot be read", "make the config and `main` readable first"
    )


async def test_a_database_that_is_not_declared_comes_first(project):
    opened = project()
    config = (opened.root / "wrangler.toml").read_text().replace('binding = "DB"', 'binding = "DATA"')
    assert await planned(project(config)) == Refused(
        "the config declares no database `DB`", "declare it first (CFG003)"
    )


async def test_a_config_that_cannot_be_edited_is_refused(project):
    opened = project()
    config = 'queues = "none"\n' + (opened.root / "wrangler.toml").read_text()
    refused = await planned(project(config))
    assert isinstance(refused, Refused)
    assert refused.remedy == BY_HAND


TWICE = """\
from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        rows = (await (await fetch("https://weather.example.com/?limit=500")).json())["readings"]
        await hourly(self.env, rows)
        await daily(self.env, rows)
        return Response("ok")


async def hourly(env, rows):
    sql = "INSERT OR IGNORE INTO readings (sensor, taken) VALUES " + ", ".join(["(?, ?)"] * len(rows))
    await env.DB.prepare(sql).bind(*[value for row in rows for value in (row["s"], row["t"])]).run()


async def daily(env, rows):
    sql = "INSERT OR IGNORE INTO readings (sensor, taken) VALUES " + ", ".join(["(?, ?)"] * len(rows))
    await env.DB.prepare(sql).bind(*[value for row in rows for value in (row["s"], row["d"])]).run()
"""


async def written(project, opened, **choices):
    """The project after the plan for its first direct write, and the plan."""
    site = next(site for site in opened.source.sites if site.handlers == {"fetch"})
    plan = await plan_queue(opened, site, **choices)
    files = {step.path: step.after.decode() for step in plan.steps if isinstance(step, EditFile)}
    files = {path: text for path, text in files.items() if path not in {"wrangler.toml", "src/worker.py"}} | {
        "config": files.get("wrangler.toml", opened.config.document.text),
        "worker": files["src/worker.py"],
    }
    return project(**files), plan


async def test_a_second_write_of_the_same_statement_joins_the_queue(project):
    opened, first = await written(project, project(worker=TWICE))
    after_both, second = await written(project, opened)
    assert [step.kind for step in first.steps] == ["edit-file"] * 3 + ["create-queue"] * 2
    assert [step.title for step in second.steps] == ["edit src/worker.py"]
    assert second.why == (
        "the rows go through the queue weather-readings, as those of another write of readings do"
    )
    assert [site.handlers for site in after_both.source.sites] == [{"queue"}]
    assert after_both.source.text("src/worker.py").count("await queue_readings(env, ") == 2


async def test_another_statement_of_the_same_table_has_a_queue_of_its_own(project):
    differing = TWICE.replace("INSERT OR IGNORE", "INSERT OR REPLACE", 1)
    opened, _ = await written(project, project(worker=differing))
    after_both, second = await written(project, opened)
    assert second.steps[-1] == CreateQueue(name="weather-readings-2")
    text = after_both.source.text("src/worker.py")
    assert "await queue_readings(env, " in text
    assert "await queue_readings_2(env, " in text
    assert (
        'if batch.queue == "weather-readings-2":\n            await write_readings_2(batch, self.env)' in text
    )

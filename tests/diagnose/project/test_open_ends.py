from __future__ import annotations

from diagnose.project import open_project
from diagnose.project.open_ends import is_open_ended

CONFIG = """
name = "collector"
main = "worker.py"
compatibility_date = "2026-06-01"
d1_databases = [{ binding = "DB", database_name = "history" }]
queues = { producers = [{ binding = "CANDLES", queue = "candles" }] }
"""
WORKER = """
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await self.env.CANDLES.send(await request.text(), contentType="text")
        return Response("queued")
"""
CONSUMER = 'name = "writer"\nqueues = { consumers = [{ queue = "candles" }] }\n'


def ends(write_project, queue="candles", **files):
    files = {name.replace("__", "/").replace("_toml", ".toml"): text for name, text in files.items()}
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": WORKER, **files})
    return is_open_ended(open_project(folder), queue)


def test_nothing_takes_what_came_from_outside(write_project):
    assert ends(write_project)


def test_another_queue_is_not_meant(write_project):
    assert not ends(write_project, queue="trades")


def test_a_consumer_of_another_worker_is_the_end(write_project):
    assert not ends(write_project, writer__wrangler_toml=CONSUMER)


def test_without_a_database_rows_end_elsewhere(write_project):
    config = CONFIG.replace('d1_databases = [{ binding = "DB", database_name = "history" }]\n', "")
    assert config != CONFIG
    assert not ends(write_project, wrangler_toml=config)
    assert ends(write_project, wrangler_toml=config, diagnose_toml='[watch]\ntable = "candles"\n')


def test_a_worker_that_cannot_be_read_may_write(write_project):
    neighbour = CONFIG.replace('"worker.py"', '"index.ts"')
    assert not ends(write_project, web__wrangler_toml=neighbour)
    assert ends(write_project, web__wrangler_toml='name = "site"\nassets = { directory = "public" }\n')

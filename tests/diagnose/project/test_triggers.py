from __future__ import annotations

import pytest

from diagnose.project import open_project
from diagnose.project.triggers import pulls_on_request, reach_of, starting_request

HEAD = 'name = "rates"\nmain = "worker.py"\ncompatibility_date = "2025-11-10"\n'
DATABASE = '[[d1_databases]]\nbinding = "DB"\n'
WORKER = """from urllib.parse import urlparse

from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def {handler}:
        {body}
        return Response("ok")

    async def store(self, rows):
        for row in rows:
            await self.env.DB.prepare("INSERT INTO rates (day) VALUES (?)").bind(row["day"]).run()
"""
PULL = 'await self.store((await (await fetch("https://rates.example.com")).json())["rates"])'
PUSH = "await self.store(await request.json())"


@pytest.fixture
def project(write_project):
    def make(handler="fetch(self, request)", body=PULL, config=""):
        worker = WORKER.format(handler=handler, body=body)
        return open_project(write_project({"wrangler.toml": HEAD + config + DATABASE, "worker.py": worker}))

    return make


@pytest.mark.parametrize(
    ("handler", "config", "ways"),
    [
        ("fetch(self, request)", "", {"fetch": "workers.dev"}),
        ("fetch(self, request)", "workers_dev = false\n", {}),
        (
            "fetch(self, request)",
            'workers_dev = false\nroutes = ["example.com/*"]\n',
            {"fetch": "route example.com/*"},
        ),
        ("scheduled(self, controller)", "", {}),
        ("scheduled(self, controller)", "triggers = { crons = [] }\n", {}),
        (
            "scheduled(self, controller)",
            'triggers = { crons = ["5 4 * * *"] }\n',
            {"scheduled": "cron 5 4 * * *"},
        ),
        ("queue(self, batch)", "", {}),
        ("queue(self, batch)", '[[queues.consumers]]\nqueue = "rates"\n', {"queue": "queue rates"}),
    ],
)
def test_what_reaches_the_import(project, handler, config, ways):
    opened = project(handler, config=config)
    reach = reach_of(opened, opened.config, opened.source)
    assert reach.importing == {handler.partition("(")[0]}
    assert {kind: reach.ways[kind] for kind in reach.starting} == ways


OWN_QUEUE = '[[queues.producers]]\nbinding = "Q"\nqueue = "rates"\n[[queues.consumers]]\nqueue = "rates"\n'
SEND = """for rate in (await (await fetch("https://rates.example.com")).json())["rates"]:
            await self.env.Q.send(rate["day"])"""
CONSUMER = """

    async def queue(self, batch):
        await self.store([message.body for message in batch.messages])
"""


def test_a_queue_that_the_worker_feeds_itself_starts_nothing(project):
    opened = project(body=SEND, config=OWN_QUEUE)
    worker = opened.root / "worker.py"
    worker.write_text(worker.read_text().rstrip() + CONSUMER)
    opened = open_project(opened.root)
    reach = reach_of(opened, opened.config, opened.source)
    assert (reach.importing, reach.starting) == ({"fetch", "queue"}, {"fetch"})
    assert pulls_on_request(opened.source)
    text = worker.read_text()
    loop = text[text.index("for rate in (await") : text.index('        return Response("ok")')]
    whole = """rates = (await (await fetch("https://rates.example.com")).json())["rates"]
        await self.env.Q.send({"rates": rates})
"""
    worker.write_text(text.replace(loop, whole))
    assert pulls_on_request(open_project(opened.root).source)
    (opened.root / "front").mkdir()
    (opened.root / "front" / "wrangler.toml").write_text('name = "front"\n' + OWN_QUEUE)
    assert reach_of(opened, opened.config, opened.source).starting == {"fetch", "queue"}


def test_crons_of_the_account_count_where_the_config_says_nothing(project):
    opened = project("scheduled(self, controller)")
    assert reach_of(opened, opened.config, opened.source, ["5 4 * * *"]).starting == {"scheduled"}
    opened = project("scheduled(self, controller)", config="triggers = { crons = [] }\n")
    assert reach_of(opened, opened.config, opened.source, ["5 4 * * *"]).starting == set()


def test_a_request_that_makes_the_worker_fetch_is_no_request_that_brings_the_rows(project):
    assert pulls_on_request(project().source)
    assert not pulls_on_request(project(body=PUSH).source)
    assert not pulls_on_request(project("scheduled(self, controller)").source)


@pytest.mark.parametrize(
    ("condition", "request_"),
    [
        ('request.method == "POST" and urlparse(request.url).path == "/rates"', ("POST", "/rates")),
        ('urlparse(request.url).path == "/run-import"', (None, "/run-import")),
        ('urlparse(request.url).path == "/important"', None),
    ],
)
def test_a_request_that_starts_something(project, condition, request_):
    opened = project(body=f"if {condition}:\n            {PULL}")
    hint = starting_request(opened.source)
    assert (hint and (hint.method, hint.path)) == request_


UNFOLD = """rates = (await (await fetch("https://rates.example.com")).json())["rates"]
        texts = [json.dumps([rate["day"]]) for rate in rates]
        sql = "INSERT INTO rates (day) SELECT value->>0 FROM {rows}"
        for part in parts(texts):
            await self.env.DB.prepare(sql).bind(part).run()"""
PARTS = """import json


def parts(texts):
    start = 0
    while start < len(texts):
        end = start + 1
        while end < len(texts) and len(texts[end]) < 50:
            end += 1
        yield "[" + ",".join(texts[start:end]) + "]"
        start = end


"""


@pytest.mark.parametrize(("rows", "pulls"), [("json_each(?1)", True), ("(SELECT ?1 AS value)", False)])
def test_rows_in_one_json_text_are_pulled_too(project, rows, pulls):
    opened = project(body=UNFOLD.replace("{rows}", rows))
    worker = opened.root / "worker.py"
    worker.write_text(PARTS + worker.read_text().split("    async def store")[0].rstrip() + "\n")
    source = open_project(opened.root).source
    assert source is not None
    assert pulls_on_request(source) is pulls

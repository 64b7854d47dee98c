from __future__ import annotations

from pathlib import Path

import pytest

from checks.queue.consumer_missing import ConsumerMissing
from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy
from diagnose.model import Confidence, Location, Severity, Status

pytestmark = pytest.mark.anyio
FIXTURES = Path(__file__).parents[2] / "fixtures"
GOOD = sorted([*(FIXTURES / "correct").iterdir(), *(FIXTURES / "bare").iterdir()])
HEAD = 'name = "collector"\nmain = "worker.py"\ncompatibility_date = "2026-06-01"\n'
PRODUCER = '\n[[queues.producers]]\nbinding = "CANDLES"\nqueue = "candles"\n'
CONSUMER = '\n[[queues.consumers]]\nqueue = "candles"\n'
WRITER = 'name = "writer"\n' + CONSUMER
SENDING = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await self.env.CANDLES.send("BTC", contentType="text")
"""
HANDLING = (
    SENDING
    + """
    async def queue(self, batch):
        for message in batch.messages:
            print(message.body)
"""
)
MODULE = Module(content=HANDLING.encode(), content_type="text/x-python")
UPLOAD = Upload(main_module="worker.py", modules={"worker.py": MODULE})


@pytest.fixture
def found(check, write_project):
    async def find(config, *, worker=SENDING, files=None, account=None, offline=False, **choices):
        folder = write_project({"wrangler.toml": HEAD + config, "worker.py": worker, **(files or {})})
        if account is not None:
            with EmbeddedAccount.open(folder / ".diagnose" / "account") as saved:
                account(saved)
        found = await check("QUE003", folder, offline=offline, **choices)
        return [finding for finding in found if finding.code == "QUE003"]

    return find


def with_queue(*, consumer=None, pulled=False):
    """An account with the queue, and who consumes it."""

    def make(account):
        queue = account.create_queue("candles")
        if consumer is not None:
            account.put_script(upload_and_deploy(account.state, consumer, UPLOAD))
        if consumer is not None or pulled:
            account.attach_consumer(queue.id, consumer)

    return make


async def test_nothing_is_attached_and_nothing_declared(found):
    (finding,) = await found(PRODUCER, account=with_queue())
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.ERROR)
    assert finding.confidence is Confidence.HIGH
    assert finding.message == ("queue candles has no consumer: what the worker sends waits until it expires")
    assert finding.resource == "queue/candles"
    assert finding.location == Location("wrangler.toml", 5, 10)
    assert finding.explains == ("E2E002", "E2E003")
    assert finding.evidence == {
        "queue": "candles",
        "problem": "none",
        "declared": [],
        "attached": [],
        "handler": False,
    }


@pytest.mark.parametrize("files", [{}, {"writer/wrangler.toml": WRITER}], ids=["own", "other"])
async def test_a_declared_consumer_that_was_never_attached(found, files):
    config = PRODUCER if files else PRODUCER + CONSUMER
    (finding,) = await found(config, files=files, account=with_queue())
    assert finding.status is Status.FAIL
    assert finding.message == (
        "queue candles has no consumer in the account: the one of the config was never attached"
    )
    assert finding.evidence["declared"] == ["writer" if files else "collector"]


async def test_another_worker_is_attached_than_the_config_says(found):
    (finding,) = await found(PRODUCER + CONSUMER, account=with_queue(consumer="older"))
    assert finding.status is Status.FAIL
    assert finding.message == (
        "queue candles is consumed by older and not by collector, as the config says; "
        "a queue has one consumer"
    )
    assert (finding.evidence["problem"], finding.evidence["attached"]) == ("other", ["older"])


async def test_somebody_pulls_what_a_worker_shall_consume(found):
    (finding,) = await found(PRODUCER + CONSUMER, account=with_queue(pulled=True))
    assert finding.evidence["attached"] == ["whoever pulls over HTTP"]


@pytest.mark.parametrize(
    ("config", "account"),
    [
        (PRODUCER + CONSUMER, with_queue(consumer="collector")),
        (PRODUCER, with_queue(consumer="another-repository")),
        (PRODUCER, with_queue(pulled=True)),
        (PRODUCER + CONSUMER + 'type = "http_pull"\n', with_queue(pulled=True)),
        ("", with_queue()),
    ],
    ids=["attached", "elsewhere", "pulled", "pulled as declared", "unnamed"],
)
async def test_look_alikes_in_an_account_pass(found, config, account):
    (finding,) = await found(config, account=account)
    assert finding.status is Status.PASS


@pytest.mark.parametrize(("config", "status"), [(PRODUCER, Status.SKIP), (PRODUCER + CONSUMER, Status.PASS)])
async def test_a_queue_that_is_missing_is_judged_by_the_files(found, config, status):
    (finding,) = await found(config, account=lambda account: account.create_queue("other"))
    assert finding.status is status
    assert status is Status.PASS or finding.message == (
        "nothing in this project consumes candles; the account has no such queue yet (QUE002)"
    )


async def test_a_handler_that_nothing_calls(found):
    (finding,) = await found(PRODUCER, worker=HANDLING, offline=True)
    assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)
    assert finding.confidence is Confidence.MEDIUM
    assert finding.message == (
        "no config of the project consumes candles, to which the worker sends, while this worker has a queue "
        "handler"
    )
    assert (finding.evidence["handler"], finding.evidence["attached"]) == (True, None)


async def test_a_handler_of_another_queue_says_nothing(found):
    other = CONSUMER.replace('"candles"', '"orders"')
    (finding,) = await found(PRODUCER + other, worker=HANDLING, offline=True)
    assert finding.status is Status.SKIP
    assert finding.message.startswith("nothing in this project consumes candles; ")


async def test_a_consumer_under_a_similar_name(found):
    other = WRITER.replace('"candles"', '"candle"')
    (finding,) = await found(PRODUCER, files={"writer/wrangler.toml": other}, offline=True)
    assert finding.status is Status.WARN
    assert finding.message.endswith("while candle is consumed and never sent to")


async def test_files_alone_do_not_tell_of_another_repository(found):
    for choices in ({"offline": True}, {}):
        (finding,) = await found(PRODUCER, **choices)
        assert finding.status is Status.SKIP
        assert finding.message == (
            "nothing in this project consumes candles; whether another worker does takes an account to tell "
            "(--target cloudflare)"
        )


DATABASE = """
[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "0b6f6a5c-36ae-4a3a-9d0a-6f7f3c1f4a11"
"""
PASSING_ON = """import json

from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        candles = (await (await fetch("https://candles.example.com/latest")).json())["candles"]
        for candle in candles:
            await self.env.CANDLES.send(json.dumps({"time": candle["time"]}), contentType="text")
"""
STORING = """
        for candle in candles:
            await self.env.DB.prepare("INSERT INTO candles VALUES (?)").bind(candle["time"]).run()
"""
NEVER = """

async def never(env, candles):
    for candle in candles:
        await env.DB.prepare("INSERT INTO candles VALUES (?)").bind(candle["time"]).run()
"""
WATCHING = {"diagnose.toml": '[watch]\ntable = "candles"\n'}
RECEIVING = """from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await self.env.CANDLES.send(await request.text(), contentType="text")
        return Response("queued")
"""


@pytest.mark.parametrize(
    ("config", "worker", "files"),
    [
        (DATABASE + PRODUCER, PASSING_ON, {}),
        (PRODUCER, PASSING_ON, WATCHING),
        (DATABASE + PRODUCER, RECEIVING, {}),
        (DATABASE + PRODUCER, PASSING_ON + NEVER, {}),
        (DATABASE + PRODUCER, PASSING_ON + STORING.replace("INSERT INTO candles VALUES (?)", "SELECT ?"), {}),
        (DATABASE + PRODUCER, PASSING_ON, {"reader/wrangler.toml": HEAD, "reader/worker.py": RECEIVING}),
    ],
    ids=["database", "watched table", "received", "stored in dead code", "only read", "no writer beside"],
)
async def test_a_pipeline_without_its_end(found, config, worker, files):
    for choices in ({"offline": True}, {}):
        (finding,) = await found(config, worker=worker, files=files, **choices)
        assert (finding.status, finding.severity) == (Status.WARN, Severity.WARNING)
        assert finding.confidence is Confidence.MEDIUM
        assert finding.location is not None
        assert finding.location.line == (10 if config.startswith(DATABASE) else 5)
        assert finding.message == (
            "no config of the project consumes candles, to which the worker sends, while no worker of the "
            "project writes to a database"
        )


STORER = {
    "storer/wrangler.toml": 'name = "storer"\nmain = "worker.py"\n' + DATABASE,
    "storer/worker.py": PASSING_ON.replace("CANDLES.send", "OTHER.send") + STORING,
}


@pytest.mark.parametrize(
    ("config", "worker", "files"),
    [
        (DATABASE + PRODUCER, PASSING_ON + STORING, {}),
        (PRODUCER, PASSING_ON, {}),
        (DATABASE + PRODUCER, PASSING_ON.replace('candle["time"]', "1"), {}),
        (DATABASE + PRODUCER, PASSING_ON, STORER),
        (DATABASE + PRODUCER, PASSING_ON + "        await store(self.env.DB, candles)\n", {}),
        (DATABASE + PRODUCER, PASSING_ON + "        await store(self.env, candles)\n", {}),
        (DATABASE + PRODUCER, PASSING_ON + "        await self.env.DB.prepare(sql_of(candles)).run()\n", {}),
        (DATABASE + PRODUCER, PASSING_ON, {"web/wrangler.toml": 'name = "web"\nmain = "index.ts"\n'}),
    ],
    ids=[
        "it stores its own rows",
        "no database",
        "nothing from outside",
        "another worker stores",
        "the database is handed on",
        "all of env is handed on",
        "an unknown statement",
        "a worker without readable source",
    ],
)
async def test_a_queue_beside_the_import_is_somebody_elses(found, config, worker, files):
    (finding,) = await found(config, worker=worker, files=files, offline=True)
    assert finding.status is Status.SKIP
    assert finding.message.startswith("nothing in this project consumes candles; ")


@pytest.mark.parametrize(
    ("config", "choices"),
    [
        (PRODUCER + CONSUMER, {}),
        (PRODUCER, {"files": {"writer/wrangler.toml": WRITER}}),
        (PRODUCER + '\n[env.live]\n[[env.live.queues.consumers]]\nqueue = "candles"\n', {}),
        (PRODUCER, {"worker": SENDING.replace("CANDLES", "OTHER"), "files": {}}),
    ],
    ids=["own", "other worker", "environment", "unused"],
)
async def test_look_alikes_in_files_pass(found, config, choices):
    (finding,) = await found(config, offline=True, **choices)
    assert finding.status is Status.PASS


async def test_two_workers_consume_one_queue(found):
    (finding,) = await found(
        PRODUCER + CONSUMER, files={"writer/wrangler.toml": WRITER}, worker=HANDLING, offline=True
    )
    assert (finding.status, finding.confidence) == (Status.WARN, Confidence.MEDIUM)
    assert finding.message == (
        "queue candles is consumed twice, in wrangler.toml and writer/wrangler.toml; a queue has one consumer"
    )
    assert finding.evidence["declared"] == ["collector", "writer"]
    assert finding.evidence["problem"] == "twice"
    assert finding.fix is not None
    assert not finding.fix.available


async def test_two_environments_consume_one_queue(found):
    both = "".join(
        f'\n[env.{name}]\n[[env.{name}.queues.consumers]]\nqueue = "candles"\n'
        for name in ("live", "staging")
    )
    (finding,) = await found(both, offline=True)
    assert finding.message.startswith(
        "queue candles is consumed twice, in wrangler.toml (env live) and wrangler.toml (env staging)"
    )


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("wrangler deploy --env live", Status.PASS),
        ("wrangler deploy && wrangler deploy --env live", Status.WARN),
    ],
)
async def test_the_top_level_counts_where_it_is_deployed(found, script, status):
    config = CONSUMER + '\n[env.live]\n[[env.live.queues.consumers]]\nqueue = "candles"\n'
    package = f'{{"scripts": {{"deploy": "{script}"}}}}'
    (finding,) = await found(config, files={"package.json": package}, offline=True)
    assert finding.status is status


@pytest.mark.parametrize(
    "path", ["examples/writer/wrangler.toml", "wrangler.example.toml"], ids=["folder", "file"]
)
async def test_examples_consume_nothing(found, path):
    (finding,) = await found(PRODUCER + CONSUMER, files={path: WRITER}, offline=True)
    assert finding.status is Status.PASS


async def test_the_same_worker_in_two_configs_is_one_consumer(found):
    same = {"wrangler.local.toml": HEAD + CONSUMER}
    (finding,) = await found(PRODUCER + CONSUMER, files=same, offline=True)
    assert finding.status is Status.PASS


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
async def test_good_projects_have_no_problem(check, folder):
    findings = [f for f in await check("QUE003", folder, offline=True) if f.code == "QUE003"]
    assert {finding.status for finding in findings} <= {Status.PASS, Status.SKIP}


async def test_without_a_config_it_is_skipped(check, write_project):
    findings = await check("QUE003", write_project({"wrangler.toml": "name = "}), offline=True)
    assert [f.status for f in findings if f.code == "QUE003"] == [Status.SKIP]


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(ConsumerMissing)
    assert finding.status is Status.ERROR

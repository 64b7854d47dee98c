from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest

from checks.queue.message_shape import MessageShape
from diagnose.model import Confidence, Location, Severity, Status

CORRECT = sorted((Path(__file__).parents[2] / "fixtures" / "correct").iterdir())
CONFIG = """
name = "candles"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[queues.producers]]
binding = "CANDLES"
queue = "candles"

[[queues.consumers]]
queue = "candles"
dead_letter_queue = "candles-failed"
"""
WORKER = """import json
from dataclasses import asdict, dataclass

from js import Object
from pyodide.ffi import to_js
from workers import WorkerEntrypoint


@dataclass
class Candle:
    symbol: str
    volume: float


def message_of(symbol, rows):
    return {"symbol": symbol, "rows": [{"day": row["time"], "close": row["close"]} for row in rows]}


async def store(env, symbol, rows):
    statement = env.DB.prepare("INSERT OR IGNORE INTO candles (symbol, day, close) VALUES (?, ?, ?)")
    await env.DB.batch([statement.bind(symbol, row["day"], row["close"]) for row in rows])


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        rows = [{"time": 1, "close": 2.5}]
        symbol, volume = "BTC", 3.5
{produced}

    async def queue(self, batch):
        for message in batch.messages:
{consumed}
"""
SEND_OBJECT = (
    'message = {"symbol": symbol, "volume": volume}\n'
    "await self.env.CANDLES.send(to_js(message, dict_converter=Object.fromEntries))"
)
SEND_TEXT = (
    'await self.env.CANDLES.send(json.dumps({"symbol": symbol, "volume": volume}), contentType="text")'
)
pytestmark = pytest.mark.anyio


def worker(produced: str, consumed: str) -> str:
    text = WORKER.replace("{produced}", textwrap.indent(produced, " " * 8))
    return text.replace("{consumed}", textwrap.indent(consumed, " " * 12))


@pytest.fixture
def findings(check, write_project):
    async def find(produced, consumed, *, config=CONFIG, **files):
        folder = write_project({"wrangler.toml": config, "worker.py": worker(produced, consumed), **files})
        found = await check("QUE006", folder, offline=True)
        return [finding for finding in found if finding.code == "QUE006"]

    return find


@pytest.mark.parametrize("folder", CORRECT, ids=lambda folder: folder.name)
async def test_correct_projects_pass(folder, check, tmp_path):
    shutil.copytree(folder, tmp_path / "correct")
    found = [one for one in await check("QUE006", tmp_path / "correct", offline=True) if one.code == "QUE006"]
    assert {finding.status for finding in found} <= {Status.PASS, Status.SKIP}


async def test_a_field_that_nobody_sends(findings):
    (finding,) = await findings(
        SEND_TEXT, 'body = json.loads(message.body)\nprint(body["symbol"], body["volumeFrom"])'
    )
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.ERROR)
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "Default.queue reads volumeFrom of a message of candles, which holds symbol, volume"
    )
    assert finding.location == Location("worker.py", 33, 35)
    assert finding.resource == "queues/candles"
    assert finding.explains == ("E2E002", "E2E003", "E2E004")
    assert finding.evidence == {
        "queue": "candles",
        "consumer": "wrangler.toml",
        "kind": "fields",
        "missing": ["volumeFrom"],
        "unread": ["volume"],
        "sent": ["symbol", "volume"],
        "reads": ["worker.py:33"],
        "producers": ["worker.py:28"],
    }


@pytest.mark.parametrize(
    ("produced", "consumed", "missing"),
    [
        (
            'await self.env.CANDLES.send(json.dumps(message_of(symbol, rows)), contentType="text")',
            'body = json.loads(message.body)\nfor row in body["rows"]:\n    print(row["day"], row["open"])',
            ["rows[].open"],
        ),
        (
            'await self.env.CANDLES.sendBatch([{"body": json.dumps({"symbol": symbol})} for row in rows])',
            'print(json.loads(message.body)["name"])',
            ["name"],
        ),
        (
            SEND_OBJECT,
            'print(message.body.to_py()["price"])',
            ["price"],
        ),
        (SEND_OBJECT, "print(message.body.price)", ["price"]),
        (
            'await self.env.CANDLES.send(json.dumps(asdict(Candle(symbol, volume))), contentType="text")',
            (
                'symbol, price = (json.loads(message.body)[key] for key in ("symbol", "price"))\n'
                'print(json.loads(message.body)["price"])'
            ),
            ["price"],
        ),
        (
            (
                'message = {"symbol": symbol}\nmessage["volume"] = volume\n'
                'await self.env.CANDLES.send(json.dumps(message), contentType="text")'
            ),
            'body = json.loads(message.body)\nprint(body["volume"], body["price"])',
            ["price"],
        ),
        (
            SEND_TEXT,
            'await store(self.env, json.loads(message.body)["symbol"], json.loads(message.body)["rows"])',
            ["rows"],
        ),
    ],
)
async def test_fields_through_helpers_batches_and_lists(produced, consumed, missing, findings):
    (finding,) = await findings(produced, consumed)
    assert finding.status is Status.FAIL
    assert finding.evidence["missing"] == missing


@pytest.mark.parametrize(
    ("produced", "consumed", "kind", "message"),
    [
        (
            SEND_TEXT,
            'print(message.body["symbol"])',
            "text",
            "Default.queue reads fields of a message of candles that is sent as text",
        ),
        (
            SEND_TEXT,
            'print(message.body.get("symbol"))',
            "text",
            "Default.queue reads fields of a message of candles that is sent as text",
        ),
        (
            SEND_OBJECT,
            'print(json.loads(message.body)["symbol"])',
            "object",
            "Default.queue parses a message of candles as JSON text, and it is sent as an object",
        ),
    ],
)
async def test_text_against_object(produced, consumed, kind, message, findings):
    (finding,) = await findings(produced, consumed)
    assert (finding.status, finding.evidence["kind"], finding.message) == (Status.FAIL, kind, message)
    assert finding.evidence["missing"] == []


@pytest.mark.parametrize(
    ("produced", "consumed"),
    [
        (SEND_TEXT, 'body = json.loads(message.body)\nprint(body["symbol"], body.get("price"))'),
        (SEND_TEXT, 'body = json.loads(message.body)\nif "price" in body:\n    print(body["price"])'),
        (
            SEND_TEXT,
            'body = json.loads(message.body)\ntry:\n    print(body["price"])\nexcept KeyError:\n    pass',
        ),
        (
            SEND_TEXT,
            (
                "body = message.body\nif isinstance(body, str):\n    body = json.loads(body)\n"
                'print(body["symbol"])'
            ),
        ),
        (
            SEND_OBJECT,
            (
                "body = json.loads(message.body) if isinstance(message.body, str) else message.body\n"
                'print(body["symbol"])'
            ),
        ),
        (
            SEND_OBJECT,
            (
                "try:\n    body = json.loads(message.body)\nexcept TypeError:\n    body = message.body\n"
                'print(body["symbol"])'
            ),
        ),
        (
            (
                f"{SEND_TEXT}\n"
                'await self.env.CANDLES.send(json.dumps({"price": volume}), contentType="text")'
            ),
            'body = json.loads(message.body)\nprint(body["symbol"], body["price"])',
        ),
        (
            SEND_TEXT,
            'body = json.loads(message.body)\nif body["symbol"] == "trades":\n    print(body["price"])',
        ),
        (
            SEND_TEXT,
            'body = json.loads(message.body)\nif body["symbol"] != "x":\n    continue\nprint(body["price"])',
        ),
        (
            'await self.env.CANDLES.send(json.dumps({"symbol": symbol, **rows[0]}), contentType="text")',
            'print(json.loads(message.body)["close"])',
        ),
        (
            (
                'message = {"symbol": symbol}\nfor key in rows[0]:\n    message[key] = 1\n'
                'await self.env.CANDLES.send(json.dumps(message), contentType="text")'
            ),
            'print(json.loads(message.body)["close"])',
        ),
        (
            SEND_OBJECT,
            'body = message.body.to_py()\nprint(body.items(), body["symbol"])',
        ),
        (
            'await self.env.CANDLES.send(json.dumps(message_of(symbol, rows)), contentType="text")',
            'body = json.loads(message.body)\nawait store(self.env, body["symbol"], body["rows"])',
        ),
    ],
)
async def test_look_alikes_pass(produced, consumed, findings):
    (finding,) = await findings(produced, consumed)
    assert (finding.status, finding.message) == (Status.PASS, "the consumer of candles reads what is sent")


@pytest.mark.parametrize(
    ("produced", "consumed", "reason"),
    [
        (
            "await self.env.CANDLES.send(controller.cron)",
            'print(json.loads(message.body)["symbol"])',
            "what is sent to candles cannot be told from the source",
        ),
        (
            SEND_TEXT,
            "print(message.id)",
            "what the consumer of candles reads of a message cannot be told from the source",
        ),
        ("pass", 'print(message.body["symbol"])', "nothing that a handler reaches sends to candles"),
    ],
)
async def test_what_the_source_does_not_tell_is_skipped(produced, consumed, reason, findings):
    (finding,) = await findings(produced, consumed)
    assert (finding.status, finding.message) == (Status.SKIP, reason)


CONSUMER = """import json

from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def queue(self, batch):
        for message in batch.messages:
            print(json.loads(message.body)["{field}"])
"""
PRODUCER_CONFIG, _, CONSUMER_CONFIG = CONFIG.partition("[[queues.consumers]]")
CONSUMER_CONFIG = f'name = "store"\nmain = "store.{{suffix}}"\n[[queues.consumers]]{CONSUMER_CONFIG}'


@pytest.mark.parametrize(("field", "status"), [("symbol", Status.PASS), ("price", Status.FAIL)])
async def test_a_consumer_in_another_worker_of_the_project(field, status, findings):
    files = {
        "store/wrangler.toml": CONSUMER_CONFIG.format(suffix="py"),
        "store/store.py": CONSUMER.format(field=field),
    }
    (finding,) = await findings(SEND_TEXT, "pass", config=PRODUCER_CONFIG, **files)
    assert finding.status is status
    if status is Status.FAIL:
        assert finding.location == Location("store/store.py", 9, 19)
        assert finding.evidence["consumer"] == "store/wrangler.toml"


async def test_a_consumer_in_another_language_is_skipped(findings):
    files = {
        "store/wrangler.toml": CONSUMER_CONFIG.format(suffix="ts"),
        "store/store.ts": "export default { async queue(batch) {} };\n",
    }
    (finding,) = await findings(SEND_TEXT, "pass", config=PRODUCER_CONFIG, **files)
    assert finding.status is Status.SKIP
    assert finding.message.startswith("the messages of candles cannot be compared: ")
    assert "TypeScript" in finding.message


async def test_one_handler_of_several_queues_is_skipped(findings):
    config = f'{CONFIG}\n[[queues.consumers]]\nqueue = "trades"\n'
    config += '\n[[queues.producers]]\nbinding = "TRADES"\nqueue = "trades"\n'
    found = await findings(SEND_TEXT, 'print(json.loads(message.body)["price"])', config=config)
    assert [(finding.status, finding.message) for finding in found] == [
        (
            Status.SKIP,
            (
                f"the messages of {queue} cannot be compared: "
                "one handler of wrangler.toml consumes several queues"
            ),
        )
        for queue in ("candles", "trades")
    ]


async def test_dead_letters_are_messages_of_the_same_shape(findings):
    config = f'{CONFIG}\n[[queues.consumers]]\nqueue = "candles-failed"\n'
    (finding,) = await findings(SEND_TEXT, 'print(json.loads(message.body)["symbol"])', config=config)
    assert finding.status is Status.PASS


async def test_a_queue_with_one_end_passes(findings):
    (finding,) = await findings(SEND_TEXT, "pass", config=PRODUCER_CONFIG)
    assert (finding.status, finding.message) == (
        Status.PASS,
        "no queue has its producer and its consumer in the project",
    )


async def test_a_broken_check_is_an_error(crash):
    (finding,) = await crash(MessageShape)
    assert finding.status is Status.ERROR

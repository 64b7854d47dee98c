from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio

CONFIG = """name = "a"
main = "w.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[queues.producers]]
binding = "Q"
queue = "q"
"""
HEAD = '"""Sends prices."""\n\nimport json\n\n'
WORKERS = "from workers import WorkerEntrypoint\n"
CONVERTERS = "from js import Object\nfrom pyodide.ffi import to_js\n"
BODY = """

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        rows = [{{"a": 1}}]
        await self.env.Q.{}  # all of them
"""
CONSUMER = """
    async def queue(self, batch):
        for message in batch.messages:
            print({})
"""


@pytest.fixture
def proven(write_project, repair, undo, tree):
    """Repair, compare the source, repair again (nothing changes), and undo byte for byte."""

    async def run(source, expected):
        folder = write_project({"wrangler.toml": CONFIG, "w.py": source})
        before = tree(folder)
        result = await repair("SRC005", folder, offline=True)
        assert {each.outcome for each in result.settlements} <= {Outcome.FIXED, Outcome.IN_ORDER}
        assert tree(folder)["w.py"].decode() == expected
        again = await repair("SRC005", folder, offline=True)
        assert again.settlements == ()
        await undo(folder, offline=True)
        assert tree(folder) == before

    return run


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('send({"rows": rows})', 'send(to_js({"rows": rows}, dict_converter=Object.fromEntries))'),
        (
            "send(rows, delaySeconds=5)",
            "send(to_js(rows, dict_converter=Object.fromEntries), delaySeconds=5)",
        ),
        (
            'sendBatch([{"body": row} for row in rows])',
            'sendBatch(to_js([{"body": row} for row in rows], dict_converter=Object.fromEntries))',
        ),
        (
            'send({\n            "rows": rows,  # kept\n        })',
            'send(to_js({\n            "rows": rows,  # kept\n        }, dict_converter=Object.fromEntries))',
        ),
    ],
)
async def test_the_argument_is_converted(proven, before, after):
    source = HEAD + WORKERS + BODY.format(before)
    await proven(source, HEAD + CONVERTERS + WORKERS + BODY.format(after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('send(to_js({"rows": rows}))', 'send(to_js({"rows": rows}, dict_converter=Object.fromEntries))'),
        ("send(to_js(rows, depth=3))", "send(to_js(rows, depth=3, dict_converter=Object.fromEntries))"),
        ("send(to_js(rows,))", "send(to_js(rows, dict_converter=Object.fromEntries))"),
    ],
)
async def test_a_conversion_gets_its_converter(proven, before, after):
    imported = "from pyodide.ffi import to_js\n"
    source = HEAD + imported + WORKERS + BODY.format(before)
    await proven(source, HEAD + CONVERTERS + WORKERS + BODY.format(after))


async def test_text_for_a_consumer_that_parses_text(proven):
    consumer = CONSUMER.format("json.loads(message.body)")
    source = '"""Sends prices."""\n\nimport json\n\n' + WORKERS + BODY.format("send(rows)") + consumer
    expected = 'send(json.dumps(rows, separators=(",", ":")), contentType="text")'
    await proven(source, HEAD + WORKERS + BODY.format(expected) + consumer)


async def test_an_object_for_a_consumer_that_reads_an_object(proven):
    consumer = CONSUMER.format('message.body.to_py()["a"]')
    source = HEAD + WORKERS + BODY.format("send(rows)") + consumer
    expected = "send(to_js(rows, dict_converter=Object.fromEntries))"
    await proven(source, HEAD + CONVERTERS + WORKERS + BODY.format(expected) + consumer)


async def test_the_body_of_a_request_is_no_message(proven):
    fetch = "\n    async def fetch(self, request):\n        print(json.loads(request.body))\n"
    consumer = CONSUMER.format("message.id") + fetch
    source = HEAD + WORKERS + BODY.format("send(rows)") + consumer
    expected = "send(to_js(rows, dict_converter=Object.fromEntries))"
    await proven(source, HEAD + CONVERTERS + WORKERS + BODY.format(expected) + consumer)


async def test_several_sends_of_one_function(proven):
    twice = "send(rows)\n        await self.env.Q.{}"
    converted = "send(to_js({}, dict_converter=Object.fromEntries))"
    source = HEAD + WORKERS + BODY.format(twice.format("send(rows[0])"))
    first, second = converted.format("rows"), converted.format("rows[0]")
    expected = first + "\n        await self.env.Q." + second
    await proven(source, HEAD + CONVERTERS + WORKERS + BODY.format(expected))

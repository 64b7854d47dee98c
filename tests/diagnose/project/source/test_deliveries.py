from __future__ import annotations

import textwrap

import pytest

HEAD = """\
import json
from workers import WorkerEntrypoint

TRADE = "trade"

def rows_of(message):
    return json.loads(message.body)["rows"]

class Default(WorkerEntrypoint):
    async def queue(self, batch):
        for message in batch.messages:
"""


@pytest.fixture
def reads(read):
    """What a handler reads of a message: path, and whether it may be missing or be told apart first."""

    def find(body):
        source = read(HEAD + textwrap.indent(textwrap.dedent(body).strip(), " " * 12) + "\n")
        return [(".".join(one.path), one.optional, one.dispatched, one.mixed) for one in source.body_reads]

    return find


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('message.body["symbol"]', [("symbol", False, False, False)]),
        ("message.body.symbol", [("symbol", False, False, False)]),
        ('message.body.to_py()["symbol"]', [("symbol", False, False, False)]),
        ('message.body.get("symbol", "BTC")', [("symbol", True, False, False)]),
        (
            'json.loads(message.body)["symbol"]',
            [("text()", False, False, False), ("text().symbol", False, False, False)],
        ),
        (
            'for row in rows_of(message):\n    row["day"]',
            [
                ("text()", False, False, False),
                ("text().rows", False, False, False),
                ("text().rows.[].day", False, False, False),
            ],
        ),
        (
            'body = message.body\nif body["kind"] == "trade":\n    body["price"]',
            [("kind", False, False, False), ("price", False, True, False)],
        ),
        (
            'body = message.body\nif "price" in body:\n    body["price"]',
            [("price", True, False, False)],
        ),
        (
            'body = message.body\nif isinstance(body, str):\n    body = json.loads(body)\nbody["symbol"]',
            [("text()", False, False, True), ("symbol", False, False, True)],
        ),
        (
            'body = message.body\nif body["kind"] != TRADE:\n    continue\nbody["price"]',
            [("kind", False, False, False), ("price", False, True, False)],
        ),
        (
            'match message.body["kind"]:\n    case "trade":\n        message.body["price"]',
            [("kind", False, False, False), ("price", False, True, False)],
        ),
        (
            (
                'body = message.body\nif body.get("rows"):\n    for row in body["rows"]:\n'
                '        row["day"]\n        body["total"]'
            ),
            [
                ("rows", True, False, False),
                ("rows", True, False, False),
                ("rows.[].day", False, False, False),
                ("total", False, True, False),
            ],
        ),
        (
            'body = message.body\nbody["attempt"] = body.get("attempt", 0) + 1\nbody["attempt"]',
            [("attempt", True, False, False), ("attempt", True, False, False)],
        ),
        (
            'body = message.body\nbody.setdefault("source", "api")\nbody["source"]',
            [("source", True, False, False)],
        ),
        ("message.body.items()", []),
        ("message.id", []),
    ],
)
def test_the_parts_of_a_body_that_are_read(reads, body, expected):
    assert reads(body) == expected


def test_other_handlers_read_no_message(read):
    source = read('async def on_fetch(request, env):\n    return request.messages[0].body["symbol"]\n')
    assert source.body_reads == ()


@pytest.mark.parametrize(
    ("statement", "shape"),
    [
        ('await env.Q.send({"a": 1, "b": [{"c": x} for x in y]})', "{a: other, b: [{c: ?}]}"),
        ('await env.Q.send(json.dumps({"a": "text", **y}))', "json({a: text, ...})"),
        ('await env.Q.sendBatch([{"body": {"a": x}}, {"body": "b"}])', "{a: ?} | text"),
        ("await env.Q.sendBatch(y)", "?"),
        ("await env.Q.send(to_js([1, 2], dict_converter=Object.fromEntries))", "[other]"),
        ('message = {"a": 1}\n    message["b"] = x\n    await env.Q.send(message)', "{a: other, b: ?}"),
    ],
)
def test_the_shape_of_what_is_sent(read, statement, shape):
    imports = "import json\nfrom js import Object\nfrom pyodide.ffi import to_js\n\n"
    worker = f"{imports}async def on_fetch(x, env, y):\n    {statement}\n"
    (send,) = read(worker).sends
    assert " | ".join(map(written, send.shapes)) == shape


def written(shape):
    """A shape in one line."""
    from diagnose.project.source.shapes import Elements, Encoded, Fields, Plain

    match shape:
        case Fields(entries, complete):
            names = [f"{name}: {written(inner)}" for name, inner in entries]
            return "{" + ", ".join([*names, *([] if complete else ["..."])]) + "}"
        case Elements(element):
            return f"[{written(element)}]"
        case Encoded(of):
            return f"json({written(of)})"
        case Plain(kind):
            return kind
        case _:
            return "?"

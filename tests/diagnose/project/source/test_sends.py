from __future__ import annotations

import pytest

from diagnose.project.source import Exactly


@pytest.mark.parametrize(
    ("call", "payload", "content_type"),
    [
        ('send("text")', "text", None),
        ('send(f"{x} text", contentType="text")', "text", "text"),
        ("send(json.dumps(rows))", "text", None),
        ('send({"rows": 1})', "dict", None),
        ("send([1, 2])", "list", None),
        ("send(5)", "number", None),
        ("send(len(rows))", "number", None),
        ("send(None)", "unknown", None),
        ("send(rows)", "unknown", None),
        ('send(to_js({"rows": 1}))', "bare to_js", None),
        ('send(to_js({"rows": 1}, dict_converter=Object.fromEntries))', "converted", None),
        ('send(js.JSON.parse(json.dumps({"a": 1})))', "json-object", None),
        ('send("text", to_js({"contentType": "json"}))', "text", "json"),
        ('send(message, contentType="json")', "dict", "json"),
    ],
)
def test_payloads(read, call, payload, content_type):
    (send,) = read(f"""
import js
import json
from js import Object
from pyodide.ffi import to_js
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        rows = await request.json()
        message = {{"symbol": "BTC"}}
        message["rows"] = rows
        await self.env.JOBS.{call}
""").sends
    assert (send.binding, send.method, send.payload, send.content_type) == (
        "JOBS",
        "send",
        payload,
        content_type,
    )
    assert (send.count, send.awaited, send.location.line, send.handlers) == (Exactly(1), True, 13, {"fetch"})


@pytest.mark.parametrize(
    ("argument", "payload", "count"),
    [
        ('[{"body": row} for row in rows]', "unknown", "len(rows)"),
        ('[{"body": {"a": 1}}, {"body": {"a": 1}}]', "dict", "2"),
        ('[{"body": "a"} for row in rows[:25]]', "text", "at most 25 of rows"),
        (
            'to_js([{"body": row} for row in rows], dict_converter=Object.fromEntries)',
            "converted",
            "len(rows)",
        ),
    ],
)
def test_batches(read, argument, payload, count):
    (send,) = read(f"""
from js import Object
from pyodide.ffi import to_js
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        rows = await request.json()
        await self.env.JOBS.sendBatch({argument})
""").sends
    assert (send.method, send.payload, str(send.count)) == ("sendBatch", payload, count)


def test_one_message_for_each_row(read):
    (send,) = read("""
from js import fetch
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        for row in await (await fetch("https://api.example.com/?limit=2000")).json():
            await self.env.JOBS.send({"row": row})
""").sends
    assert [loop.count.asked for loop in send.loops] == [2000]

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("call", "origins"),
    [
        ('send("text")', set()),
        ("send(await request.text())", {"caller"}),
        ('send(json.dumps({"rows": rows, "base": base}), contentType="text")', {"fetched", "caller"}),
        ('send(to_js({"row": rows[0]}, dict_converter=Object.fromEntries))', {"fetched"}),
        ('sendBatch([{"body": json.dumps(row)} for row in rows])', {"fetched"}),
        ('send(f"base {base}")', {"caller"}),
        ('send(" ".join(f"{row[0]}" for row in rows))', {"fetched"}),
        ("send((await self.env.DB.prepare('SELECT a FROM t').all()).results)", {"queried"}),
        ("send(len(rows))", set()),
        ("send(stranger())", set()),
    ],
)
def test_whose_data_a_message_holds(read, call, origins):
    (send,) = read(f"""
import json
from js import Object
from pyodide.ffi import to_js
from workers import WorkerEntrypoint, fetch

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        base = request.headers.get("x-base") or "EUR"
        rows = (await (await fetch("https://rates.example.com")).json())["rows"]
        await self.env.JOBS.{call}
""").sends
    assert send.origins == origins


def test_every_way_to_a_place_counts(read):
    (send,) = read("""
from workers import WorkerEntrypoint, fetch

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        await self.put(await request.text())

    async def scheduled(self, controller):
        await self.put(await (await fetch("https://rates.example.com")).text())

    async def put(self, text):
        await self.env.JOBS.send(text, contentType="text")
""").sends
    assert send.origins == {"caller", "fetched"}

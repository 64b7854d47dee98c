from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("imports", "call", "via", "url", "asked"),
    [
        (
            "from js import fetch",
            'fetch("https://a.example/x?limit=5")',
            "js.fetch",
            "https://a.example/x?limit=5",
            5,
        ),
        (
            "from workers import fetch",
            'fetch(f"https://a.example/{symbol}?n={N}")',
            "workers.fetch",
            "https://a.example/{symbol}?n=30",
            30,
        ),
        ("import js", 'js.fetch(BASE + "/x")', "js.fetch", "https://b.example/x", None),
        (
            "from pyodide.http import pyfetch",
            'pyfetch("https://a.example")',
            "pyodide.http.pyfetch",
            "https://a.example",
            None,
        ),
        (
            "import httpx",
            'httpx.get(BASE, params={"limit": N})',
            "httpx.get",
            "https://b.example?limit=30",
            30,
        ),
        (
            "import httpx",
            'httpx.AsyncClient().get("https://a.example?limit=7&x=1")',
            "httpx.AsyncClient.get",
            "https://a.example?limit=7&x=1",
            7,
        ),
        (
            "from urllib.parse import urlencode\nfrom js import fetch",
            'fetch(BASE + "?" + urlencode({"limit": N, "q": symbol}))',
            "js.fetch",
            "https://b.example?limit=30&q={symbol}",
            30,
        ),
        ("from js import fetch", "fetch(symbol)", "js.fetch", None, None),
        (
            "from js import fetch",
            'fetch("https://a.example?limit=%s" % symbol)',
            "js.fetch",
            "https://a.example?limit={symbol}",
            None,
        ),
    ],
)
def test_requests(read, imports, call, via, url, asked):
    source = read(
        f"""
from workers import WorkerEntrypoint
{imports}

BASE = "https://b.example"
N = 30

class Default(WorkerEntrypoint):
    async def queue(self, batch):
        symbol = batch.messages[0].body
        await {call}
""".replace("\n{imports}", imports)
    )
    (found,) = source.fetches
    assert (found.via, found.url, found.asked) == (via, url, asked)
    assert (found.handlers, found.function) == ({"queue"}, "Default.queue")


def test_a_client_in_a_with_statement(read):
    (found,) = read("""
import httpx
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        for page in range(3):
            async with httpx.AsyncClient(timeout=5) as client:
                await client.get(f"https://a.example?page={page}&limit=100")
""").fetches
    assert (found.url, found.via, found.asked) == (
        "https://a.example?page={…}&limit=100",
        "httpx.AsyncClient.get",
        100,
    )
    assert [loop.count.exact for loop in found.loops] == [3]

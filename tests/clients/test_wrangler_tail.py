"""What a deployed worker does is seen by `wrangler tail` while it happens."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from clients.serving import Served
    from clients.wrangler import Wrangler

pytestmark = pytest.mark.anyio

WAIT = 60  # seconds; a tail is usually connected after two


async def documents(stream: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    """The JSON documents on a stream, each as soon as it is whole."""
    text = ""
    while line := await stream.readline():
        text += line.decode()
        try:
            document = json.loads(text)
        except ValueError:
            continue
        yield document
        text = ""


async def ask(served: Served, path: str) -> httpx.Response:
    """A request to the worker at its name in workers.dev, which this machine serves."""
    async with served.account() as account:
        subdomain = (await account._read(account._path("/workers/subdomain")))["subdomain"]
    origin = served.base_url.removesuffix("/client/v4")
    async with httpx.AsyncClient(trust_env=False, timeout=WAIT) as client:
        return await client.get(origin + path, headers={"Host": f"buoy.{subdomain}.workers.dev"})


async def tails_of(served: Served) -> list[Any]:
    async with served.account() as account:
        return list(await account._read(account._path("/workers/scripts/buoy/tails")))


async def test_a_tail(wrangler: Wrangler, served: Served, buoy: Path, database_id: str):
    async with served.account() as account:
        await account.create_queue("heights")
        await account.query(database_id, "CREATE TABLE heights (at INTEGER, height REAL)")
    wrangler("deploy", cwd=buoy)
    async with wrangler.started("tail buoy --format json") as tail:
        await follow(tail, served, database_id)
        os.killpg(tail.pid, signal.SIGINT)
        await asyncio.wait_for(tail.wait(), WAIT)
    if wrangler.release.version != "4.86.0":  # which leaves its tail to expire
        assert await tails_of(served) == []


async def follow(tail: asyncio.subprocess.Process, served: Served, database_id: str) -> None:
    """What the tail shows of requests to the worker and of the message that it sends."""
    assert tail.stdout is not None
    seen = documents(tail.stdout)
    first = asyncio.ensure_future(anext(seen))
    while not first.done():  # until the tail is connected, nobody hears the worker
        assert (await ask(served, "/broken")).status_code == 500
        await asyncio.wait({first}, timeout=0.5)
    broken = first.result()
    assert (broken["scriptName"], broken["outcome"]) == ("buoy", "exception")
    assert broken["event"]["request"]["url"].endswith("/broken")
    assert "the buoy is adrift" in broken["exceptions"][0]["message"]

    assert (await ask(served, "/")).json() == {"queued": 1}
    kept: dict[str, Any] = {}
    async with asyncio.timeout(WAIT):
        while "queue" not in kept:
            event = await anext(seen)
            kind = "queue" if "queue" in event["event"] else event["event"]["request"]["url"][-7:]
            kept[kind] = event
    fetched = next(event for kind, event in kept.items() if kind != "queue" and event["outcome"] == "ok")
    assert fetched["logs"][0]["message"] == ["queued a height"]
    assert (kept["queue"]["event"]["queue"], kept["queue"]["event"]["batchSize"]) == ("heights", 1)
    assert kept["queue"]["logs"][0]["message"] == ["stored heights"]
    async with served.account() as account:
        (rows,) = await account.query(database_id, "SELECT * FROM heights")
        assert rows.rows == ((7, 2.5),)

    assert len(await tails_of(served)) == 1

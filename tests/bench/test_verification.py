"""The verification steps of a person beside `diagnose run`, on the same served account in one run.

A person starts wrangler four times, one after another: is the table there, is the worker deployed, what do
its logs say, how many rows are there. `diagnose run --target cloudflare` answers the same, and the rest.

pytest tests/bench/test_verification.py -m bench -n 0 -s
"""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from clients.serving import scrubbed, serve
from clients.wrangler import INSTALL, RELEASES, Wrangler

from diagnose import __version__
from diagnose.demo.account import MAIN
from diagnose.demo.writing import write_demo

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from clients.serving import Served

pytestmark = [pytest.mark.bench, pytest.mark.anyio]

ROUNDS = 5
RELEASE = RELEASES[0]
CONFIG = "pyswarm/wrangler_historical_import.toml"
TABLE = "CREATE TABLE price_data (symbol TEXT, timestamp INTEGER, timeframe TEXT, close REAL)"
SCHEMA = "SELECT name FROM sqlite_master WHERE type='table' AND name='price_data'"
COUNT = "SELECT COUNT(*) FROM price_data"


async def seconds(act: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await act()
    return time.perf_counter() - started


async def verify_by_hand(wrangler: Wrangler) -> None:
    """Each of the four read-only steps, to its end."""
    execute = f"d1 execute {MAIN.uuid} --remote --command"
    assert "price_data" in wrangler(execute, SCHEMA).out
    assert "Created:" in wrangler("deployments list --name price-history-import").out
    await look_at_logs(wrangler)
    assert '"COUNT(*)": 0' in wrangler(execute, COUNT).out


async def look_at_logs(wrangler: Wrangler) -> None:
    """Connect to the logs, and leave at once: how long a person reads them is not counted."""
    async with wrangler.started("tail price-history-import --format pretty") as tail:
        assert tail.stdout is not None
        while b"Connected to" not in (line := await tail.stdout.readline()):
            assert line, "the tail ended before it was connected"
        os.killpg(tail.pid, signal.SIGINT)
        await tail.wait()


def diagnose(demo: Path, served: Served) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "diagnose", "run", str(demo), "--target", "cloudflare"],
        env=scrubbed() | served.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "LIM001" in ended.stdout


async def prepare(wrangler: Wrangler, demo: Path) -> None:
    wrangler(f"deploy --config {CONFIG}", cwd=demo)
    async with wrangler.served.account() as account:
        await account.query(MAIN.uuid, TABLE)


async def test_verification(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    if not RELEASE.script.exists():
        pytest.skip(f"wrangler {RELEASE} is not installed: {INSTALL}")
    demo = tmp_path / "demo"
    write_demo(demo)
    by_hand, ours = [], []
    with serve(demo / ".diagnose" / "account", "--quiet") as served:
        wrangler = Wrangler(RELEASE, served, tmp_path / "wrangler")
        await prepare(wrangler, demo)
        for _ in range(ROUNDS):
            by_hand.append(await seconds(lambda: verify_by_hand(wrangler)))
            ours.append(await seconds(lambda: asyncio.to_thread(diagnose, demo, served)))

    hand, tool = statistics.median(by_hand), statistics.median(ours)
    with capsys.disabled():
        print()
        print(f"wrangler {RELEASE}, four commands: median of {ROUNDS}: {hand:5.2f} s")
        print(f"diagnose {__version__} run --target cloudflare: median of {ROUNDS}: {tool:5.2f} s")
        print(f"ratio {hand / tool:.1f}; Python {platform.python_version()}, {os.cpu_count()} cores")

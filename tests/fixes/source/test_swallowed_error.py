from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from diagnose.engine.settlement import Outcome

ROOT = Path(__file__).parents[3]
WORKER = "pyswarm/Data_Import/historical_worker.py"

CONFIG = """
name = "import"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "0b6f6a5c-36ae-4a3a-9d0a-6f7f3c1f4a11"
"""


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


@pytest.mark.anyio
async def test_the_demo_is_repaired_and_restored(tmp_path, repair, undo, tree):
    demo = Path(shutil.copytree(ROOT / "diagnose" / "demo" / "project", tmp_path / "demo"))
    before = tree(demo)
    settlements = of("SRC001", await repair("SRC001", demo, offline=True))
    assert all(settlement.outcome.is_good for settlement in settlements)
    text = before[WORKER].decode()
    for old, new in (
        (
            '            print(f"Import of {symbol} failed: {e}")\n',
            '            print(f"Import of {symbol} failed: {e}")\n            raise\n',
        ),
        ("    await env.DB.prepare(sql)", "    result = await env.DB.prepare(sql)"),
        ("Inserted {len(candles)} candles", "Inserted {result.meta.changes} candles"),
        ("    return len(candles)", "    return result.meta.changes"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    assert tree(demo) == before | {WORKER: text.encode()}
    again = await repair("SRC001", demo, offline=True)
    assert of("SRC001", again) == []
    await undo(demo, offline=True)
    assert tree(demo) == before


@pytest.mark.anyio
async def test_after_the_insert_is_repaired_the_counts_are_in_order(tmp_path, repair, check):
    demo = Path(shutil.copytree(ROOT / "diagnose" / "demo" / "project", tmp_path / "demo"))
    await repair("LIM001", demo, offline=True)
    (settlement,) = of("SRC001", await repair("SRC001", demo, offline=True))
    assert settlement.outcome is Outcome.FIXED
    assert settlement.detail == "the handler raises the error again"
    statuses = {
        finding.status
        for code in ("LIM001", "LIM003", "SRC001")
        for finding in await check(code, demo)
        if finding.code == code
    }
    assert statuses == {"pass"}


@pytest.mark.anyio
async def test_what_is_not_understood_is_left_alone(write_project, repair, tree):
    folder = write_project(
        {
            "wrangler.toml": CONFIG,
            "worker.py": """
import asyncio

from workers import Response, WorkerEntrypoint


def fire(env):
    asyncio.create_task(env.DB.prepare("INSERT INTO prices (a) VALUES (1)").run())


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        fire(self.env)
        return Response("ok")
""",
        }
    )
    before = tree(folder)
    (settlement,) = of("SRC001", await repair("SRC001", folder, offline=True))
    assert settlement.outcome is Outcome.REFUSED
    assert settlement.detail.endswith("await the write where its result is known to the caller")
    assert tree(folder) == before

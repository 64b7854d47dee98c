"""Projects whose only interesting part is how the worker writes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from diagnose.engine.session import Session, SessionOptions
from diagnose.plugin import Target

if TYPE_CHECKING:
    from collections.abc import Callable

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
WORKER = """import json

from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        posted = json.loads(await request.text())
        fetched = (await (await fetch("https://api.example.com/rows?limit=2000")).json())["rows"]
        unbounded = (await (await fetch("https://api.example.com/rows")).json())["rows"]
        await self.store({rows})
        return Response("ok")

    async def store(self, rows):
        db = self.env.DB
{body}
"""


@pytest.fixture
def project(write_project) -> Callable[..., object]:
    """A project whose worker stores `rows` by the given lines."""

    def write(body: str, rows: str = "fetched"):
        lines = "\n".join(f"        {line}" if line else "" for line in body.strip("\n").split("\n"))
        return write_project({"wrangler.toml": CONFIG, "worker.py": WORKER.format(rows=rows, body=lines)})

    return write


@pytest.fixture
def findings(check) -> Callable[..., object]:
    """What one check finds about files alone."""

    async def find(code: str, folder, **choices):
        return [
            finding for finding in await check(code, folder, offline=True, **choices) if finding.code == code
        ]

    return find


@pytest.fixture
def context() -> Callable[..., object]:
    """What a check looks through."""

    @asynccontextmanager
    async def open_context(folder):
        async with Session(SessionOptions(path=folder, target=Target.OFFLINE)) as session:
            yield await session.context()

    return open_context

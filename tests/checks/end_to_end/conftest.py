"""A small import that works, to be broken by each test in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

WRANGLER = """\
name = "tides"
main = "worker.py"
compatibility_date = "2026-04-01"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "harbour"
database_id = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
"""
MIGRATION = (
    "CREATE TABLE levels (day INTEGER PRIMARY KEY, place TEXT NOT NULL, metres REAL CHECK (metres >= 0));\n"
)
HEAD = """\
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
"""
IMPORT = """\
        insert = self.env.DB.prepare("INSERT OR IGNORE INTO levels (day, place, metres) VALUES (?, ?, ?)")
        await insert.bind(1, "north", 0.5).run()
        await insert.bind(2, "south", 0.7).run()
        return Response.json({"inserted": 2})
"""
SETTINGS = '[trigger]\nkind = "fetch"\nreported = "inserted"\n'


@pytest.fixture
def tides(write_project: Callable[[Mapping[str, str]], Path]) -> Callable[..., Path]:
    """A project whose handler has this body."""

    def write(body: str = IMPORT, *, settings: str = SETTINGS, config: str = WRANGLER, **files: str) -> Path:
        return write_project(
            {
                "wrangler.toml": config,
                "worker.py": HEAD + body,
                "migrations/0001_levels.sql": MIGRATION,
                "diagnose.toml": settings,
            }
            | files
        )

    return write

"""Projects with one worker that sends given statements to one database."""

from __future__ import annotations

import pytest

UUID = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"
CONFIG = f"""
name = "rates"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "history"
database_id = "{UUID}"
"""
HEAD = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        db = self.env.DB
"""


@pytest.fixture
def worker(write_project):
    """A project whose worker sends these statements, the first of them from line 7."""

    def make(*statements, files=None):
        lines = "".join(f"        await db.prepare({sql!r}).run()\n" for sql in statements)
        return write_project({"wrangler.toml": CONFIG, "worker.py": HEAD + lines, **(files or {})})

    return make


@pytest.fixture
def account(saved_account):
    """A saved account beside the project: the worker's database, called `rates`, and others by their name."""

    def make(folder, sql, **others):
        databases = {UUID: ("rates", sql)}
        for number, (name, text) in enumerate(others.items()):
            databases[f"5f1c3a90-0000-4000-8000-00000000000{number}"] = (name, text)
        return saved_account(folder, databases)

    return make

"""Projects with one worker whose `scheduled` handler sends given statements."""

from __future__ import annotations

import pytest

from diagnose.project import open_project

CONFIG = """
name = "rates"
main = "worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "rates"
database_id = "0c4e7d53-6a64-4a5e-8f6b-9a4f7d1f2b11"
"""
HEAD = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
"""


@pytest.fixture
def project(write_project):
    """A project whose worker runs these lines, with these further files."""

    def make(*lines, files=None, config=CONFIG):
        body = "".join(f"        {line}\n" for line in lines or ["pass"])
        return open_project(
            write_project({"wrangler.toml": config, "worker.py": HEAD + body, **(files or {})})
        )

    return make


@pytest.fixture
def sites(project):
    """The statement sites of a worker that sends these texts."""

    def of(*statements):
        return project(*(f"await self.env.DB.prepare({sql!r}).run()" for sql in statements)).source.sites

    return of

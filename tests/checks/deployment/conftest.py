"""What the checks of deployment share."""

from __future__ import annotations

import pytest

CONFIG = 'name = "rates"\nmain = "worker.py"\ncompatibility_date = "2025-11-10"\n'
DATABASE = '\n[[d1_databases]]\nbinding = "DB"\n'
WORKER = """from urllib.parse import urlparse

from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
{handlers}
    async def pull(self):
        rates = (await (await fetch("https://rates.example.com/?limit=90")).json())["rates"]
        await self.store(rates)
        return Response("ok")

    async def store(self, rates):
        for rate in rates:
            await self.env.DB.prepare("INSERT INTO rates (day) VALUES (?)").bind(rate["day"]).run()
"""


@pytest.fixture
def worker(write_project):
    """A project whose worker has these handlers, each a pair of head and body."""

    def make(*handlers, config="", files=None):
        lines = "".join(f"    async def {head}:\n        {body}\n\n" for head, body in handlers)
        text = WORKER.format(handlers=lines)
        return write_project(
            {"wrangler.toml": CONFIG + config + DATABASE, "worker.py": text, **(files or {})}
        )

    return make

"""A small import that works, to be broken by each test in its own way."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from diagnose.d1 import Statement
from diagnose.embedded import EmbeddedAccount
from diagnose.embedded.live import Live
from diagnose.embedded.runtime import InlineRuntime
from diagnose.embedded.serving import BackgroundServer
from diagnose.embedded.tokens import EVERYTHING
from diagnose.engine.registry import load_registry
from diagnose.engine.runner import Selection, run_checks
from diagnose.engine.session import Session, SessionOptions
from diagnose.plugin import Target
from diagnose.project import open_project
from diagnose.rehearsal.deploying import deploy_project
from diagnose.rehearsal.deriving import queue_names
from diagnose.rehearsal.live import plan_live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from diagnose.embedded.tokens import Permission
    from diagnose.model import Finding

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


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., BackgroundServer]]:
    """Deploys a project into an account on a port, which executes it; the environment names that account."""
    with ExitStack() as stack:

        def serve(folder: Path, *, permissions: frozenset[Permission] = EVERYTHING, reachable: bool = True):
            project = open_project(folder)
            account = stack.enter_context(EmbeddedAccount.memory())
            for name in queue_names(project.config):
                account.create_queue(name)
            for binding in project.config.d1:
                account.create_database(binding.database_name, uuid=binding.database_id)
                for migration in project.migrations(binding):
                    account.database(binding.database_id).run_all(Statement(migration.sql))
            script, _ = deploy_project(project, account)
            account.put_script(replace(account.scripts[script], subdomain=reachable))
            live = Live(account, InlineRuntime())
            server = stack.enter_context(BackgroundServer(account, live=live))
            token = account.issue_token(permissions=permissions)
            for name, value in (
                ("CLOUDFLARE_API_TOKEN", token),
                ("CLOUDFLARE_ACCOUNT_ID", account.account_id),
                ("CLOUDFLARE_API_BASE_URL", server.base_url),
            ):
                monkeypatch.setenv(name, value)
            return server

        yield serve


@pytest.fixture
def live_run() -> Callable[..., object]:
    """Runs the end-to-end checks with the trigger for real, as `diagnose run --live --yes` does."""

    async def run(folder: Path) -> dict[str, Finding]:
        async with Session(SessionOptions(path=folder, target=Target.CLOUDFLARE)) as session:
            ctx = await session.context()
            ctx.live = await plan_live(ctx.project, ctx.account)
            found = await run_checks(load_registry(), ctx, selection=Selection(select=("E2E",)))
        return {finding.code: finding for finding in found}

    return run

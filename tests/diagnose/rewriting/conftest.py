"""Workers as text: read, rewritten, and executed over a real D1 engine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from diagnose.d1 import Database, Statement
from diagnose.embedded.invocation import Trigger, WorkerCode
from diagnose.embedded.runtime import InlineRuntime, sandbox_available
from diagnose.project.source import read_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diagnose.embedded.invocation import Invocation
    from diagnose.project.source import Source

ENTRY = """

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        rows = json.loads(await request.text())
        return Response.json({"inserted": await store(self.env, rows)})
"""
HEAD = """import json

from workers import Response, WorkerEntrypoint


"""
TABLE = (
    "CREATE TABLE readings (sensor TEXT NOT NULL, taken INTEGER NOT NULL, value REAL, note TEXT, "
    "PRIMARY KEY (sensor, taken))"
)


@dataclass
class Bindings:
    """One database, and nothing else."""

    database: Database

    async def d1_run(self, binding, statement):
        return self.database.run(statement)

    async def d1_batch(self, binding, statements):
        return self.database.batch(statements)

    async def d1_exec(self, binding, text):
        return self.database.exec(text)

    async def send(self, binding, messages, *, batch):
        raise AssertionError(binding)

    async def fetch(self, request):
        return None


@dataclass(frozen=True)
class Run:
    """What an execution answered and left behind."""

    invocation: Invocation
    rows: tuple

    @property
    def answer(self):
        return json.loads(self.invocation.answer.body)


@pytest.fixture
def worker() -> Callable[[str], str]:
    """A whole worker around a function `store(env, rows)`."""
    return lambda function: HEAD + function.strip("\n") + "\n" + ENTRY


@pytest.fixture
def analysed(tmp_path: Path) -> Callable[[str], Source]:
    """What reading a worker's text establishes."""

    def read(text: str) -> Source:
        (tmp_path / "worker.py").write_bytes(text.encode())
        return read_source(tmp_path, "worker.py", base="")

    return read


@pytest.fixture
def execute() -> Callable[..., object]:
    """POST rows to a worker over an empty table, or one that holds `present`."""

    async def run(
        text: str, rows: list, *, wrapped: bool = True, present: tuple = (), table: str = TABLE
    ) -> Run:
        if sandbox_available() is not None:
            pytest.skip("no sandbox for worker code on this machine")
        code = WorkerCode(
            main_module="worker.py",
            modules={"worker.py": text.encode()},
            compatibility_date="2026-05-01" if wrapped else "2025-11-10",
            compatibility_flags=("python_workers",),
            bindings={"DB": "d1"},
            wrapped_env=wrapped,
        )
        trigger = Trigger(method="POST", body=json.dumps(rows).encode())
        with Database.memory() as database:
            database.run(Statement(table))
            for row in present:
                database.run(Statement("INSERT INTO readings VALUES (?, ?, ?, ?)", row))
            invocation = await InlineRuntime().invoke(code, trigger, Bindings(database))
            landed = database.run(Statement("SELECT * FROM readings ORDER BY rowid")).rows
        return Run(invocation, landed)

    return run

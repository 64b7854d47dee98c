"""A worker that sends rows through a queue, over a real D1 engine whose errors can be called for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from diagnose.d1 import D1Error, Database, Statement
from diagnose.embedded.invocation import Backlog, IncomingMessage, Trigger, WorkerCode
from diagnose.embedded.runtime import InlineRuntime, sandbox_available
from diagnose.project import open_project
from diagnose.queueing.naming import names_for
from diagnose.queueing.python_module import python_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from diagnose.embedded.invocation import Invocation, OutgoingMessage
    from diagnose.project import Project

CONFIG = """\
name = "weather"
main = "src/worker.py"
compatibility_date = "2025-11-10"
compatibility_flags = ["python_workers"]

[[d1_databases]]
binding = "DB"
database_name = "weather"
database_id = "5c8e1f4e-7f0d-4b57-9d3d-0a4e6b1f6d11"
"""
WORKER = """\
from workers import Response, WorkerEntrypoint, fetch


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        readings = (await (await fetch("https://weather.example.com/?limit=500")).json())["readings"]
        return Response.json({"inserted": await store(self.env, readings)})


async def store(env, readings):
    sql = "INSERT OR IGNORE INTO readings (sensor, taken, value) VALUES "
    sql += ", ".join(["(?, ?, ?)"] * len(readings))
    params = [value for r in readings for value in (r["sensor"], r["taken"], r["value"])]
    await env.DB.prepare(sql).bind(*params).run()
    print(f"stored {len(readings)} readings")
    return len(readings)
"""
ENTRY = """\
import json

from readings_queue import queue_readings, write_readings
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        rows = json.loads(await request.text())
        return Response.json({"queued": await queue_readings(self.env, rows)})

    async def queue(self, batch):
        await write_readings(batch, self.env)
"""
TABLE = "CREATE TABLE readings (sensor TEXT NOT NULL, taken INTEGER, value REAL, PRIMARY KEY (sensor, taken))"
SQL = (
    "INSERT OR IGNORE INTO readings (sensor, taken, value) "
    "SELECT value->>0, value->>1, value->>2 FROM json_each(?1)"
)
NAMES = names_for("readings", "weather")


@dataclass
class Bindings:
    """One database, one queue, and errors that come before the next queries."""

    database: Database
    calls: list[tuple[OutgoingMessage, ...]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    async def d1_run(self, binding, statement):
        if self.errors:
            raise D1Error(self.errors.pop(0))
        return self.database.run(statement)

    async def d1_batch(self, binding, statements):
        return self.database.batch(statements)

    async def d1_exec(self, binding, text):
        return self.database.exec(text)

    async def send(self, binding, messages, *, batch):
        assert (binding, batch) == ("READINGS_QUEUE", True)
        self.calls.append(tuple(messages))
        return Backlog(messages=len(messages), bytes=0, oldest_ms=0)

    async def fetch(self, request):
        return None

    @property
    def texts(self) -> list[str]:
        return [message.body.decode() for call in self.calls for message in call]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return list(self.database.run(Statement("SELECT * FROM readings ORDER BY taken")).rows)


@dataclass
class Worker:
    """The generated module in a worker."""

    bindings: Bindings
    raw: bool

    async def send(self, rows: Sequence[Sequence[object]]) -> Invocation:
        return await self._invoke(Trigger(method="POST", body=json.dumps(rows).encode()))

    async def deliver(self, *texts: str, attempts: int = 1) -> Invocation:
        messages = tuple(
            IncomingMessage(
                id=f"{number:032x}",
                timestamp="2026-01-02T03:04:05.006Z",
                attempts=attempts,
                content_type="text",
                body=text.encode(),
            )
            for number, text in enumerate(texts)
        )
        return await self._invoke(Trigger(kind="queue", queue=NAMES.queue, messages=messages))

    async def _invoke(self, trigger: Trigger) -> Invocation:
        module = python_module(NAMES, "readings", raw=self.raw, database="DB", sql=SQL)
        code = WorkerCode(
            main_module="worker.py",
            modules={"worker.py": ENTRY.encode(), "readings_queue.py": module.encode()},
            compatibility_date="2025-11-10" if self.raw else "2026-05-01",
            compatibility_flags=("python_workers",),
            bindings={"DB": "d1", "READINGS_QUEUE": "queue"},
            wrapped_env=not self.raw,
        )
        return await InlineRuntime().invoke(code, trigger, self.bindings)


@pytest.fixture(params=[True, False], ids=["raw", "wrapped"])
def worker(request: pytest.FixtureRequest) -> Iterator[Worker]:
    """At a date whose bindings are raw, and at one whose SDK converts."""
    if sandbox_available() is not None:
        pytest.skip("no sandbox for worker code on this machine")
    with Database.memory() as database:
        database.run(Statement(TABLE))
        yield Worker(Bindings(database), raw=request.param)


@pytest.fixture
def project(write_project) -> Callable[..., Project]:
    """The project whose worker writes directly; other files and another config on request."""

    def make(config: str = CONFIG, worker: str = WORKER, *, environment: str | None = None, **files: str):
        written = {"wrangler.toml": config, "src/worker.py": worker, **files}
        return open_project(write_project(written), environment=environment)

    return make

"""A worker, its bindings over the real D1 engine, and a way to run it in one line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from diagnose.d1 import Database
from diagnose.embedded.invocation import (
    Backlog,
    BindingError,
    RuntimeLimits,
    Trigger,
    WorkerCode,
)
from diagnose.embedded.runtime import InlineRuntime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.d1 import Result, Statement
    from diagnose.embedded.invocation import (
        HttpAnswer,
        Invocation,
        OutboundRequest,
        OutgoingMessage,
    )

RAW_DATE = "2025-10-01"
WRAPPED_DATE = "2026-05-01"
LIMITS = RuntimeLimits(wall_seconds=20.0, cpu_seconds=5)


@dataclass
class LocalBindings:
    """One database for every D1 binding, a list for every queue, recorded answers by URL."""

    database: Database
    answers: dict[str, HttpAnswer] = field(default_factory=dict)
    requests: list[OutboundRequest] = field(default_factory=list)
    sent: list[OutgoingMessage] = field(default_factory=list)
    refuse_messages: str | None = None

    async def d1_run(self, binding: str, statement: Statement) -> Result:
        return self.database.run(statement)

    async def d1_batch(self, binding: str, statements: tuple[Statement, ...]) -> tuple[Result, ...]:
        return self.database.batch(statements)

    async def d1_exec(self, binding: str, text: str) -> int:
        return self.database.exec(text)

    async def send(self, binding: str, messages: tuple[OutgoingMessage, ...], *, batch: bool) -> Backlog:
        if self.refuse_messages is not None:
            raise BindingError(self.refuse_messages)
        self.sent.extend(messages)
        size = sum(len(message.body) for message in self.sent)
        return Backlog(messages=len(self.sent), bytes=size, oldest_ms=1_767_225_600_000)

    async def fetch(self, request: OutboundRequest) -> HttpAnswer | None:
        self.requests.append(request)
        return self.answers.get(request.url)


@dataclass
class Worker:
    """Runs source text; `handler` runs the body of a fetch handler of the class style."""

    bindings: LocalBindings
    date: str = WRAPPED_DATE
    flags: tuple[str, ...] = ()
    limits: RuntimeLimits = LIMITS
    vars: Mapping[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    base: str = ""
    kinds: dict[str, str] = field(
        default_factory=lambda: {"DB": "d1", "QUEUE": "queue", "TOKEN": "secret", "KV": "kv_namespace"}
    )

    async def source(self, text: str, trigger: Trigger | None = None) -> Invocation:
        """Run a whole module as the main module `worker.py`."""
        modules = {"worker.py": dedent(text), **self.files}
        code = WorkerCode(
            main_module="worker.py",
            modules={name: content.encode() for name, content in modules.items()},
            compatibility_date=self.date,
            compatibility_flags=("python_workers", *self.flags),
            bindings=self.kinds,
            vars={"TOKEN": "s3cret", **self.vars},
            base=self.base,
        )
        return await InlineRuntime().invoke(code, trigger or Trigger(), self.bindings, limits=self.limits)

    async def handler(self, body: str, *, imports: str = "", trigger: Trigger | None = None) -> Invocation:
        """Run the body of `async def fetch(self, request)`; a returned value is answered as JSON."""
        lines = "\n".join(f"        {line}" for line in dedent(body).strip("\n").splitlines())
        return await self.source(
            "from workers import Response, WorkerEntrypoint\n"
            f"{dedent(imports)}\n"
            "class Default(WorkerEntrypoint):\n"
            "    async def run(self, request, env):\n"
            f"{lines}\n"
            "    async def fetch(self, request):\n"
            "        value = await self.run(request, self.env)\n"
            "        return Response.json(value)\n",
            trigger,
        )

    async def value(self, body: str, *, imports: str = "", trigger: Trigger | None = None) -> Any:
        """What the body returns, through JSON; anything but success fails the test."""
        invocation = await self.handler(body, imports=imports, trigger=trigger)
        told = (
            invocation.exception.traceback
            if invocation.exception
            else invocation.refused or invocation.reason
        )
        assert invocation.outcome == "ok", told
        assert invocation.answer is not None
        return json.loads(invocation.answer.body)


@pytest.fixture
def bindings() -> Iterator[LocalBindings]:
    """A fresh database with a table of three columns of different affinity."""
    with Database.memory() as database:
        database.exec("CREATE TABLE t (n INTEGER, s TEXT, x)")
        yield LocalBindings(database)


@pytest.fixture
def wrapped(bindings: LocalBindings) -> Worker:
    """A worker whose SDK converts values at bindings."""
    return Worker(bindings)


@pytest.fixture
def raw(bindings: LocalBindings) -> Worker:
    """A worker with raw bindings."""
    return Worker(bindings, date=RAW_DATE)

"""SRC002: a write is awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.source.model import StatementSite
from diagnose.project.source.side_tables import is_side_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.source.model import SendSite, Source, UnawaitedCall

_STARTED = "it starts, but nothing waits for it: the worker may end before it is done, and its error is lost"
_NOT_STARTED = "a coroutine that is not awaited never starts, so nothing is written"
_UNCALLED = "it is handed on without being called, so nothing is written"
_LONGEST = 60


class UnawaitedWrite(Check):
    """A call that writes to D1 or sends to a queue must be awaited.

    ## What it checks

    Every call of a D1 method that executes (`run`, `batch`, `exec`, and `all`, `first`, `raw` of a statement
    that writes), of a queue's `send` and `sendBatch`, and of a coroutine function of the project that
    leads to one of them: is what it returns awaited, gathered, returned, made a task or given to
    `waitUntil`? It is not when the statement drops it, when it is kept in a variable or a list that
    nothing looks at, or when `meta`, `results` or `success` is read from it as if it were the answer. Nor is
    a function that `waitUntil` gets without a call: it waits for promises only. A write
    that is detached on purpose, as a task, is for SRC001.

    ## Why it matters

    A Python coroutine that is never awaited never starts
    (https://docs.python.org/3/library/asyncio-dev.html#detect-never-awaited-coroutines): the function's
    writes do not happen, and all there is to see is a RuntimeWarning. A D1 or queue call does start, but what
    is still pending when the handler returns may be cancelled
    (https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil), its error reaches nobody, and
    a queue consumer acknowledges messages whose rows are not written yet.

    ## Example

    ```python
    async def queue(self, batch):
        for message in batch.messages:
            store(self.env, message.body)
    ```

    ```python
    async def queue(self, batch):
        for message in batch.messages:
            await store(self.env, message.body)
    ```

    ## Remedy

    Put `await` in front of the call. For several at a time await `asyncio.gather(…)`; for work after the
    response use `self.ctx.waitUntil(…)`.

    ## Fix safety

    Safe: `await ` is inserted in front of the call, in parentheses where an attribute follows, and nothing
    else changes; a function that is not called gets its parentheses. Refused where the function around the
    call is no `async def`, and where it is not known what a function is to be called with.

    ## Evidence

    - `call`: as written.
    - `function`: where it is made.
    - `starts`: false for a coroutine, of which nothing happens; true for a call that runs unobserved.
    - `writes`: lines of the writes that depend on it, as `path:line`.
    - `tables`: the tables or queues they write to.
    - `calls`: of a pass, how many writes were looked at.

    ## Permissions

    None: it reads the source only.
    """

    code = "SRC002"
    name = "unawaited-write"
    severity = Severity.ERROR
    requires = frozenset({Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for each call that nothing waits for."""
        source = ctx.source
        for call in source.unawaited:
            yield self._forgotten(call, source)
        if not source.unawaited:
            yield self.passed(
                "every write is awaited", evidence={"calls": len(source.sites) + len(source.sends)}
            )

    def _forgotten(self, call: UnawaitedCall, source: Source) -> Finding:
        starts = call.by in {"binding", "group"} or (call.by == "function" and source.language != "python")
        writes = _writes(call, source)
        tables = list(dict.fromkeys(filter(None, map(_goes_to, writes))))
        severity, confidence = _weight(writes, starts=starts)
        consequence = _STARTED if starts else _UNCALLED if call.by == "uncalled" else _NOT_STARTED
        return self.problem(
            f"`{_short(call.call)}` in {call.function} is not awaited: {consequence}",
            severity=severity,
            confidence=confidence,
            location=call.location,
            evidence={
                "call": call.call,
                "function": call.function,
                "starts": starts,
                "writes": [f"{write.path}:{write.line}" for write in call.writes],
                "tables": tables,
            },
            explains=("E2E002",),
        )


def _short(call: str) -> str:
    text = " ".join(call.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _writes(call: UnawaitedCall, source: Source) -> list[StatementSite | SendSite]:
    sites: list[StatementSite | SendSite] = [*source.sites, *source.sends]
    return [site for site in sites if site.location in call.writes]


def _goes_to(write: StatementSite | SendSite) -> str | None:
    return write.table if isinstance(write, StatementSite) else write.binding


def _weight(writes: list[StatementSite | SendSite], *, starts: bool) -> tuple[Severity, Confidence]:
    """A line of a log or cache that is written unobserved is often meant so."""
    if not any(write.reachable for write in writes):
        return Severity.ADVICE, Confidence.LOW
    if starts and all(isinstance(write, StatementSite) and is_side_table(write.table) for write in writes):
        return Severity.ERROR, Confidence.LOW
    return Severity.ERROR, Confidence.HIGH

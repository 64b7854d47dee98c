"""SRC001: a failed write is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.project.source.beside import is_one_row, written_at
from diagnose.project.source.side_tables import is_side_table
from diagnose.rewriting import invented_counts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.plugin import Context, Finding
    from diagnose.project.source.model import ErrorHandling, ReportedCount, Source

_WHAT = {
    "except": "the handler swallows an error of the write: the failure goes unnoticed",
    "finally": "leaving the `finally` from within drops an error of the write: the failure goes unnoticed",
    "suppress": "an error of the write is suppressed: the failure goes unnoticed",
    "fire-and-forget": "nothing waits for the task that writes: the failure goes unnoticed",
}


class SwallowedError(Check):
    """An error of a D1 or queue write must reach somebody, and a reported count must come from D1.

    ## What it checks

    `except` clauses, `suppress`, and a `return` in `finally` around writes to D1 or a queue, directly or
    through the functions they call, and writes that run in a task which nothing waits for (a forgotten
    `await` is SRC002; what a `queue` handler acknowledges by it is QUE005). A handler that raises, answers
    with a status of 400 or more, retries, or hands the error on is in order. Further, numbers of rows that a
    response gives out after a write, or a log where no response gives one: they must come from
    `meta.changes`.

    ## Why it matters

    D1 reports a refused statement by an exception and by nothing else
    (https://developers.cloudflare.com/d1/observability/debug-d1/). Who only prints it answers 200 with
    a count although nothing was written. And `len(rows)` says how many rows were sent:
    `INSERT OR IGNORE` may have stored none of them.

    ## Example

    ```python
    try:
        await store(env, rows)
    except Exception as error:
        print(f"Import failed: {error}")
    return Response.json({"inserted": len(rows)})
    ```

    ```python
    try:
        stored = await store(env, rows)
    except Exception as error:
        print(f"Import failed: {error}")
        raise
    return Response.json({"inserted": stored})
    ```

    ## Remedy

    Raise the error again, or answer with it. Report the sum of `result.meta.changes`.

    ## Fix safety

    Review: what was swallowed now stops the request, the cron run or the queue delivery. Handlers
    keep what they do and raise afterwards; detached writes are awaited; counts are those of D1.

    ## Evidence

    - `kind`: `except`, `suppress`, `finally` or `fire-and-forget`; `count` for a reported number.
    - `function`: where it happens.
    - `writes`: lines of the writes that it concerns, as `path:line`.
    - `tables`: the tables or queues they write to.
    - `reported_success`: the line of the response that then says all is well, or null.
    - `expression`, `origin`, `medium` (of `count`): the number, the line it comes from, and who reads it.

    ## Permissions

    None: it reads the source only.
    """

    code = "SRC001"
    name = "swallowed-error"
    severity = Severity.ERROR
    requires = frozenset({Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Look at each handler and each reported number."""
        source = ctx.source
        handlers = [
            handling
            for handling in source.error_handlers
            if handling.swallows
            and handling.writes
            and not _is_acked(handling, source)
            and not _is_beside_the_import(handling, source)
        ]
        counts = list(invented_counts(source))
        for handling in handlers:
            yield self._swallowed(handling, source)
        for count in counts:
            yield self._miscounted(count)
        if not handlers and not counts:
            yield self.passed("errors of D1 and queue writes are noticed, and counts come from D1")

    def _swallowed(self, handling: ErrorHandling, source: Source) -> Finding:
        tables = written_at(source, handling.writes)
        severity, confidence = _weight(handling, source, tables)
        where = f"{handling.function} writes to {', '.join(tables)}" if tables else handling.function
        return self.problem(
            f"{_WHAT[handling.kind]} ({where})",
            severity=severity,
            confidence=confidence,
            location=handling.location,
            evidence={
                "kind": handling.kind,
                "function": handling.function,
                "writes": [f"{write.path}:{write.line}" for write in handling.writes],
                "tables": list(tables),
                "reported_success": str(handling.reported_success) if handling.reported_success else None,
            },
            explains=("E2E002",),
        )

    def _miscounted(self, count: ReportedCount) -> Finding:
        to_a_caller = count.medium == "response"
        return self.problem(
            f"the {count.medium} reports {count.expression} as the number of rows: "
            "that is how many were sent, not how many D1 stored",
            severity=Severity.WARNING if to_a_caller else Severity.ADVICE,
            confidence=Confidence.MEDIUM if to_a_caller else Confidence.LOW,
            location=count.location,
            evidence={
                "kind": "count",
                "expression": count.expression,
                "origin": f"{count.origin.path}:{count.origin.line}",
                "medium": count.medium,
            },
        )


def _is_acked(handling: ErrorHandling, source: Source) -> bool:
    """In a `queue` handler the failure ends in an ack: QUE005 says so."""
    return any(failure.span == handling.span for failure in source.acked_failures)


def _is_beside_the_import(handling: ErrorHandling, source: Source) -> bool:
    """One line for a log or cache, or one row kept up to date after the response: no import is lost."""
    sites = [site for site in source.sites if site.location in handling.writes]
    queued = any(send.location in handling.writes for send in source.sends)
    if queued or not sites or any(site.loops or not is_one_row(site) for site in sites):
        return False
    return handling.after_response or all(is_side_table(site.table) for site in sites)


def _weight(handling: ErrorHandling, source: Source, tables: tuple[str, ...]) -> tuple[Severity, Confidence]:
    """A lost cache entry or log line is no lost import."""
    reachable = [site.reachable for site in source.sites if site.location in handling.writes]
    reachable += [send.reachable for send in source.sends if send.location in handling.writes]
    if reachable and not any(reachable):
        return Severity.ADVICE, Confidence.LOW
    if tables and all(map(is_side_table, tables)):
        return Severity.ERROR, Confidence.LOW
    told = handling.reported_success is not None or handling.kind == "fire-and-forget"
    return Severity.ERROR, Confidence.HIGH if told else Confidence.MEDIUM

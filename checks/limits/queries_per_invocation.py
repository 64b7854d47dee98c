"""LIM003: one invocation stays within the D1 queries that the plan allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.plugin import Check, Confidence, Need, Severity
from diagnose.simulation import Verdict, usage, verdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from diagnose.plugin import Context, Finding, Json
    from diagnose.project.source.model import StatementSite
    from diagnose.simulation import Usage


class QueriesPerInvocation(Check):
    """One invocation must not send more queries to D1 than its plan allows.

    ## What it checks

    For every place that sends a statement, how often one invocation gets there: the turns of the
    loops around it, through the functions that call it, where the source or the request for the
    data names a number. A loop of unknown length is no finding; one over `batch.messages` has as many
    turns as the consumer's config lets through.

    ## Why it matters

    D1 allows 50 queries per invocation on the free plan and 1,000 on the paid one
    (https://developers.cloudflare.com/d1/platform/limits/). Beyond that the call fails with
    `Too many API requests by single worker invocation`, and only the first rows are stored. Local
    development does not enforce it. Whether a `batch()` counts once or once per statement is not
    documented, so both are computed: above the limit either way is an error, one way a warning.

    ## Example

    2,000 queries for 2,000 rows:

    ```python
    for row in rows:
        await insert.bind(row["day"], row["price"]).run()
    ```

    One query:

    ```python
    sql = "INSERT INTO prices (day, price) SELECT value->>0, value->>1 FROM json_each(?1)"
    for part in json_parts([[row["day"], row["price"]] for row in rows]):
        await env.DB.prepare(sql).bind(part).run()
    ```

    ## Remedy

    Fewer, larger statements: bind the rows as one JSON text and let `json_each` take it apart.

    ## Fix safety

    Review: rows are collected first and written together, so that a row which is refused takes the
    others of its statement with it. A loop that does more with D1 than write is left alone. Where a
    helper executes what it is given, the loop around its call changes and the helper stays. With
    `--option option=queue` the rows of an INSERT go through a queue instead, as QUE001 describes.

    ## Evidence

    - `binding`, `table`, `verb`, `function`: which statement it is.
    - `calls`: queries per invocation when a `batch()` counts once.
    - `statements`: queries per invocation when each of its statements counts.
    - `limit`: of the plan that applies.
    - `free`, `paid`: the verdict under each plan: `within`, `depends` (on how `batch()` counts) or
      `exceeds`.

    A pass gives `statements`, `free` and `paid` of the place that sends most, and in `unknown` the
    number of places whose loops have a length that the source does not tell.

    ## Permissions

    None: it reads the source only.
    """

    code = "LIM003"
    name = "queries-per-invocation"
    severity = Severity.ERROR
    requires = frozenset({Need.SOURCE})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """Count the queries of each site."""
        used = [(site, usage(site)) for site in ctx.source.sites]
        limit = LIMITS.d1.queries_per_invocation.of(ctx.plan)
        exceeding = 0
        for site, queries in used:
            if queries is None or _is_remote(site, queries, limit):
                continue
            if verdict(queries, limit) is Verdict.WITHIN:
                continue
            exceeding += 1
            yield self._finding_for(site, queries, ctx)
        if not exceeding:
            known = [queries for _, queries in used if queries is not None]
            yield self.passed(
                f"no place sends more than {limit:,} queries in one invocation, as far as the source tells",
                evidence=_most(known) | {"unknown": len(used) - len(known)},
            )

    def _finding_for(self, site: StatementSite, queries: Usage, ctx: Context) -> Finding:
        limit = LIMITS.d1.queries_per_invocation.of(ctx.plan)
        severity = Severity.ERROR if verdict(queries, limit) is Verdict.EXCEEDS else Severity.WARNING
        return self.problem(
            _message(site, queries, limit, ctx.plan),
            severity=severity if site.reachable else Severity.ADVICE,
            confidence=_confidence(site, queries),
            location=site.location,
            evidence=_evidence(site, queries, limit),
            explains=("E2E001", "E2E002", "E2E004"),
        )


def _is_remote(site: StatementSite, queries: Usage, limit: int) -> bool:
    """It takes a full delivery with the most of each message, and a `batch()` that counts each statement."""
    return site.handlers == {"queue"} and not queries.certain and verdict(queries, limit) is Verdict.DEPENDS


def _confidence(site: StatementSite, queries: Usage) -> Confidence:
    if not site.reachable:
        return Confidence.LOW
    return Confidence.HIGH if queries.certain else Confidence.MEDIUM


def _message(site: StatementSite, queries: Usage, limit: int, plan: str) -> str:
    what = f"{site.verb or 'statement'} in {site.function}"
    if queries.calls > limit:
        return (
            f"one invocation sends {queries.calls:,} queries for the {what}; the {plan} plan allows {limit:,}"
        )
    return (
        f"one invocation sends {queries.statements:,} statements in {queries.calls:,} batch() calls for the "
        f"{what}; if each statement counts, the {plan} plan's {limit:,} queries are not enough"
    )


def _most(used: list[Usage]) -> dict[str, Json]:
    """The figures of the place that sends most."""
    plans = LIMITS.d1.queries_per_invocation
    most = max(used, key=lambda queries: queries.statements, default=None)
    if most is None:
        return {"statements": 0}
    return {
        "statements": most.statements,
        "free": verdict(most, plans.free),
        "paid": verdict(most, plans.paid),
    }


def _evidence(site: StatementSite, queries: Usage, limit: int) -> Mapping[str, Json]:
    plans = LIMITS.d1.queries_per_invocation
    return {
        "binding": site.binding,
        "table": site.table,
        "verb": site.verb,
        "function": site.function,
        "calls": queries.calls,
        "statements": queries.statements,
        "limit": int(limit),
        "free": verdict(queries, plans.free),
        "paid": verdict(queries, plans.paid),
    }

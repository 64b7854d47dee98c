"""The datasets of the analytics API that an embedded account has, as records of dimensions and facts.

https://developers.cloudflare.com/d1/observability/metrics-analytics/,
https://developers.cloudflare.com/queues/observability/metrics/,
https://developers.cloudflare.com/analytics/graphql-api/tutorials/querying-workers-metrics/. The real ones
are sampled and lag by minutes; these are exact and immediate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from diagnose.embedded.analytics.counting import written_hour
from diagnose.embedded.state import timestamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from diagnose.embedded.account import EmbeddedAccount

_STATUS: Final[Mapping[str, str]] = {
    "ok": "success",
    "canceled": "clientDisconnected",
    "exception": "scriptThrewException",
    "exceededCpu": "exceededResources",
    "exceededMemory": "exceededResources",
}


@dataclass(frozen=True, slots=True)
class Record:
    """What is known about `count` things that share their dimensions: the sums of their facts."""

    dimensions: Mapping[str, str]
    facts: Mapping[str, float]
    count: int = 1


def d1_analytics(account: EmbeddedAccount) -> Iterator[Record]:
    """Queries of D1 by database and hour."""
    for key, totals in account.query_counts.totals:
        yield Record(
            {"databaseId": key.database_id, **_hour(key.hour)},
            {
                "readQueries": totals.queries - totals.writes,
                "writeQueries": totals.writes,
                "rowsRead": totals.rows_read,
                "rowsWritten": totals.rows_written,
                "queryBatchTimeMs": totals.duration_ms,
            },
            totals.queries,
        )


def d1_queries(account: EmbeddedAccount) -> Iterator[Record]:
    """Queries of D1 by their text; texts beyond the first 10,000 have none."""
    for key, totals in account.query_counts.totals:
        yield Record(
            {"databaseId": key.database_id, "query": key.text, **_hour(key.hour)},
            {
                "queryDurationMs": totals.duration_ms,
                "rowsRead": totals.rows_read,
                "rowsWritten": totals.rows_written,
                "rowsReturned": totals.rows_returned,
            },
            totals.queries,
        )


def d1_storage(account: EmbeddedAccount) -> Iterator[Record]:
    """How large each database is now."""
    for uuid in account.databases:
        size = account.database(uuid).size_bytes
        yield Record({"databaseId": uuid, **_now()}, {"databaseSizeBytes": size})


def queue_backlog(account: EmbeddedAccount) -> Iterator[Record]:
    """What waits in each queue now."""
    for queue_id in account.queues:
        backlog = account.backlog(queue_id)
        facts = {"messages": backlog.messages, "bytes": backlog.bytes}
        yield Record({"queueId": queue_id, **_now()}, facts)


def worker_invocations(account: EmbeddedAccount) -> Iterator[Record]:
    """Invocations that were executed and are still kept."""
    for invocation in account.observed.invocations:
        status = _STATUS.get(invocation.outcome, "internalError")
        moment = timestamp_of(invocation.timestamp)
        yield Record(
            {
                "scriptName": invocation.script,
                "status": status,
                "scriptVersion": invocation.version_id,
                **_hour(moment[:13] + ":00:00Z"),
                "datetime": moment[:19] + "Z",
            },
            {
                "requests": 1,
                "errors": int(status not in {"success", "clientDisconnected"}),
                "cpuTime": invocation.cpu_ms * 1000,
                "wallTime": invocation.wall_ms * 1000,
            },
        )


DATASETS: Final[Mapping[str, Callable[[EmbeddedAccount], Iterator[Record]]]] = {
    "d1AnalyticsAdaptiveGroups": d1_analytics,
    "d1QueriesAdaptiveGroups": d1_queries,
    "d1StorageAdaptiveGroups": d1_storage,
    "queueBacklogAdaptiveGroups": queue_backlog,
    "queuesBacklogAdaptiveGroups": queue_backlog,
    "workersInvocationsAdaptive": worker_invocations,
}


def _hour(hour: str) -> dict[str, str]:
    return {"datetimeHour": hour, "date": hour[:10]}


def _now() -> dict[str, str]:
    now = datetime.now(UTC)
    return {**_hour(written_hour(now)), "datetime": now.strftime("%Y-%m-%dT%H:%M:%SZ")}

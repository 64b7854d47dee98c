"""Every limit that the product knows, each with where it is written down or how it was measured.

Nothing else in the code holds such a number.
"""

# ruff: noqa: RUF009 - the defaults are numbers, which cannot be changed through one instance

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Final, TypeVar

from diagnose.d1.limit import ByPlan, Limit, Period, Plan, SafeDoubles

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = [
    "LIMITS",
    "ApiLimits",
    "ByPlan",
    "D1Limits",
    "Limit",
    "Limits",
    "Period",
    "Plan",
    "QueueLimits",
    "SafeDoubles",
    "WorkerLimits",
]

Group = TypeVar("Group", bound="DataclassInstance")

_D1: Final = ("https://developers.cloudflare.com/d1/platform/limits/", "2026-04-21")
_MEASURED: Final = ("measured: workerd 1.20261117.1", "2026-11-23")
_QUEUES: Final = ("https://developers.cloudflare.com/queues/platform/limits/", "2026-11-23")
_BATCHING: Final = (
    "https://developers.cloudflare.com/queues/configuration/batching-retries/",
    "2026-11-23",
)
_PULL: Final = ("https://developers.cloudflare.com/queues/configuration/pull-consumers/", "2026-11-23")
_WORKERS: Final = ("https://developers.cloudflare.com/workers/platform/limits/", "2026-11-23")
_API: Final = ("https://developers.cloudflare.com/fundamentals/api/reference/limits/", "2026-11-23")
_SQLITE: Final = ("https://sqlite.org/limits.html", "2026-11-23")


def _limit(
    value: int,
    unit: str,
    source: tuple[str, str],
    error: str | None = None,
    runtime: int | None = None,
    *,
    since: str | None = None,
    earlier: tuple[Period, ...] = (),
) -> Limit:
    limit = Limit(value, unit=unit, source=source, error=error, runtime=runtime, since=since, earlier=earlier)
    return field(default=limit)


def _group_at(group: Group, day: str) -> Group:
    """The limits of a group as they were on a day (ISO)."""
    entries = {entry.name: getattr(group, entry.name) for entry in fields(group)}
    return replace(
        group,
        **{name: limit.at(day) for name, limit in entries.items() if isinstance(limit, Limit | ByPlan)},
    )


def _by_plan(free: int, paid: int, unit: str, source: tuple[str, str], error: str | None = None) -> ByPlan:
    return field(
        default=ByPlan(
            free=Limit(free, unit=unit, source=source, error=error),
            paid=Limit(paid, unit=unit, source=source, error=error),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class D1Limits:
    """What D1 accepts. Texts are those after `D1_ERROR: `; N stands for an offset."""

    bound_parameters: Limit = _limit(
        100, "parameters per statement", _D1, "too many SQL variables at offset N: SQLITE_ERROR"
    )
    statement_bytes: Limit = _limit(
        100_000, "UTF-8 bytes per statement", _D1, "statement too long: SQLITE_TOOBIG"
    )
    value_bytes: Limit = _limit(
        2_000_000,
        "bytes per string, blob or row",
        _D1,
        "string or blob too big: SQLITE_TOOBIG",
        runtime=8_388_642,
        since="2026-11-17",
        earlier=(
            Period(
                since="2026-08-22",
                value=2_000_000,
                runtime=4 * 1024**2,
                source="https://github.com/cloudflare/workerd, source of 2026-08-22; not measured",
            ),
            Period(
                since="2026-04-26",
                value=2_000_000,
                runtime=2_200_000,
                source="measured: workerd 1.20260426.1 and 1.20260730.1",
            ),
        ),
    )
    columns: Limit = _limit(100, "columns per table", _D1, "too many columns on T: SQLITE_ERROR")
    function_arguments: Limit = _limit(
        32,
        "arguments per SQL function",
        _D1,
        "too many arguments on function F at offset N: SQLITE_ERROR",
        runtime=127,
    )
    compound_select_terms: Limit = _limit(
        5, "terms per compound SELECT", _MEASURED, "too many terms in compound SELECT: SQLITE_ERROR"
    )
    expression_depth: Limit = _limit(
        100, "levels", _MEASURED, "Expression tree is too large (maximum depth 100): SQLITE_ERROR"
    )
    like_pattern_bytes: Limit = _limit(
        50, "bytes per LIKE or GLOB pattern", _D1, "LIKE or GLOB pattern too complex: SQLITE_ERROR"
    )
    trigger_depth: Limit = _limit(10, "levels", _MEASURED, "triggers nested too deep: SQLITE_ERROR")
    attached_databases: Limit = _limit(0, "databases", _MEASURED, "not authorized: SQLITE_AUTH")
    join_tables: Limit = _limit(64, "tables per join", _SQLITE, "at most 64 tables in a join: SQLITE_ERROR")
    json_depth: Limit = _limit(1_000, "levels of JSON", _SQLITE, "malformed JSON: SQLITE_ERROR")
    json_doubles: SafeDoubles = field(default_factory=SafeDoubles)
    database_bytes: ByPlan = _by_plan(500_000_000, 10_000_000_000, "bytes per database", _D1)
    account_bytes: ByPlan = _by_plan(5_000_000_000, 1_000_000_000_000, "bytes per account", _D1)
    databases: ByPlan = _by_plan(10, 50_000, "databases per account", _D1)
    queries_per_invocation: ByPlan = _by_plan(
        50, 1_000, "queries per Worker invocation", _D1, "Too many API requests by single worker invocation"
    )
    query_seconds: Limit = _limit(30, "seconds per query or batch", _D1)
    connections: Limit = _limit(6, "simultaneous connections per invocation", _D1)
    time_travel_days: ByPlan = _by_plan(7, 30, "days that Time Travel goes back", _D1)
    import_file_bytes: Limit = _limit(5_000_000_000, "bytes per imported file", _D1)

    def pinned(self, **numbers: int) -> D1Limits:
        """A copy in which the named limits are enforced with other numbers."""
        return replace(self, **{name: getattr(self, name).pinned(number) for name, number in numbers.items()})

    def documented(self) -> D1Limits:
        """A copy that enforces the documented number where the runtime accepts more."""
        tighter = {
            entry.name: int(limit)
            for entry in fields(self)
            if isinstance(limit := getattr(self, entry.name), Limit) and limit.runtime is not None
        }
        return self.pinned(**tighter)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLimits:
    """What Queues accept, and the defaults of a consumer."""

    message_bytes: Limit = _limit(
        128_000,
        "bytes per serialized message",
        _QUEUES,
        "Queue send failed: message length of N bytes exceeds limit of 128000",
    )
    metadata_bytes: Limit = _limit(100, "bytes of metadata that may count towards a message", _QUEUES)
    batch_messages: Limit = _limit(
        100,
        "messages per sendBatch",
        _QUEUES,
        "Queue sendBatch failed: batch message count of N exceeds limit of 100",
    )
    batch_bytes: Limit = _limit(
        256_000,
        "bytes per sendBatch",
        _QUEUES,
        "Queue sendBatch failed: batch size of N bytes exceeds limit of 288000",
        runtime=288_000,
    )
    delay_seconds: Limit = _limit(86_400, "seconds", _QUEUES, "Queue send failed: Internal Server Error")
    default_batch_size: Limit = _limit(10, "messages per delivery", _BATCHING)
    max_batch_size: Limit = _limit(100, "messages per delivery", _BATCHING)
    default_batch_timeout: Limit = _limit(5, "seconds", _BATCHING)
    max_batch_timeout: Limit = _limit(60, "seconds", _BATCHING)
    default_retries: Limit = _limit(3, "retries per message", _BATCHING)
    max_retries: Limit = _limit(100, "retries per message", _BATCHING)
    concurrency: Limit = _limit(250, "concurrent invocations of a consumer", _QUEUES)
    consumers: Limit = _limit(1, "Worker consumers per queue", _QUEUES)
    queues: Limit = _limit(10_000, "queues per account", _QUEUES)
    backlog_bytes: Limit = _limit(25_000_000_000, "bytes that wait in a queue", _QUEUES)
    min_retention_seconds: Limit = _limit(60, "seconds that a message is kept", _QUEUES)
    default_retention_seconds: Limit = _limit(345_600, "seconds that a message is kept", _QUEUES)
    max_retention_seconds: ByPlan = _by_plan(86_400, 1_209_600, "seconds that a message is kept", _QUEUES)
    default_pull_size: Limit = _limit(5, "messages per pull", _PULL)
    default_visibility_seconds: Limit = _limit(30, "seconds that a pulled message stays hidden", _PULL)
    max_visibility_seconds: Limit = _limit(43_200, "seconds that a pulled message stays hidden", _PULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """What one invocation of a Worker may use."""

    subrequests: ByPlan = _by_plan(50, 10_000, "subrequests per invocation", _WORKERS)
    cpu_ms: ByPlan = _by_plan(10, 30_000, "milliseconds of CPU per invocation", _WORKERS)
    max_cpu_ms: Limit = _limit(300_000, "milliseconds that `limits.cpu_ms` may ask for", _WORKERS)
    memory_bytes: Limit = _limit(128_000_000, "bytes per isolate", _WORKERS)
    background_seconds: Limit = _limit(900, "seconds for cron and queue handlers", _WORKERS)
    cron_triggers: ByPlan = _by_plan(5, 250, "cron triggers per account", _WORKERS)
    connections: Limit = _limit(6, "simultaneous outgoing connections", _WORKERS)
    request_body_bytes: Limit = _limit(100_000_000, "bytes per request body", _WORKERS)
    script_bytes: Limit = _limit(64 * 1024**2, "bytes of a worker's code", _WORKERS)
    variables: ByPlan = _by_plan(64, 128, "environment variables", _WORKERS)
    variable_bytes: Limit = _limit(5_000, "bytes per environment variable", _WORKERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLimits:
    """What Cloudflare's REST API accepts of one user or account token."""

    requests: Limit = _limit(1_200, "requests per five minutes", _API, "HTTP 429")
    seconds: Limit = _limit(300, "seconds", _API)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Everything together; `LIMITS` is the newest state known."""

    d1: D1Limits = field(default_factory=D1Limits)
    queues: QueueLimits = field(default_factory=QueueLimits)
    workers: WorkerLimits = field(default_factory=WorkerLimits)
    api: ApiLimits = field(default_factory=ApiLimits)

    def at(self, day: str) -> Limits:
        """The state as it was on a day (ISO), so that a test or a user may hold to an older runtime.

        What is not known to have changed is as it is today. The size of a compiled statement, which builds
        up to 2026-07-30 bounded, is no limit here.
        """
        return Limits(
            d1=_group_at(self.d1, day),
            queues=_group_at(self.queues, day),
            workers=_group_at(self.workers, day),
            api=_group_at(self.api, day),
        )


LIMITS: Final = Limits()

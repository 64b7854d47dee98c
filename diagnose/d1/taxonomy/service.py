"""What D1 and Workers answer when they are busy, restarted, or a plan's allowance is used up."""

from __future__ import annotations

from typing import Final

from diagnose.d1.errors import ErrorClass
from diagnose.d1.limits import LIMITS
from diagnose.d1.taxonomy.known import D1_LIMITS, DEBUGGING, WORKER_LIMITS, KnownError

_QUERIES: Final = LIMITS.d1.queries_per_invocation
_REQUESTS: Final = LIMITS.workers.subrequests
_RETRY: Final = (
    "retry with growing, random pauses, and only what may be done twice (INSERT OR IGNORE, an upsert)"
)

TROUBLE: Final = (
    KnownError(
        name="D1 is overloaded",
        kind=ErrorClass.TRANSIENT,
        pattern=r"D1 DB is overloaded|Requests queued for too long|Too many requests queued",
        meaning="More queries wait for this database than it can answer; a database answers one after the "
        "other.",
        remedy=f"fewer, larger statements; {_RETRY}",
        checks=("LIM003", "SRC007"),
        example="D1_ERROR: D1 DB is overloaded. Too many requests queued.",
        source=DEBUGGING,
        not_begun=True,
    ),
    KnownError(
        name="query took too long",
        kind=ErrorClass.TRANSIENT,
        pattern=r"exceeded timeout which caused object to be reset|D1 DB exceeded its CPU time limit",
        meaning=f"A query or batch ran longer than {LIMITS.d1.query_seconds} seconds, and the database was "
        "restarted.",
        remedy=f"smaller batches, an index for the WHERE; {_RETRY}",
        checks=("LIM003",),
        example="D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
        source=DEBUGGING,
    ),
    KnownError(
        name="D1 was restarted or unreachable",
        kind=ErrorClass.TRANSIENT,
        pattern=r"object to be reset|reset because its code was updated|Network connection lost",
        meaning="The database moved or was restarted. Whether the statement ran is not known.",
        remedy=_RETRY,
        checks=("SRC007",),
        example="D1_ERROR: Network connection lost.",
        source=DEBUGGING,
    ),
    KnownError(
        name="D1 is not ready",
        kind=ErrorClass.TRANSIENT,
        pattern=r"Internal error while starting up D1|Cannot resolve D1 DB due to transient issue"
        r"|currently processing a long-running import",
        meaning="The database is starting, cannot be found for a moment, or is importing a file. The "
        "statement was not begun.",
        remedy=_RETRY,
        example="D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.",
        source=DEBUGGING,
        not_begun=True,
    ),
    KnownError(
        name="internal error",
        kind=ErrorClass.TRANSIENT,
        pattern=r"internal error; reference\s*=",
        meaning="The transaction around the call was lost: trouble of the service, a conflict in INSERT OR "
        "ROLLBACK, or a deferred foreign key that is still violated. Nothing of the call was written.",
        remedy=f"{_RETRY}; if it comes every time, look for OR ROLLBACK and defer_foreign_keys",
        example="internal error; reference = 0a1b2c3d4e5f6a7b8c9d0e1f",
        source="measured on workerd",
    ),
)

ALLOWANCES: Final = (
    KnownError(
        name="too many queries in one invocation",
        kind=ErrorClass.ACCOUNT,
        pattern=r"Too many API requests by single worker invocation|Too many subrequests",
        meaning=f"One invocation made more than {_QUERIES.free} (free plan) or {_QUERIES.paid:,} (paid plan) "
        f"D1 queries, or more than {_REQUESTS.free} or {_REQUESTS.paid:,} requests in all. What "
        "came before was written, what came after was not.",
        remedy="fewer, larger statements: thousands of rows fit into one json_each(?1); or spread them over "
        "queue messages",
        checks=("LIM003", "QUE001"),
        example="Error: Too many API requests by single worker invocation.",
        source=D1_LIMITS,
    ),
    KnownError(
        name="daily allowance used up",
        kind=ErrorClass.ACCOUNT,
        pattern=r"exceeded D1's free tier daily|free tier daily row (?:read|write) limit",
        meaning="The free plan's rows per day are used up; every index entry counts as a row written.",
        remedy="wait for midnight UTC, or use a paid plan; drop indexes that nothing needs",
        checks=("LIM007",),
        example="Your account has exceeded D1's free tier daily row write limit.",
        source="https://developers.cloudflare.com/d1/platform/pricing/",
    ),
    KnownError(
        name="database full",
        kind=ErrorClass.ACCOUNT,
        pattern=r"database or disk is full|SQLITE_FULL|Exceeded maximum DB size",
        meaning=f"The database has its largest size ({LIMITS.d1.database_bytes.paid / 1e9:g} GB on the paid "
        "plan), or an AUTOINCREMENT column its last number.",
        remedy="delete old rows, or divide the data among databases",
        example="D1_ERROR: Exceeded maximum DB size",
        source=D1_LIMITS,
    ),
    KnownError(
        name="worker used too much time or memory",
        kind=ErrorClass.ACCOUNT,
        pattern=r"Worker exceeded (?:CPU time|resource|memory) limits?|exceededCpu|exceededMemory",
        meaning="The invocation used more CPU time or memory than its plan allows, and was ended.",
        remedy="do less per invocation: stream, cut by pages, one queue message per part",
        checks=("QUE001", "LIM003"),
        example="Error: Worker exceeded CPU time limit.",
        source=WORKER_LIMITS,
    ),
)

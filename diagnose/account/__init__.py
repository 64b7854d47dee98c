"""The client of Cloudflare's REST API, for a real account and for an embedded one alike."""

from diagnose.account.account import Account, AccountKind, WorkerUpload
from diagnose.account.errors import (
    AllowanceError,
    ApiError,
    CredentialError,
    MalformedAnswerError,
    MissingPermissionError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    ServerError,
    StatementError,
    UnreachableError,
)
from diagnose.account.facts import (
    DatabaseInfo,
    Deployment,
    QueryMeta,
    QueryResult,
    ScriptInfo,
    ScriptSettings,
    Subdomain,
    TokenInfo,
)
from diagnose.account.queue_facts import ConsumerInfo, ConsumerSpec, QueueBacklog, QueueInfo
from diagnose.account.secret import Secret

__all__ = [
    "Account",
    "AccountKind",
    "AllowanceError",
    "ApiError",
    "ConsumerInfo",
    "ConsumerSpec",
    "CredentialError",
    "DatabaseInfo",
    "Deployment",
    "MalformedAnswerError",
    "MissingPermissionError",
    "NotFoundError",
    "OutcomeUnknownError",
    "QueryMeta",
    "QueryResult",
    "QueueBacklog",
    "QueueInfo",
    "RateLimitedError",
    "ScriptInfo",
    "ScriptSettings",
    "Secret",
    "ServerError",
    "StatementError",
    "Subdomain",
    "TokenInfo",
    "UnreachableError",
    "WorkerUpload",
]

"""What an invocation of a worker is given, what it may reach, and what is known about it afterwards.

Every runtime (inline, workerd) speaks in these types; none of them does input or output.
"""

from diagnose.embedded.invocation.bindings import (
    Backlog,
    BindingError,
    Bindings,
    HttpAnswer,
    OutboundRequest,
    OutgoingMessage,
)
from diagnose.embedded.invocation.outcome import (
    D1Method,
    Event,
    EventKind,
    ExecutedStatement,
    Invocation,
    OutboundFetch,
    Outcome,
    SentMessage,
    Sqlite,
    WorkerException,
)
from diagnose.embedded.invocation.runtime import (
    DEFAULT_RUNTIME_LIMITS,
    BindingKind,
    Runtime,
    RuntimeLimits,
    WorkerCode,
)
from diagnose.embedded.invocation.trigger import IncomingMessage, QueueAnswer, Trigger

__all__ = [
    "DEFAULT_RUNTIME_LIMITS",
    "Backlog",
    "BindingError",
    "BindingKind",
    "Bindings",
    "D1Method",
    "Event",
    "EventKind",
    "ExecutedStatement",
    "HttpAnswer",
    "IncomingMessage",
    "Invocation",
    "OutboundFetch",
    "OutboundRequest",
    "Outcome",
    "OutgoingMessage",
    "QueueAnswer",
    "Runtime",
    "RuntimeLimits",
    "SentMessage",
    "Sqlite",
    "Trigger",
    "WorkerCode",
    "WorkerException",
]

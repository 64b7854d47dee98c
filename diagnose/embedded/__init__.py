"""A Cloudflare account in this process: its REST API, D1, Queues, and a runtime that executes workers."""

from diagnose.embedded.account import EmbeddedAccount
from diagnose.embedded.deploying import Upload
from diagnose.embedded.derive import Blueprint, BlueprintDatabase, derive, fill
from diagnose.embedded.metering import QueryCount, count_queries
from diagnose.embedded.queues import Delivery, Drained, QueueSettings, drain
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.responses import Responses, nothing_recorded
from diagnose.embedded.state import ConsumerSettings, Module
from diagnose.embedded.tokens import Permission

__all__ = [
    "Blueprint",
    "BlueprintDatabase",
    "ConsumerSettings",
    "Delivery",
    "Drained",
    "EmbeddedAccount",
    "Module",
    "Permission",
    "QueryCount",
    "QueueSettings",
    "RefusalError",
    "Responses",
    "Upload",
    "count_queries",
    "derive",
    "drain",
    "fill",
    "nothing_recorded",
]

"""Queues of an embedded account: what is in them, and how it reaches their consumers."""

from diagnose.embedded.queues.changes import QueueSettings
from diagnose.embedded.queues.delivery import Delivery, Invoker, deliver_batch, due_at
from diagnose.embedded.queues.draining import MOST_BATCHES, Drained, drain
from diagnose.embedded.queues.messages import MessageStore, QueuedMessage

__all__ = [
    "MOST_BATCHES",
    "Delivery",
    "Drained",
    "Invoker",
    "MessageStore",
    "QueueSettings",
    "QueuedMessage",
    "deliver_batch",
    "drain",
    "due_at",
]

"""A queue between what fetches and what writes: planned for a write that does not fit, with its consumer."""

from diagnose.queueing.direct import CHOICE, DirectWrite, direct_write
from diagnose.queueing.offering import queued
from diagnose.queueing.planning import QueuePlan, plan_queue

__all__ = ["CHOICE", "DirectWrite", "QueuePlan", "direct_write", "plan_queue", "queued"]

"""Judging statements, in source, in files or imagined, by what D1 itself says to them."""

from diagnose.simulation.budget import Usage, Verdict, usage, verdict
from diagnose.simulation.forecast import Forecast, Invocations, WayForecast, forecast
from diagnose.simulation.message_size import (
    BatchSize,
    MessageSize,
    batch_size,
    message_size,
    oversized_message,
    oversized_value,
)
from diagnose.simulation.parameters import SAMPLES, Attempt, Simulation, simulate
from diagnose.simulation.queueing import QueueForecast
from diagnose.simulation.sites import JudgedSite, judge_site, matching
from diagnose.simulation.sql_file import JudgedStatement, judge_sql
from diagnose.simulation.statement_size import StatementSize, statement_size
from diagnose.simulation.workload import Workload

__all__ = [
    "SAMPLES",
    "Attempt",
    "BatchSize",
    "Forecast",
    "Invocations",
    "JudgedSite",
    "JudgedStatement",
    "MessageSize",
    "QueueForecast",
    "Simulation",
    "StatementSize",
    "Usage",
    "Verdict",
    "WayForecast",
    "Workload",
    "batch_size",
    "forecast",
    "judge_site",
    "judge_sql",
    "matching",
    "message_size",
    "oversized_message",
    "oversized_value",
    "simulate",
    "statement_size",
    "usage",
    "verdict",
]

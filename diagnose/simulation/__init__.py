"""Judging a place in worker source by what D1 itself says to the statement it builds."""

from diagnose.simulation.budget import Usage, Verdict, usage, verdict
from diagnose.simulation.parameters import SAMPLES, Attempt, Simulation, simulate
from diagnose.simulation.statement_size import StatementSize, statement_size

__all__ = [
    "SAMPLES",
    "Attempt",
    "Simulation",
    "StatementSize",
    "Usage",
    "Verdict",
    "simulate",
    "statement_size",
    "usage",
    "verdict",
]

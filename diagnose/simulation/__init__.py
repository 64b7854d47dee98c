"""Judging a place in worker source by what D1 itself says to the statement it builds."""

from diagnose.simulation.budget import Usage, Verdict, usage, verdict
from diagnose.simulation.parameters import SAMPLES, Attempt, Simulation, simulate

__all__ = ["SAMPLES", "Attempt", "Simulation", "Usage", "Verdict", "simulate", "usage", "verdict"]

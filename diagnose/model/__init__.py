"""Frozen facts about a diagnosis. No input, no output, no other package of ours."""

from diagnose.model.finding import (
    Confidence,
    Finding,
    FixInfo,
    Ignored,
    Json,
    Location,
    Safety,
    Severity,
    Status,
)
from diagnose.model.plan import Choice, Effect, Plan, Step
from diagnose.model.report import Report, RootCause, Rule, Summary

__all__ = [
    "Choice",
    "Confidence",
    "Effect",
    "Finding",
    "FixInfo",
    "Ignored",
    "Json",
    "Location",
    "Plan",
    "Report",
    "RootCause",
    "Rule",
    "Safety",
    "Severity",
    "Status",
    "Step",
    "Summary",
]

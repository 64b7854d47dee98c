"""Everything a check or a fix needs: the surface that built-in and third-party plug-ins share."""

from diagnose.model import (
    Choice,
    Confidence,
    Finding,
    FixInfo,
    Json,
    Location,
    Plan,
    Safety,
    Severity,
    Status,
    Step,
)
from diagnose.plugin.check import Check, Mode, Need
from diagnose.plugin.context import Context, Target
from diagnose.plugin.fix import Fix, Turn
from diagnose.plugin.wording import listed
from diagnose.plugin.worker import NamedWorker

__all__ = [
    "Check",
    "Choice",
    "Confidence",
    "Context",
    "Finding",
    "Fix",
    "FixInfo",
    "Json",
    "Location",
    "Mode",
    "NamedWorker",
    "Need",
    "Plan",
    "Safety",
    "Severity",
    "Status",
    "Step",
    "Target",
    "Turn",
    "listed",
]

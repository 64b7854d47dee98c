"""Annotations of a GitHub Actions run: one workflow command for each of the worst problems.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diagnose.model import Severity, Status
from diagnose.report.style import Style
from diagnose.report.text import shown
from diagnose.report.worst import repository_path, worst_first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model import Finding, Report

MOST: Final = 10
"""Annotations per step that GitHub shows of a kind; more are dropped without a word."""

_PLAIN: Final = Style()
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "notice"}


def render(report: Report) -> str:
    """The ten worst, root causes first, and how many more there are; one plain line where there is none."""
    lines = []
    if report.failure is not None:
        lines.append(_command("error", str(report.failure), {"title": "diagnose could not finish"}))
    told = worst_first(report)
    lines += [_annotation(finding, report) for finding in told[:MOST]]
    if len(told) > MOST:
        more = f"{len(told) - MOST} more; the job summary and the other outputs have all of them"
        lines.append(_command("notice", more, {"title": "diagnose"}))
    if not lines:
        summary = report.summary
        skipped = summary.skipped - summary.ignored
        parts = f"{summary.passed} passed, {skipped} skipped, {summary.ignored} ignored"
        lines.append(f"diagnose: nothing to annotate: {parts}")
    return "\n".join(lines) + "\n"


def _annotation(finding: Finding, report: Report) -> str:
    level = "error" if finding.status is Status.ERROR else _LEVELS[finding.severity]
    place = finding.location
    properties = {
        "file": repository_path(place, report) if place else "",
        "line": str(place.line) if place and place.line else "",
        "col": str(place.column) if place and place.line and place.column else "",
        "title": f"{finding.code} {finding.name}",
    }
    return _command(level, _message(finding), properties)


def _message(finding: Finding) -> str:
    """What was found, what it explains, and what to do."""
    explains = f"explains {', '.join(finding.explains)}" if finding.explains and finding.is_problem else ""
    repair = f"repair: diagnose fix --select {finding.code}" if finding.fix and finding.fix.available else ""
    return "; ".join(filter(None, (finding.message, explains, repair)))


def _command(level: str, message: str, properties: Mapping[str, str]) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{level} {given}::{_data(message)}"


def _data(text: str) -> str:
    """One line that ends no command and begins none; `##[` begins one of the older form."""
    escaped = shown(text, _PLAIN).replace("%", "%25")
    return escaped.replace("##[", "##%5B") if "##[" in escaped else escaped


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

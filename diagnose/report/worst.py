"""What a reader with little room must see first."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from diagnose.model import Status

if TYPE_CHECKING:
    from diagnose.model import Finding, Location, Report


def worst_first(report: Report) -> tuple[Finding, ...]:
    """Broken checks, then root causes in their order, then the other problems by severity and confidence."""
    told = [finding for finding in report.findings if finding.is_problem or finding.status is Status.ERROR]
    rank = {cause.code: number for number, cause in enumerate(report.root_causes)}
    return tuple(
        sorted(
            told,
            key=lambda finding: (
                finding.status is not Status.ERROR,
                finding.severity.rank,
                rank.get(finding.code, len(rank)),
                -finding.confidence.rank,
            ),
        )
    )


def repository_path(location: Location, report: Report) -> str:
    """A finding's file relative to the root of the repository, with forward slashes."""
    return posixpath.normpath(posixpath.join(report.prefix, location.path))

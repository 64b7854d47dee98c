"""What `[[ignore]]` of the settings accepts: problems that somebody knows and lives with for now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from diagnose.model import Ignored, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diagnose.model import Finding
    from diagnose.project import Ignore


def accepted(findings: Iterable[Finding], ignores: Sequence[Ignore]) -> list[Finding]:
    """The findings; an accepted problem is a skip with the reason, until its last day is over."""
    return [_accepted(finding, ignores) for finding in findings]


def _accepted(finding: Finding, ignores: Sequence[Ignore]) -> Finding:
    ignore = next((ignore for ignore in ignores if _covers(ignore, finding)), None)
    if ignore is None or not finding.is_problem:
        return finding
    until = f" until {ignore.until}" if ignore.until else ""
    reason = f"accepted in the settings{until} ({ignore.reason}): {finding.message}"
    ignored = Ignored(
        reason=ignore.reason,
        until=ignore.until.isoformat() if ignore.until else None,
        status=finding.status,
        message=finding.message,
    )
    return replace(finding, status=Status.SKIP, message=reason, fix=None, ignored=ignored)


def _covers(ignore: Ignore, finding: Finding) -> bool:
    path = finding.location.path if finding.location else ""
    return ignore.concerns(finding.code, path) and not ignore.is_over(datetime.now(UTC).date())

"""Whether a check that ran again still finds what was repaired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.model import Finding


def remaining(finding: Finding, before: Iterable[Finding], again: Iterable[Finding]) -> list[Finding]:
    """What of the second run says that the finding was not repaired.

    Lines move when a file is edited, so the place does not count: message and resource do. And where a
    problem only got another message, there are as many as before.
    """
    same = [f for f in again if f.status is Status.ERROR or _is_same_problem(f, finding)]
    as_bad = [f for f in again if _is_as_bad(f, finding)]
    expected = sum(_is_as_bad(f, finding) for f in before)
    return same or (as_bad if len(as_bad) >= max(expected, 1) else [])


def _is_same_problem(again: Finding, finding: Finding) -> bool:
    return again.is_problem and (again.message, again.resource) == (finding.message, finding.resource)


def _is_as_bad(other: Finding, finding: Finding) -> bool:
    return other.is_problem and other.severity.rank <= finding.severity.rank

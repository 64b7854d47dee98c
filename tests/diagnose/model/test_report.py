from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.model import Finding, Report, Severity, Status, Summary

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def report() -> Callable[..., Report]:
    def make(*statuses: Status, note: str | None = None) -> Report:
        findings = tuple(
            Finding(code="A", name="a", status=status, severity=Severity.ERROR, message="m")
            for status in statuses
        )
        return Report(version="1", target="offline", project={}, findings=findings, note=note)

    return make


def test_a_summary_counts_by_status(report: Callable[..., Report]):
    statuses = [Status.PASS] * 3 + [Status.FAIL] * 2 + [Status.WARN, Status.SKIP, Status.ERROR]

    assert report(*statuses, note="read me").summary == Summary(
        passed=3, failed=2, warned=1, skipped=1, errored=1, note="read me"
    )


def test_an_empty_report_is_all_zero(report: Callable[..., Report]):
    assert report().summary == Summary(passed=0, failed=0, warned=0, skipped=0, errored=0)

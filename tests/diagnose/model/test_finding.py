from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from diagnose.model import Confidence, Finding, Location, Severity, Status


def test_severities_and_confidences_have_an_order():
    assert [severity.rank for severity in (Severity.ERROR, Severity.WARNING, Severity.ADVICE)] == [0, 1, 2]
    assert [confidence.rank for confidence in (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)] == [
        0,
        1,
        2,
    ]


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (Location("a.py"), "a.py"),
        (Location("a.py", 3), "a.py:3"),
        (Location("a.py", 3, 7), "a.py:3:7"),
    ],
)
def test_a_location_reads_as_editors_take_it(location: Location, text: str):
    assert str(location) == text


@pytest.mark.parametrize("status", Status)
def test_problems_are_about_the_project_and_not_about_the_tool(status: Status):
    finding = Finding(code="A", name="a", status=status, severity=Severity.ERROR, message="m")

    assert finding.is_problem is (status in {Status.FAIL, Status.WARN})


def test_a_finding_is_frozen_and_unsure_by_default():
    finding = Finding(code="A", name="a", status=Status.FAIL, severity=Severity.ERROR, message="m")

    assert finding.confidence is Confidence.LOW
    with pytest.raises(FrozenInstanceError):
        finding.message = "other"

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.model import Confidence, FixInfo, Location, Severity, Status
from diagnose.plugin import Check, Mode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from diagnose.model import Finding
    from diagnose.plugin import Context


class Tides(Check):
    """Tides come and go.

    ## What it checks

        The moon.
    """

    code = "ABC001"
    name = "tides"
    severity = Severity.WARNING

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        yield self.passed("ebb")


def test_what_a_check_need_not_say():
    assert (Tides.requires, Tides.scopes, Tides.mode, Tides.timeout) == (frozenset(), (), Mode.OFFLINE, 60.0)


def test_the_docstring_is_the_page():
    assert Tides.title() == "Tides come and go."
    assert Tides.page() == "Tides come and go.\n\n## What it checks\n\n    The moon."


def test_a_pass_is_sure_and_carries_its_evidence():
    evidence = {"metres": 0.5}

    found = Tides().passed("ebb", location=Location("a.py", 1), resource="d1/x", evidence=evidence)

    assert (found.code, found.name, found.status) == ("ABC001", "tides", Status.PASS)
    assert (found.confidence, found.message) == (Confidence.HIGH, "ebb")
    assert (found.location, found.resource, found.evidence) == (Location("a.py", 1), "d1/x", {"metres": 0.5})
    assert found.evidence is not evidence
    assert not found.is_problem


def test_a_skip_has_its_reason():
    found = Tides().skipped("no moon")

    assert (found.status, found.message, found.is_problem) == (Status.SKIP, "no moon", False)


@pytest.mark.parametrize(
    ("severity", "status", "kept"),
    [
        (None, Status.WARN, Severity.WARNING),
        (Severity.ERROR, Status.FAIL, Severity.ERROR),
        (Severity.ADVICE, Status.WARN, Severity.ADVICE),
    ],
)
def test_the_severity_decides_between_fail_and_warn(
    severity: Severity | None, status: Status, kept: Severity
):
    found = Tides().problem("flood", severity=severity)

    assert (found.status, found.severity, found.is_problem) == (status, kept, True)


def test_confidence_starts_low_and_must_be_argued_upwards():
    assert Tides().problem("flood").confidence is Confidence.LOW
    assert Tides().problem("flood", confidence=Confidence.HIGH).confidence is Confidence.HIGH


def test_a_problem_says_what_it_explains_and_who_repairs_it():
    by_hand = FixInfo(available=False, reason="by hand")

    found = Tides().problem("flood", explains=("E2E002",), fix=by_hand)

    assert (found.explains, found.fix) == (("E2E002",), by_hand)

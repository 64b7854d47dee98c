"""Small reports to render."""

from __future__ import annotations

import pytest

from diagnose.model import Confidence, Finding, Report, Severity, Status


@pytest.fixture
def make_finding():
    """A finding; keyword arguments override what a certain LIM001 failure would have."""

    def make(code: str = "LIM001", name: str = "bound-parameters", **fields) -> Finding:
        given = {
            "status": Status.FAIL,
            "severity": Severity.ERROR,
            "confidence": Confidence.HIGH,
            "message": "One INSERT binds too many parameters.",
        }
        return Finding(code=code, name=name, **(given | fields))

    return make


@pytest.fixture
def make_report():
    """A report over some findings."""

    def make(*findings: Finding, **fields) -> Report:
        given = {"version": "1.2.3", "target": "embedded (saved)", "project": {"path": "shop"}}
        return Report(findings=findings, **(given | fields))

    return make

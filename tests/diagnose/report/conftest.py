"""Small reports to render."""

from __future__ import annotations

import pytest

from diagnose.model import Confidence, Finding, Report, Rule, Severity, Status


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


@pytest.fixture
def rule():
    """What a report knows about LIM001."""
    page = "A statement must not bind too much.\n\n## What it checks\n\nEvery\nstatement.\n\n"
    page += "## Why it matters\n\nD1 binds 100 (https://example.com/limits).\n"
    return Rule(code="LIM001", name="bound-parameters", family="limits", severity=Severity.ERROR, page=page)


HOSTILE = "a]]>\n::error::owned %0A\x1b[2J <script>|`code`|</script> ##[add-path]x \ud800\ufffe [a](b) \u202e"
"""What an untrusted worker may put into a message."""


@pytest.fixture
def hostile() -> str:
    return HOSTILE

"""Findings as JSON and back: in the journal, and in the JSON report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagnose.model import Confidence, Finding, FixInfo, Location, Safety, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model import Json

TIMELINE = "timeline"
"""The one piece of evidence that no fix works from, and the largest."""


def finding_to_json(finding: Finding) -> dict[str, Json]:
    """A finding as the journal keeps it, so that its fix can go on in another process."""
    place, fix = finding.location, finding.fix
    return {
        "code": finding.code,
        "name": finding.name,
        "status": finding.status,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "message": finding.message,
        "location": {"path": place.path, "line": place.line, "column": place.column} if place else None,
        "resource": finding.resource,
        "evidence": {key: value for key, value in finding.evidence.items() if key != TIMELINE},
        "explains": list(finding.explains),
        "fix": {"available": fix.available, "safety": fix.safety} if fix else None,
    }


def finding_from_json(data: Mapping[str, Any]) -> Finding:
    """A finding read back from `finding_to_json`."""
    place, fix = data.get("location"), data.get("fix")
    return Finding(
        code=data["code"],
        name=data["name"],
        status=Status(data["status"]),
        severity=Severity(data["severity"]),
        confidence=Confidence(data["confidence"]),
        message=data["message"],
        location=Location(place["path"], place["line"], place["column"]) if place else None,
        resource=data.get("resource"),
        evidence=data.get("evidence", {}),
        explains=tuple(data.get("explains", ())),
        fix=FixInfo(fix["available"], Safety(fix["safety"]) if fix["safety"] else None) if fix else None,
    )

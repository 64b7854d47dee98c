"""The report for machines, `schema_version` 1; `schema/report-v1.json` describes it.

Fields may be added within a version; none is renamed, removed or given another meaning.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from diagnose.model import Report

if TYPE_CHECKING:
    from diagnose.errors import DiagnoseError
    from diagnose.model import Finding, FixInfo, Json, Location, RootCause

SCHEMA_VERSION: Final = 1


def schema() -> dict[str, Any]:
    """The JSON Schema of the documents that this module writes."""
    text = files("diagnose.report").joinpath("schema/report-v1.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def render(report: Report) -> str:
    """The report as an indented JSON document in ASCII, so that no evidence can steer a terminal."""
    return _text(_document(report, error=None))


def render_failure(
    error: DiagnoseError,
    *,
    version: str,
    target: str,
    project: Mapping[str, Json],
    findings: tuple[Finding, ...] = (),
) -> str:
    """The same document for a run that could not finish: what was found so far, and why it ended."""
    report = Report(version=version, target=target, project=project, findings=findings)
    return _text(_document(report, error=error))


def _text(document: Mapping[str, object]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _document(report: Report, error: DiagnoseError | None) -> dict[str, object]:
    summary = report.summary
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "diagnose", "version": report.version},
        "target": report.target,
        "project": _json(report.project),
        "summary": {
            "passed": summary.passed,
            "failed": summary.failed,
            "warned": summary.warned,
            "skipped": summary.skipped,
            "errored": summary.errored,
            "note": summary.note,
        },
        "findings": [_finding(finding) for finding in report.findings],
        "root_causes": [_root_cause(cause) for cause in report.root_causes],
        "error": None if error is None else _error(error),
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "name": finding.name,
        "status": finding.status.value,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "location": None if finding.location is None else _location(finding.location),
        "resource": finding.resource,
        "evidence": _json(finding.evidence),
        "explains": list(finding.explains),
        "fix": None if finding.fix is None else _fix(finding.fix),
        "duration_ms": finding.duration_ms,
    }


def _location(location: Location) -> dict[str, object]:
    return {"path": location.path, "line": location.line, "column": location.column}


def _fix(fix: FixInfo) -> dict[str, object]:
    safety = None if fix.safety is None else fix.safety.value
    return {"available": fix.available, "safety": safety, "reason": fix.reason}


def _root_cause(cause: RootCause) -> dict[str, object]:
    return {"code": cause.code, "message": cause.message, "explains": list(cause.explains)}


def _error(error: DiagnoseError) -> dict[str, object]:
    return {
        "message": error.message,
        "where": error.where,
        "why": error.why,
        "hint": error.hint,
        "exit_code": int(error.exit_code),
    }


def _json(value: Json) -> Any:
    """The value in Python's own containers; numbers that JSON has no form for become text."""
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value

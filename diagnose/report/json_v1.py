"""The report for machines, `schema_version` 1; `schema/report-v1.json` describes it.

Fields may be added within a version; none is renamed, removed or given another meaning.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from diagnose.errors import DiagnoseError
    from diagnose.model import Finding, FixInfo, Ignored, Json, Location, Report, RootCause

SCHEMA_VERSION: Final = 1


def schema() -> dict[str, Any]:
    """The JSON Schema of the documents that this module writes."""
    text = files("diagnose.report").joinpath("schema/report-v1.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def render(report: Report) -> str:
    """The report as an indented JSON document in ASCII, so that no evidence can steer a terminal."""
    return text_of(_document(report))


def text_of(document: Mapping[str, object]) -> str:
    """A document as JSON in ASCII in which nothing can be taken for a workflow command of GitHub."""
    text = json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"
    return text.replace("##[", "#\\u0023[")


def _document(report: Report) -> dict[str, object]:
    summary = report.summary
    return {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "diagnose", "version": report.version},
        "target": report.target,
        "project": json_value(report.project),
        "summary": {
            "passed": summary.passed,
            "failed": summary.failed,
            "warned": summary.warned,
            "skipped": summary.skipped,
            "errored": summary.errored,
            "ignored": summary.ignored,
            "note": summary.note,
        },
        "findings": [_finding(finding) for finding in report.findings],
        "root_causes": [_root_cause(cause) for cause in report.root_causes],
        "error": None if report.failure is None else _error(report.failure),
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
        "evidence": json_value(finding.evidence),
        "explains": list(finding.explains),
        "fix": None if finding.fix is None else _fix(finding.fix),
        "duration_ms": finding.duration_ms,
        "ignored": None if finding.ignored is None else _ignored(finding.ignored),
    }


def _location(location: Location) -> dict[str, object]:
    return {"path": location.path, "line": location.line, "column": location.column}


def _fix(fix: FixInfo) -> dict[str, object]:
    safety = None if fix.safety is None else fix.safety.value
    return {"available": fix.available, "safety": safety, "reason": fix.reason}


def _ignored(ignored: Ignored) -> dict[str, object]:
    return {
        "reason": ignored.reason,
        "until": ignored.until,
        "status": ignored.status.value,
        "message": ignored.message,
    }


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


def json_value(value: Json) -> Any:
    """The value in Python's own containers; numbers that JSON has no form for become text."""
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [json_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value

"""The report as SARIF 2.1.0, which code scanning services read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
import re
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from diagnose.model import Location, Severity, Status
from diagnose.report.json_v1 import json_value, text_of
from diagnose.report.style import Style
from diagnose.report.text import shown
from diagnose.report.worst import repository_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diagnose.model import Finding, Report, Rule

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT: Final = "%SRCROOT%"
FINGERPRINT: Final = "diagnose/v1"

_PLAIN: Final = Style()
_LINK: Final = re.compile(r"https://[^\s)>`\"']+")
_EMBEDDED_LINK: Final = re.compile(r"\[[^\]]*\]\(")
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "note"}
_GITHUB_LEVELS: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.ADVICE: "recommendation",
}
_LASTING: Final = ("binding", "database", "table", "queue", "function", "keys", "verb", "problem", "column")
"""Evidence that tells one problem from another and stays as it is when lines or figures change."""


def render(report: Report) -> str:
    """One run: problems as results, accepted ones suppressed, skips and broken checks as notifications."""
    return text_of(
        {
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "diagnose",
                            "semanticVersion": report.version,
                            "rules": [_rule(rule) for rule in report.rules],
                        }
                    },
                    "automationDetails": {"id": "/".join(filter(None, ("diagnose", report.prefix))) + "/"},
                    "columnKind": "unicodeCodePoints",
                    "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
                    "invocations": [_invocation(report)],
                    "results": _results(report),
                }
            ],
        }
    )


def _rule(rule: Rule) -> dict[str, Any]:
    link = _LINK.search(rule.page)
    return {
        "id": rule.code,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": _section(rule.page, "What it checks") or rule.title},
        "help": {"text": rule.page, "markdown": rule.page},
        **({"helpUri": link[0].rstrip(".,;:")} if link else {}),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.family], "problem.severity": _GITHUB_LEVELS[rule.severity]},
    }


def _section(page: str, heading: str) -> str:
    """The first paragraph below a heading, on one line."""
    _, _, below = page.partition(f"## {heading}\n")
    return " ".join(below.strip().partition("\n\n")[0].split())


def _invocation(report: Report) -> dict[str, Any]:
    broken = [finding for finding in report.findings if finding.status is Status.ERROR]
    skipped = [f for f in report.findings if f.status is Status.SKIP and f.ignored is None]
    notifications = [_notification(finding, "error") for finding in broken]
    notifications += [_notification(finding, "note") for finding in skipped]
    if report.failure is not None:
        notifications.insert(0, {"level": "error", "message": _message(str(report.failure))})
    return {
        "executionSuccessful": report.failure is None and not broken,
        **({} if report.exit_code is None else {"exitCode": report.exit_code}),
        "toolExecutionNotifications": notifications,
    }


def _notification(finding: Finding, level: str) -> dict[str, Any]:
    return {"level": level, "message": _message(finding.message), "associatedRule": {"id": finding.code}}


def _results(report: Report) -> list[dict[str, Any]]:
    told = [finding for finding in report.findings if finding.is_problem or finding.ignored is not None]
    numbers = {rule.code: number for number, rule in enumerate(report.rules)}
    prints = _fingerprints(told, report)
    return [
        {
            "ruleId": finding.code,
            **({"ruleIndex": numbers[finding.code]} if finding.code in numbers else {}),
            "kind": "fail",
            "level": _LEVELS[finding.severity],
            "message": _message(_text(finding)),
            "locations": [_location(finding, report)],
            "partialFingerprints": {FINGERPRINT: fingerprint},
            **_suppressions(finding),
            "properties": {"confidence": finding.confidence.value, "explains": list(finding.explains)},
        }
        for finding, fingerprint in zip(told, prints, strict=True)
    ]


def _text(finding: Finding) -> str:
    if finding.ignored is not None:
        return finding.ignored.message
    if finding.fix is None or not finding.fix.available:
        return finding.message
    return f"{finding.message.rstrip('.')}. Repair: diagnose fix --select {finding.code}"


def _message(text: str) -> dict[str, str]:
    """Plain text; `[a](b)` would be a link in SARIF, so its brackets are escaped."""
    plain = shown(text, _PLAIN)
    return {"text": re.sub(r"([\[\]])", r"\\\1", plain) if _EMBEDDED_LINK.search(plain) else plain}


def _location(finding: Finding, report: Report) -> dict[str, Any]:
    """The place; without one it is the config, because services refuse results that have none."""
    place = finding.location or Location(str(report.project.get("config") or "."))
    artifact = {"uri": quote(repository_path(place, report)), "uriBaseId": ROOT}
    region = {"startLine": place.line or 1}
    if place.line and place.column:
        region["startColumn"] = place.column
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _suppressions(finding: Finding) -> dict[str, Any]:
    """Empty for what is not suppressed: then the whole list must be there, too, so that readers can tell."""
    ignored = finding.ignored
    if ignored is None:
        return {"suppressions": []}
    until = f" (until {ignored.until})" if ignored.until else ""
    suppression = {
        "kind": "external",
        "status": "accepted",
        "justification": shown(ignored.reason, _PLAIN) + until,
    }
    return {"suppressions": [suppression]}


def _fingerprints(findings: Iterable[Finding], report: Report) -> list[str]:
    """What each finding is, whatever its line: code, file, resource, subject, and its number among equals."""
    seen: Counter[str] = Counter()
    prints = []
    for finding in findings:
        path = repository_path(finding.location, report) if finding.location else ""
        about = {key: json_value(finding.evidence[key]) for key in _LASTING if key in finding.evidence}
        identity = json.dumps([finding.code, path, finding.resource, about], sort_keys=True)
        seen[identity] += 1
        digest = sha256(f"{identity} {seen[identity]}".encode()).hexdigest()
        prints.append(digest[:32])
    return prints

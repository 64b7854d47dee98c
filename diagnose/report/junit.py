"""The report as JUnit XML, which test dashboards read: one test case for each finding.

JUnit knows no warnings: a case with one passes, and its `system-out` says what it is.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from diagnose.model import Status
from diagnose.report.evidence import evidence_lines
from diagnose.report.style import Style
from diagnose.report.text import shown

if TYPE_CHECKING:
    from diagnose.model import Finding, Report

_PLAIN: Final = Style()
_NO_XML: Final = re.compile("[\ufffe\uffff]")
"""The two characters that XML 1.0 forbids among those that can be shown."""


def render(report: Report) -> str:
    """One test suite; equal texts for equal reports, because it holds no time of day and no host name."""
    summary = report.summary
    counts = {
        "tests": str(len(report.findings) + (report.failure is not None)),
        "failures": str(summary.failed),
        "errors": str(summary.errored + (report.failure is not None)),
        "skipped": str(summary.skipped),
        "time": _seconds(sum(_durations(report))),
    }
    root = Element("testsuites", {"name": "diagnose", **counts})
    suite = SubElement(root, "testsuite", {"name": "diagnose", **counts})
    _properties(suite, report)
    families = {rule.code: rule.family for rule in report.rules}
    for finding, name, duration in zip(report.findings, _names(report), _durations(report), strict=True):
        case = SubElement(suite, "testcase", {"classname": _safe(families.get(finding.code, "diagnose"))})
        case.attrib |= {"name": name, "time": _seconds(duration)}
        _outcome(case, finding)
    if report.failure is not None:
        case = SubElement(suite, "testcase", {"classname": "diagnose", "name": "run", "time": "0.000"})
        SubElement(case, "error", {"type": "unfinished", "message": _safe(str(report.failure))})
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _properties(suite: Element, report: Report) -> None:
    facts = {"version": report.version, "target": report.target}
    facts |= {key: value for key, value in report.project.items() if isinstance(value, str)}
    facts |= {"note": report.note} if report.note else {}
    parent = SubElement(suite, "properties")
    for name, value in facts.items():
        SubElement(parent, "property", {"name": _safe(name), "value": _safe(value)})


def _outcome(case: Element, finding: Finding) -> None:
    told = {"message": _safe(finding.message)}
    match finding.status:
        case Status.FAIL:
            SubElement(case, "failure", {"type": finding.severity.value, **told}).text = _details(finding)
        case Status.ERROR:
            SubElement(case, "error", {"type": "broken-check", **told}).text = _details(finding)
        case Status.SKIP:
            SubElement(case, "skipped", told)
        case Status.WARN:
            SubElement(case, "system-out").text = f"{finding.severity.value}: {_details(finding)}"
        case Status.PASS:
            pass


def _details(finding: Finding) -> str:
    """What was found, where, on what it rests, and what to do."""
    lines = [finding.message]
    if finding.location is not None or finding.resource is not None:
        place = ", ".join(filter(None, (str(finding.location or ""), finding.resource)))
        lines.append(f"at {place}")
    lines += [line.strip() for line in evidence_lines(finding.evidence, _PLAIN, indent=0)]
    if finding.fix and finding.fix.available:
        lines.append(f"repair: diagnose fix --select {finding.code}")
    else:
        lines.append(f"more: diagnose explain {finding.code}")
    return "\n".join(map(_safe, lines))


def _names(report: Report) -> list[str]:
    """Code and name; the second finding of a check and those after it have a number, so that none is lost."""
    seen: Counter[str] = Counter()
    names = []
    for finding in report.findings:
        seen[finding.code] += 1
        number = f" #{seen[finding.code]}" if seen[finding.code] > 1 else ""
        names.append(_safe(f"{finding.code} {finding.name}{number}"))
    return names


def _durations(report: Report) -> list[float]:
    """Milliseconds by finding: those of a check stand at its first one."""
    told: set[str] = set()
    durations = []
    for finding in report.findings:
        durations.append(0.0 if finding.code in told else finding.duration_ms)
        told.add(finding.code)
    return durations


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.3f}"


def _safe(text: str) -> str:
    """On one line, without a character that XML forbids."""
    return _NO_XML.sub("\ufffd", shown(text, _PLAIN))

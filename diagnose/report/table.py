"""The report for people: the note, the picture, root causes, findings with evidence, and what to do next."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from typing import TYPE_CHECKING, Final

from diagnose.model import Confidence, Safety, Severity, Status
from diagnose.report.evidence import counts, evidence_lines
from diagnose.report.pipeline import draw
from diagnose.report.style import Role
from diagnose.report.text import columns, labelled, shown, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from diagnose.model import Finding, Json, Report
    from diagnose.report.style import Style

_SHOWN_IN_FULL: Final[Mapping[Status, tuple[str, Role]]] = {
    Status.ERROR: ("Checks without a result", Role.BAD),
    Status.FAIL: ("Failed", Role.BAD),
    Status.WARN: ("Warnings", Role.CAUTION),
}

_CARE: Final[Mapping[Safety, str]] = {
    Safety.SAFE: "safe",
    Safety.REVIEW: "to review",
    Safety.DATA: "changes rows",
}


def render(report: Report, style: Style) -> str:
    """The whole report as text."""
    sections = [
        _note(report, style),
        _header(report, style),
        _failure(report, style),
        draw(report.pipeline, report.findings, style),
        _root_causes(report, style),
        *(_group(report, status, style) for status in _SHOWN_IN_FULL),
        _ignored(report.findings, style),
        _skipped(report.findings, style),
        _passed(report.findings, style),
        [] if report.failure else _ending(report, style),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _note(report: Report, style: Style) -> list[str]:
    lines = (report.note or "").splitlines()
    return [style.paint(Role.CAUTION, line) for text in lines for line in wrapped(text, style)]


def _failure(report: Report, style: Style) -> list[str]:
    """Why the run could not finish."""
    if report.failure is None:
        return []
    return [style.paint(Role.BAD, line) for line in wrapped(f"error: {report.failure}", style, hang=2)]


def _header(report: Report, style: Style) -> list[str]:
    facts = {("project" if key == "path" else key): value for key, value in report.project.items()}
    facts |= {"target": report.target, "version": f"diagnose {report.version}"}
    known = {key: _plain(value) for key, value in facts.items() if value not in (None, "", (), [], {})}
    width = max(columns(shown(key, style)) for key in known) + 2
    lines: list[str] = []
    for key, text in known.items():
        lines += labelled(shown(key, style), text, style, indent=0, label_width=width)
    return lines


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=dict)


def _root_causes(report: Report, style: Style) -> list[str]:
    if not report.root_causes:
        return []
    lines = [style.paint(Role.STRONG, "Most likely issues (in order)")]
    number_width = len(str(len(report.root_causes)))
    indent = number_width + 4
    for number, cause in enumerate(report.root_causes, 1):
        head = f"  {number:>{number_width}}. "
        text = wrapped(f"{cause.code}  {cause.message}", style, indent=len(head)) or [""]
        lines += [head + text[0].strip(), *text[1:]]
        if cause.explains:
            explains = wrapped(f"explains {', '.join(cause.explains)}", style, indent=indent, hang=9)
            lines += [style.paint(Role.FAINT, line) for line in explains]
    return lines


def _group(report: Report, status: Status, style: Style) -> list[str]:
    """One status: a heading, then every finding; a blank line between two."""
    findings = [finding for finding in report.findings if finding.status is status]
    if not findings:
        return []
    title, role = _SHOWN_IN_FULL[status]
    lines = [style.paint(Role.STRONG, f"{title} ({len(findings)})")]
    for finding in findings:
        lines += ["", *_finding(finding, role, report, style)]
    return lines


def _finding(finding: Finding, role: Role, report: Report, style: Style) -> list[str]:
    return [
        *_title(finding, role, style),
        *wrapped(finding.message, style, indent=4),
        *evidence_lines(finding.evidence, style, indent=6),
        *_explains(finding, style),
        *_fix(finding, report, style),
    ]


def _title(finding: Finding, role: Role, style: Style) -> list[str]:
    """Sign, code and name; doubts about it and its place follow, on a line of their own where they must."""
    sign = style.glyphs.warned if finding.status is Status.WARN else style.glyphs.failed
    code, name = f"{sign} {shown(finding.code, style)}", shown(finding.name, style)
    head = f"  {style.paint(role, code)} {style.paint(Role.STRONG, name)}"
    place = ", ".join(filter(None, (str(finding.location or ""), finding.resource)))
    rest = shown("  ".join(filter(None, (_doubts(finding), place))), style)
    if not rest:
        return [head]
    if columns(f"  {code} {name}  {rest}") <= style.width:
        return [f"{head}  {style.paint(Role.FAINT, rest)}"]
    return [head, *(style.paint(Role.FAINT, line) for line in wrapped(rest, style, indent=4))]


def _doubts(finding: Finding) -> str:
    """That a problem is advice, or that the check is not sure of it."""
    doubts = [
        *(["advice"] if finding.severity is Severity.ADVICE else []),
        *([f"{finding.confidence} confidence"] if finding.confidence is not Confidence.HIGH else []),
    ]
    return f"({', '.join(doubts)})" if doubts and finding.is_problem else ""


def _explains(finding: Finding, style: Style) -> list[str]:
    if not finding.explains:
        return []
    return labelled("explains", ", ".join(finding.explains), style, indent=4, label_width=10)


def _fix(finding: Finding, report: Report, style: Style) -> list[str]:
    if finding.fix is None:
        return []
    if not finding.fix.available:
        why = finding.fix.reason or f"by hand; `diagnose explain {finding.code}` says how"
        return labelled("fix", f"none: {why}", style, indent=4, label_width=10)
    care = f" ({_CARE[finding.fix.safety]})" if finding.fix.safety else ""
    command = shown(_command("fix", report, f"--select {finding.code}"), style)
    return [f"    fix       {style.paint(Role.GOOD, command)}{care}"]


def _ignored(findings: Iterable[Finding], style: Style) -> list[str]:
    """What the settings accept, each with its reason."""
    accepted = [(finding, finding.ignored) for finding in findings if finding.ignored is not None]
    if not accepted:
        return []
    lines = [style.paint(Role.STRONG, f"Ignored ({len(accepted)})")]
    for finding, ignored in accepted:
        until = f", until {ignored.until}" if ignored.until else ""
        place = f" ({finding.location})" if finding.location else ""
        text = f"{style.glyphs.skipped} {finding.code}: {ignored.message}{place}"
        lines += wrapped(text, style, indent=2, hang=2)
        lines += wrapped(f"because: {ignored.reason}{until}", style, indent=4)
    return lines


def _skipped(findings: Sequence[Finding], style: Style) -> list[str]:
    """The skips by reason, because one missing thing often skips several checks."""
    by_reason: dict[str, list[str]] = {}
    for finding in findings:
        if finding.status is Status.SKIP and finding.ignored is None:
            by_reason.setdefault(finding.message, []).append(finding.code)
    if not by_reason:
        return []
    number = sum(map(len, by_reason.values()))
    lines = [style.paint(Role.STRONG, f"Skipped ({number})")]
    for reason, codes in by_reason.items():
        lines += wrapped(f"{style.glyphs.skipped} {_codes(codes)}: {reason}", style, indent=2, hang=2)
    return lines


def _passed(findings: Iterable[Finding], style: Style) -> list[str]:
    codes = [finding.code for finding in findings if finding.status is Status.PASS]
    if not codes:
        return []
    head = f"Passed ({len(codes)})"
    first, *rest = wrapped(f"{head}: {_codes(codes)}", style, hang=2)
    return [style.paint(Role.STRONG, head) + first.removeprefix(head), *rest]


def _codes(codes: Iterable[str]) -> str:
    """Each code once, with its number where it occurs more often."""
    return ", ".join(
        code if number == 1 else f"{code} (x{number})" for code, number in Counter(codes).items()
    )


def _ending(report: Report, style: Style) -> list[str]:
    rows = next(filter(None, map(_landed, report.findings)), None)
    role = Role.BAD if report.summary.failed or report.summary.errored else None
    return [
        *([style.paint(Role.GOOD, f"Rows: {rows}.")] if rows else []),
        *(style.paint(role, line) for line in wrapped(_tally(report), style)),
        *wrapped(_next(report), style),
    ]


def _landed(finding: Finding) -> str | None:
    """The counts of a passed end-to-end check; a failed one shows them as evidence."""
    return counts(finding.evidence) if finding.status is Status.PASS else None


def _tally(report: Report) -> str:
    summary = report.summary
    warnings = f"{summary.warned} warning{'' if summary.warned == 1 else 's'}"
    skipped = summary.skipped - summary.ignored
    parts = [f"{summary.failed} failed", warnings, f"{summary.passed} passed", f"{skipped} skipped"]
    if summary.ignored:
        parts.append(f"{summary.ignored} ignored")
    unanswered = sum(finding.is_unanswered for finding in report.findings)
    broken = summary.errored - unanswered
    if unanswered:
        parts.insert(0, f"{unanswered} unanswered")
    if broken:
        parts.insert(0, f"{broken} broken check{'' if broken == 1 else 's'}")
    return ", ".join(parts) + "."


def _next(report: Report) -> str:
    """The one thing to do now."""
    problems = report.problems()
    if any(finding.fix and finding.fix.available for finding in problems):
        return f"Next: {_command('fix', report)}"
    if problems:
        return f"Next: diagnose explain {problems[0].code}"
    if any(finding.is_unanswered for finding in report.findings):
        return "Next: run it again later; the account did not answer everything that was asked."
    if report.summary.errored:
        return "Next: report the broken check to its author; the rest of the report holds."
    if any("diagnose init" in finding.message for finding in report.findings):
        return f"Next: {_command('init', report)}"
    return "Nothing to repair."


def _command(name: str, report: Report, options: str = "") -> str:
    """A command of ours for the same project, environment and target."""
    path, environment = report.project.get("path"), report.project.get("environment")
    target = report.target.partition(" ")[0]
    parts = [
        f"diagnose {name}",
        shlex.quote(str(path)) if path not in (None, "", ".") else "",
        f"--env {shlex.quote(str(environment))}" if environment and name == "fix" else "",
        f"--target {target}" if target in {"cloudflare", "workerd"} and name == "fix" else "",
        "--offline" if target == "offline" and name == "fix" else "",
        options,
    ]
    return " ".join(filter(None, parts))

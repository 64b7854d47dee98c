"""The report as GitHub-flavoured Markdown, for the summary of a job or a comment."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final

from diagnose.model import Confidence, Status
from diagnose.report.evidence import evidence_lines
from diagnose.report.style import Style
from diagnose.report.text import shown
from diagnose.report.worst import repository_path, worst_first

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from diagnose.model import Finding, Report

LIMIT: Final = 1_000_000
"""Bytes; a step's summary above 1 MiB (1,048,576) is refused whole.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary
"""

LEAST: Final = 1_000
"""Bytes below which a report says too little to be worth its place."""

_PLAIN: Final = Style()
_LIST: Final = 200
"""Skips and ignores that are listed one by one."""
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]|~#!@$])")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CUT: Final = "_The rest is left out: a job summary may hold 1 MiB. The other outputs have all of it._"


def render(report: Report, *, limit: int = LIMIT) -> str:
    """The report in at most `limit` bytes of UTF-8; what does not fit is left out, and that is said."""
    kept: list[str] = []
    room = limit - len(_CUT) - 2
    for block in _blocks(report):
        room -= len(block.encode()) + 2
        if room < 0:
            kept.append(_CUT)
            break
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def _blocks(report: Report) -> Iterator[str]:
    """Parts that stand on their own, the most important first."""
    yield f"## diagnose: {_verdict(report)}"
    if report.failure is not None:
        yield f"**error** {escaped(str(report.failure))}"
    for line in (report.note or "").splitlines():
        yield f"> {escaped(line)}"
    yield _facts(report)
    told = worst_first(report)
    if report.root_causes:
        yield "### Most likely issues"
        yield from _root_causes(report)
    if told:
        yield "### Findings"
        yield from map("\n".join, _tables(told, report))
        yield from (_details(finding) for finding in told if finding.evidence)
    ignored = [finding for finding in report.findings if finding.ignored is not None]
    yield from _folded("Ignored", [_ignored(finding) for finding in ignored])
    skipped = [f for f in report.findings if f.status is Status.SKIP and f.ignored is None]
    yield from _folded("Skipped", [f"{f.code} {escaped(f.message)}" for f in skipped])


def _verdict(report: Report) -> str:
    summary = report.summary
    parts = [
        (summary.errored, "broken"),
        (summary.failed, "failed"),
        (summary.warned, "warned"),
        (summary.passed, "passed"),
        (summary.skipped - summary.ignored, "skipped"),
        (summary.ignored, "ignored"),
    ]
    return ", ".join(f"{number} {name}" for number, name in parts if number) or "nothing was checked"


def _facts(report: Report) -> str:
    facts = {"target": report.target, **report.project, "version": report.version}
    return " · ".join(f"{escaped(name)} {escaped(str(value))}" for name, value in facts.items() if value)


def _root_causes(report: Report) -> Iterator[str]:
    for number, cause in enumerate(report.root_causes, 1):
        explains = f" (explains {', '.join(cause.explains)})" if cause.explains else ""
        yield f"{number}. **{escaped(cause.code)}** {escaped(cause.message)}{explains}"


_HEAD: Final = ("| | code | where | what | repair |", "|---|---|---|---|---|")
_ROWS: Final = 50
"""Of one table, so that a cut leaves whole tables."""


def _tables(findings: Sequence[Finding], report: Report) -> Iterator[list[str]]:
    for _, part in groupby(enumerate(findings), key=lambda pair: pair[0] // _ROWS):
        yield [*_HEAD, *(_row(finding, report) for _, finding in part)]


def _row(finding: Finding, report: Report) -> str:
    status = "broken" if finding.status is Status.ERROR else finding.severity.value
    doubt = "" if finding.confidence is Confidence.HIGH else f", {finding.confidence} confidence"
    place = ""
    if finding.location is not None:
        line = f":{finding.location.line}" if finding.location.line else ""
        place = escaped(repository_path(finding.location, report)) + line
    repair = f"`diagnose fix --select {finding.code}`" if finding.fix and finding.fix.available else "–"
    cells = (f"{status}{doubt}", f"{finding.code} {escaped(finding.name)}", place, escaped(finding.message))
    return f"| {' | '.join(cells)} | {repair} |"


def _details(finding: Finding) -> str:
    """What the finding rests on, folded; fenced so that no text in it can end the fence."""
    lines = evidence_lines(finding.evidence, _PLAIN, indent=0)
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    head = f"<details><summary>{finding.code}: evidence</summary>"
    return "\n".join((head, "", f"{fence}text", *lines, fence, "", "</details>"))


def _folded(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        listed = [f"- {line}" for line in lines[:_LIST]]
        listed += [f"- {len(lines) - _LIST} more"] if len(lines) > _LIST else []
        head = f"<details><summary>{title} ({len(lines)})</summary>"
        yield "\n".join((head, "", *_unique(listed), "", "</details>"))


def _unique(lines: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(lines))


def _ignored(finding: Finding) -> str:
    if finding.ignored is None:
        return ""
    until = f", until {finding.ignored.until}" if finding.ignored.until else ""
    reason = f"because: {escaped(finding.ignored.reason)}{until}"
    return f"{finding.code} {escaped(finding.ignored.message)} ({reason})"


def escaped(text: str) -> str:
    """The text on one line, with nothing in it that is HTML, Markdown or the end of a table's cell."""
    plain = _SPECIAL.sub(r"\\\1", shown(text, _PLAIN))
    return "".join(_ENTITIES.get(character, character) for character in plain)

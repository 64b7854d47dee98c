from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.model import Finding, FixInfo, Location, Report, RootCause, Safety, Severity, Status
from diagnose.report.github import MOST, render

COMMAND = re.compile(r"::(error|warning|notice) ([^:]*)::(.*)")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """As the runner reads them: level, properties, message."""
    found = []
    for line in text.splitlines():
        match = COMMAND.fullmatch(line)
        assert match is not None, line
        properties = dict(part.split("=", 1) for part in match[2].split(","))
        found.append((match[1], properties, match[3]))
    return found


def test_an_annotation_lands_on_its_line_in_the_repository(make_finding, make_report):
    finding = make_finding(
        location=Location("src/worker.py", 74, 5),
        explains=("E2E002",),
        fix=FixInfo(available=True, safety=Safety.REVIEW),
    )
    assert render(make_report(finding, prefix="workers/import")) == (
        "::error file=workers/import/src/worker.py,line=74,col=5,title=LIM001 bound-parameters::"
        "One INSERT binds too many parameters.; explains E2E002; repair: diagnose fix --select LIM001\n"
    )


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({}, "error"),
        ({"status": Status.WARN, "severity": Severity.WARNING}, "warning"),
        ({"status": Status.WARN, "severity": Severity.ADVICE}, "notice"),
        ({"status": Status.ERROR, "severity": Severity.ADVICE}, "error"),
    ],
)
def test_severities_are_levels(make_finding, make_report, fields, level):
    ((found, properties, _),) = commands(render(make_report(make_finding(**fields))))
    assert found == level
    assert properties == {"title": "LIM001 bound-parameters"}


def test_the_ten_worst_and_how_many_more_there_are(make_finding, make_report):
    warnings = [
        make_finding(f"CFG{number:03}", status=Status.WARN, severity=Severity.WARNING) for number in range(12)
    ]
    report = make_report(*warnings, make_finding(), root_causes=(RootCause("LIM001", "first"),))
    told = commands(render(report))
    assert len(told) == MOST + 1
    assert told[0][1]["title"] == "LIM001 bound-parameters"
    assert told[-1] == (
        "notice",
        {"title": "diagnose"},
        "3 more; the job summary and the other outputs have all of them",
    )


def test_ten_are_all_of_them(make_finding, make_report):
    report = make_report(*(make_finding(f"CFG{number:03}") for number in range(MOST)))
    assert len(commands(render(report))) == MOST


def test_without_problems_nothing_is_annotated(make_finding, make_report):
    report = make_report(make_finding(status=Status.PASS), make_finding(status=Status.SKIP))
    assert render(report) == "diagnose: nothing to annotate: 1 passed, 1 skipped, 0 ignored\n"


def test_untrusted_text_ends_no_command_and_begins_none(make_finding, make_report, hostile):
    finding = make_finding(name=hostile, message=hostile, location=Location(f"src/{hostile}.py", 1))
    text = render(make_report(finding))
    assert text.count("\n") == 1
    ((level, properties, message),) = commands(text)
    assert (level, properties["line"]) == ("error", "1")
    assert "##[" not in text
    assert "\x1b" not in text
    assert "%250A" in message
    assert set(properties) == {"file", "line", "title"}


@settings(max_examples=100)
@given(st.text(), st.text(min_size=1))
def test_any_text_makes_one_command(text: str, path: str):
    finding = Finding(
        code="LIM001",
        name=text,
        status=Status.FAIL,
        severity=Severity.ERROR,
        message=text,
        location=Location(path, 1),
    )
    ((level, properties, _),) = commands(
        render(Report(version="1", target="offline", project={}, findings=(finding,)))
    )
    assert (level, properties["line"]) == ("error", "1")
    assert set(properties) == {"file", "line", "title"}

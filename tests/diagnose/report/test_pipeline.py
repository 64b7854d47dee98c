from __future__ import annotations

import pytest

from diagnose.model import Severity, Status
from diagnose.model.report import Stage
from diagnose.report import Style
from diagnose.report.pipeline import draw
from diagnose.report.text import columns

FETCH = Stage(name="fetch", detail="api.example.com")
WORKER = Stage(name="worker", detail="import-rates", codes=("LIM001", "SRC001"))
QUEUE = Stage(name="queue", detail="", present=False, codes=("QUE001",))
DATABASE = Stage(name="D1", detail="rates")


@pytest.fixture
def findings(make_finding):
    return (
        make_finding("LIM001"),
        make_finding("SRC001", "swallowed-error"),
        make_finding("QUE001", "no-queue-in-pipeline", status=Status.WARN, severity=Severity.ADVICE),
    )


def test_the_stages_stand_side_by_side_and_a_missing_one_is_dashed(findings):
    lines = draw((FETCH, WORKER, QUEUE, DATABASE), findings, Style(width=100))
    assert lines == [
        "  ┌─────────────────┐    ┌───────────────┐    ┌╌╌╌╌╌╌╌╌╌┐    ┌───────┐",
        "  │ ✓ fetch         │ ─▶ │ ✗ worker      │ ╌▷ ╎ ! queue ╎ ╌▷ │ ✓ D1  │",
        "  │ api.example.com │    │ import-rates  │    ╎ missing ╎    │ rates │",
        "  │                 │    │ LIM001 SRC001 │    ╎ QUE001  ╎    │       │",
        "  └─────────────────┘    └───────────────┘    └╌╌╌╌╌╌╌╌╌┘    └───────┘",
    ]


def test_ascii_is_enough(findings):
    lines = draw((WORKER, QUEUE), findings, Style(width=100, unicode=False))
    assert lines == [
        "  +---------------+    ...........",
        "  | X worker      | .> : ! queue :",
        "  | import-rates  |    : missing :",
        "  | LIM001 SRC001 |    : QUE001  :",
        "  +---------------+    ...........",
    ]


def test_a_narrow_terminal_stacks_the_stages(findings):
    lines = draw((FETCH, QUEUE, DATABASE), findings, Style(width=30))
    assert lines == [
        "  ┌─────────────────┐",
        "  │ ✓ fetch         │",
        "  │ api.example.com │",
        "  └─────────────────┘",
        "    ↓",
        "  ┌╌╌╌╌╌╌╌╌╌┐",
        "  ╎ ! queue ╎",
        "  ╎ missing ╎",
        "  ╎ QUE001  ╎",
        "  └╌╌╌╌╌╌╌╌╌┘",
        "    ↓",
        "  ┌───────┐",
        "  │ ✓ D1  │",
        "  │ rates │",
        "  └───────┘",
    ]


@pytest.mark.parametrize("width", [40, 50, 60, 70, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal(findings, width):
    long = Stage(name="worker", detail="a-worker-with-quite-a-long-name" * 2, codes=tuple(["LIM001"] * 12))
    lines = draw((FETCH, long, QUEUE, DATABASE), findings, Style(width=width))
    assert max(map(columns, lines)) <= width


def test_a_missing_stage_that_nothing_complains_about_is_no_problem():
    (_, name, detail, _) = draw((Stage(name="queue", detail="", present=False),), (), Style())
    assert (name, detail) == ("  ╎ - queue ╎", "  ╎ missing ╎")


def test_a_code_with_a_failure_and_a_warning_counts_as_the_failure(make_finding):
    findings = (make_finding(), make_finding(status=Status.WARN))
    lines = draw((Stage(name="worker", detail="w", codes=("LIM001",)),), findings, Style())
    assert lines[1] == "  │ ✗ worker │"


def test_names_from_the_project_cannot_steer_the_terminal():
    lines = draw((Stage(name="D1", detail="\x1b[2J日本"),), (), Style())
    assert lines == ["  ┌─────────────┐", "  │ ✓ D1        │", "  │ \\x1b[2J日本 │", "  └─────────────┘"]


def test_colour_marks_the_first_line_of_a_box(findings):
    lines = draw((WORKER,), findings, Style(color=True))
    assert lines[1] == "  │ \x1b[31m✗ worker     \x1b[0m │"
    assert not any("\x1b" in line for line in (lines[0], *lines[2:]))


def test_no_stages_no_picture():
    assert draw((), (), Style()) == []

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from diagnose.errors import AccountError
from diagnose.model import Confidence, FixInfo, Ignored, Location, Safety, Severity, Status
from diagnose.report.sarif import render

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "sarif-2.1.0.json").read_text(encoding="utf-8"))


def run_of(text: str) -> dict:
    document = json.loads(text)
    Draft4Validator(SCHEMA, format_checker=Draft4Validator.FORMAT_CHECKER).validate(document)
    (run,) = document["runs"]
    return run


def prints(*findings, make_report) -> list[str]:
    run = run_of(render(make_report(*findings)))
    return [result["partialFingerprints"]["diagnose/v1"] for result in run["results"]]


def test_the_schema_refuses_what_is_no_sarif(make_report):
    document = json.loads(render(make_report()))
    document["runs"][0]["results"] = [{"level": "bad"}]
    assert not Draft4Validator(SCHEMA).is_valid(document)


def test_a_problem_is_a_result(make_finding, make_report, rule):
    finding = make_finding(
        location=Location("src/größe.py", 74, 5),
        explains=("E2E002",),
        fix=FixInfo(available=True, safety=Safety.REVIEW),
    )
    run = run_of(render(make_report(finding, rules=(rule,), prefix="workers/import", exit_code=1)))
    (result,) = run["results"]
    assert len(result.pop("partialFingerprints")["diagnose/v1"]) == 32
    assert result == {
        "ruleId": "LIM001",
        "ruleIndex": 0,
        "kind": "fail",
        "level": "error",
        "message": {
            "text": "One INSERT binds too many parameters. Repair: diagnose fix --select LIM001",
        },
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": "workers/import/src/gr%C3%B6%C3%9Fe.py",
                        "uriBaseId": "%SRCROOT%",
                    },
                    "region": {"startLine": 74, "startColumn": 5},
                }
            }
        ],
        "suppressions": [],
        "properties": {"confidence": "high", "explains": ["E2E002"]},
    }
    assert run["automationDetails"] == {"id": "diagnose/workers/import/"}
    assert run["invocations"] == [
        {"executionSuccessful": True, "exitCode": 1, "toolExecutionNotifications": []}
    ]


def test_a_rule_is_the_page_of_the_check(make_report, rule):
    (described,) = run_of(render(make_report(rules=(rule,))))["tool"]["driver"]["rules"]
    assert described == {
        "id": "LIM001",
        "name": "BoundParameters",
        "shortDescription": {"text": "A statement must not bind too much."},
        "fullDescription": {"text": "Every statement."},
        "help": {"text": rule.page, "markdown": rule.page},
        "helpUri": "https://example.com/limits",
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["limits"], "problem.severity": "error"},
    }


@pytest.mark.parametrize(
    ("severity", "level"),
    [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.ADVICE, "note")],
)
def test_severities_are_levels(make_finding, make_report, severity, level):
    finding = make_finding(status=Status.WARN, severity=severity, confidence=Confidence.LOW)
    (result,) = run_of(render(make_report(finding)))["results"]
    assert (result["level"], result["properties"]["confidence"]) == (level, "low")


def test_what_has_no_place_is_shown_at_the_config(make_finding, make_report):
    report = make_report(make_finding(), project={"config": "wrangler.toml"}, prefix="shop")
    (result,) = run_of(render(report))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "shop/wrangler.toml"
    assert place["region"] == {"startLine": 1}


def test_what_the_settings_accept_is_suppressed(make_finding, make_report):
    ignored = Ignored(reason="small data", until="2031-01-31", status=Status.FAIL, message="too many")
    finding = make_finding(status=Status.SKIP, message="accepted", ignored=ignored)
    run = run_of(render(make_report(finding)))
    (result,) = run["results"]
    assert result["message"] == {"text": "too many"}
    assert result["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "small data (until 2031-01-31)"}
    ]
    assert run["invocations"][0]["toolExecutionNotifications"] == []


def test_passes_are_left_out_and_skips_and_broken_checks_are_notifications(make_finding, make_report):
    report = make_report(
        make_finding(status=Status.PASS),
        make_finding(status=Status.SKIP, message="no account"),
        make_finding("TBL001", status=Status.ERROR, message="it broke"),
        exit_code=5,
    )
    run = run_of(render(report))
    assert run["results"] == []
    assert run["invocations"] == [
        {
            "executionSuccessful": False,
            "exitCode": 5,
            "toolExecutionNotifications": [
                {"level": "error", "message": {"text": "it broke"}, "associatedRule": {"id": "TBL001"}},
                {"level": "note", "message": {"text": "no account"}, "associatedRule": {"id": "LIM001"}},
            ],
        }
    ]


def test_a_run_that_could_not_finish(make_report):
    run = run_of(render(make_report(failure=AccountError("no answer"), exit_code=4)))
    assert run["invocations"] == [
        {
            "executionSuccessful": False,
            "exitCode": 4,
            "toolExecutionNotifications": [{"level": "error", "message": {"text": "no answer"}}],
        }
    ]


def test_a_fingerprint_survives_moved_lines_and_other_figures(make_finding, make_report):
    before = make_finding(location=Location("a.py", 3), evidence={"table": "t", "rows_asked": 10})
    moved = replace(
        before,
        location=Location("a.py", 90, 4),
        message="binds more",
        evidence={"rows_asked": 99, "table": "t"},
    )
    assert prints(before, make_report=make_report) == prints(moved, make_report=make_report)


def test_fingerprints_tell_problems_apart(make_finding, make_report):
    base = make_finding(location=Location("a.py", 3), evidence={"table": "t"})
    others = [
        base,
        replace(base, code="LIM002"),
        replace(base, location=Location("b.py", 3)),
        replace(base, resource="d1/x"),
        replace(base, evidence={"table": "u"}),
        replace(base, evidence={"keys": ("a", 0)}),
    ]
    assert len(set(prints(base, *others, make_report=make_report))) == len(others) + 1


def test_untrusted_text_makes_no_link_and_no_command(make_finding, make_report, hostile):
    finding = make_finding(message=hostile, location=Location(f"src/{hostile[:9]}.py", 1))
    text = render(make_report(finding))
    assert text.isascii()
    assert "##[" not in text
    (result,) = run_of(text)["results"]
    assert r"\[a\](b)" in result["message"]["text"]
    assert "\x1b" not in result["message"]["text"]


def test_the_same_report_gives_the_same_text(make_finding, make_report, rule):
    report = make_report(make_finding(), rules=(rule,))
    assert render(report) == render(report)

from __future__ import annotations

import json
import math
from types import MappingProxyType

import pytest
from jsonschema import Draft202012Validator, ValidationError

from diagnose.errors import NoConfigError
from diagnose.model import Confidence, FixInfo, Ignored, Location, RootCause, Safety, Severity, Status
from diagnose.report.json_v1 import render, schema


def validated(text: str) -> dict:
    document = json.loads(text)
    Draft202012Validator(schema()).validate(document)
    return document


def test_the_schema_is_one():
    Draft202012Validator.check_schema(schema())


def test_a_whole_document(make_finding, make_report):
    finding = make_finding(
        location=Location("src/worker.py", 74, 5),
        resource="d1/rates",
        evidence={"columns": 10, "parameters": {"1": 10}, "rows_break_at": 11},
        explains=("E2E002",),
        fix=FixInfo(available=True, safety=Safety.REVIEW),
        duration_ms=1.5,
    )
    report = make_report(
        finding, root_causes=(RootCause("LIM001", "It comes first.", ("E2E002",)),), note="Locally."
    )
    assert validated(render(report)) == {
        "schema_version": 1,
        "tool": {"name": "diagnose", "version": "1.2.3"},
        "target": "embedded (saved)",
        "project": {"path": "shop"},
        "summary": {
            "passed": 0,
            "failed": 1,
            "warned": 0,
            "skipped": 0,
            "errored": 0,
            "ignored": 0,
            "note": "Locally.",
        },
        "findings": [
            {
                "code": "LIM001",
                "name": "bound-parameters",
                "status": "fail",
                "severity": "error",
                "confidence": "high",
                "message": "One INSERT binds too many parameters.",
                "location": {"path": "src/worker.py", "line": 74, "column": 5},
                "resource": "d1/rates",
                "evidence": {"columns": 10, "parameters": {"1": 10}, "rows_break_at": 11},
                "explains": ["E2E002"],
                "fix": {"available": True, "safety": "review", "reason": None},
                "duration_ms": 1.5,
                "ignored": None,
            }
        ],
        "root_causes": [{"code": "LIM001", "message": "It comes first.", "explains": ["E2E002"]}],
        "error": None,
    }


def test_every_status_severity_and_confidence_is_valid(make_finding, make_report):
    findings = [
        make_finding(status=status, severity=severity, confidence=confidence)
        for status in Status
        for severity in Severity
        for confidence in Confidence
    ]
    document = validated(render(make_report(*findings)))
    assert document["summary"] == {
        "passed": 9, "failed": 9, "warned": 9, "skipped": 9, "errored": 9, "ignored": 0, "note": None,
    }  # fmt: skip


def test_what_is_unknown_is_null(make_finding, make_report):
    (finding,) = validated(render(make_report(make_finding())))["findings"]
    assert (finding["location"], finding["resource"], finding["fix"]) == (None, None, None)
    (whole_file,) = validated(render(make_report(make_finding(location=Location("a.py")))))["findings"]
    assert whole_file["location"] == {"path": "a.py", "line": None, "column": None}


def test_evidence_keeps_its_values_whatever_containers_hold_it(make_finding, make_report):
    evidence = MappingProxyType({"codes": ("A", "B"), "rows": MappingProxyType({1: 10}), "ratio": math.nan})
    (finding,) = validated(render(make_report(make_finding(evidence=evidence))))["findings"]
    assert finding["evidence"] == {"codes": ["A", "B"], "rows": {"1": 10}, "ratio": "nan"}


def test_nothing_but_printable_ascii_is_written(make_finding, make_report):
    text = render(make_report(make_finding(message="\x1b[2J\x9b größer \udcff", evidence={"log": "\x07"})))
    assert text.isascii()
    assert not {character for character in text if not character.isprintable()} - {"\n"}
    assert json.loads(text)["findings"][0]["message"] == "\x1b[2J\x9b größer \udcff"


def test_what_the_settings_accept_is_told_with_its_reason(make_finding, make_report):
    ignored = Ignored(reason="small data", until="2031-01-31", status=Status.FAIL, message="too many")
    document = validated(render(make_report(make_finding(status=Status.SKIP, ignored=ignored))))
    assert (document["summary"]["skipped"], document["summary"]["ignored"]) == (1, 1)
    assert document["findings"][0]["ignored"] == {
        "reason": "small data",
        "until": "2031-01-31",
        "status": "fail",
        "message": "too many",
    }


def test_a_document_of_before_there_were_ignores_is_still_valid(make_finding, make_report):
    document = json.loads(render(make_report(make_finding())))
    del document["summary"]["ignored"], document["findings"][0]["ignored"]
    Draft202012Validator(schema()).validate(document)


def test_no_line_holds_a_workflow_command(make_finding, make_report):
    text = render(make_report(make_finding(message="##[add-path]x")))
    assert "##[" not in text
    assert json.loads(text)["findings"][0]["message"] == "##[add-path]x"


def test_a_run_that_could_not_finish_is_a_document_too(make_report):
    error = NoConfigError("no wrangler config", where="shop", hint="pass -c FILE")
    document = validated(render(make_report(failure=error)))
    assert document["findings"] == []
    assert document["error"] == {
        "message": "no wrangler config",
        "where": "shop",
        "why": None,
        "hint": "pass -c FILE",
        "exit_code": 3,
    }


def test_the_same_report_gives_the_same_text(make_finding, make_report):
    report = make_report(make_finding(evidence={"b": 1, "a": 2}))
    assert render(report) == render(report)
    assert render(report).endswith("}\n")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), 2),
        (("summary", "failed"), -1),
        (("findings", 0, "status"), "broken"),
        (("findings", 0, "fix"), {"available": "yes"}),
        (("findings", 0, "unknown"), 1),
        (("unknown",), 1),
    ],
)
def test_the_schema_refuses_what_is_not_version_1(make_finding, make_report, path, value):
    document = json.loads(render(make_report(make_finding())))
    target = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    with pytest.raises(ValidationError):
        Draft202012Validator(schema()).validate(document)

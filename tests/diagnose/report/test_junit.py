from __future__ import annotations

from io import BytesIO
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped

from diagnose.errors import AccountError
from diagnose.model import Finding, FixInfo, Location, Report, Safety, Severity, Status
from diagnose.report.junit import render


def read(text: str) -> tuple[JUnitXml, dict[str, object]]:
    """As a test dashboard reads it: the whole, and the cases by name."""
    parsed = JUnitXml.fromfile(BytesIO(text.encode()))
    return parsed, {case.name: case for suite in parsed for case in suite}


def test_each_finding_is_a_case(make_finding, make_report, rule):
    report = make_report(
        make_finding(
            location=Location("src/worker.py", 74, 5),
            evidence={"columns": 10},
            fix=FixInfo(available=True, safety=Safety.REVIEW),
            duration_ms=1500.0,
        ),
        make_finding(status=Status.SKIP, message="there is no source", duration_ms=1500.0),
        make_finding("CFG002", "unknown-key", status=Status.WARN, severity=Severity.WARNING),
        make_finding("CFG001", "config-unreadable", status=Status.PASS),
        make_finding("TBL001", "table-missing", status=Status.ERROR, message="it broke"),
        rules=(rule,),
    )
    whole, cases = read(render(report))
    assert (whole.tests, whole.failures, whole.errors, whole.skipped, whole.time) == (5, 1, 1, 1, 1.5)
    assert list(cases) == [
        "LIM001 bound-parameters",
        "LIM001 bound-parameters #2",
        "CFG002 unknown-key",
        "CFG001 config-unreadable",
        "TBL001 table-missing",
    ]
    failed, skipped, warned, passed, broken = cases.values()
    assert (failed.classname, passed.classname) == ("limits", "diagnose")
    (failure,) = failed.result
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message) == ("error", "One INSERT binds too many parameters.")
    assert failure.text == (
        "One INSERT binds too many parameters.\nat src/worker.py:74:5\ncolumns  10\n"
        "repair: diagnose fix --select LIM001"
    )
    assert [(type(each), each.message) for each in skipped.result] == [(Skipped, "there is no source")]
    assert (warned.is_passed, passed.is_passed) == (True, True)
    assert warned.system_out.startswith("warning: One INSERT binds too many parameters.\n")
    assert [(type(each), each.message) for each in broken.result] == [(Error, "it broke")]


def test_the_time_of_a_check_counts_once(make_finding, make_report):
    whole, cases = read(render(make_report(*(make_finding(duration_ms=250.0) for _ in range(3)))))
    assert whole.time == 0.25
    assert [case.time for case in cases.values()] == [0.25, 0.0, 0.0]


def test_a_run_that_could_not_finish_is_an_error(make_report):
    whole, cases = read(render(make_report(failure=AccountError("no answer", hint="try again"))))
    assert (whole.tests, whole.errors) == (1, 1)
    (error,) = cases["run"].result
    assert isinstance(error, Error)
    assert error.message == "no answer; try again"


def test_facts_are_properties(make_report):
    whole, _ = read(render(make_report(note="Locally.", project={"path": "shop", "environment": None})))
    properties = {each.name: each.value for suite in whole for each in suite.properties()}
    assert properties == {
        "version": "1.2.3",
        "target": "embedded (saved)",
        "path": "shop",
        "note": "Locally.",
    }


def test_untrusted_text_stays_text(make_finding, make_report, hostile):
    finding = make_finding(name=hostile, message=hostile, evidence={"log": hostile}, resource=hostile)
    text = render(make_report(finding, project={"path": hostile}))
    root = ET.fromstring(text.encode())  # noqa: S314 - our own text
    assert {element.tag for element in root.iter()} == {
        "testsuites",
        "testsuite",
        "properties",
        "property",
        "testcase",
        "failure",
    }
    assert not {"\x1b", "\ufffe", "\ud800", "\u202e"} & set(text)
    assert "&lt;script&gt;" in text
    assert [line for line in text.splitlines() if line.lstrip().startswith("::")] == []


@settings(max_examples=100)
@given(st.text())
def test_any_text_makes_a_document(text: str):
    finding = Finding(
        code="LIM001",
        name="x",
        status=Status.FAIL,
        severity=Severity.ERROR,
        message=text,
        evidence={"log": text},
    )
    report = Report(version="1", target=text, project={"path": text}, findings=(finding,))
    _, cases = read(render(report))
    assert list(cases) == ["LIM001 x"]

"""The gate as a CI service starts it: several reports from one run, before and after the repair."""

from __future__ import annotations

import json

import pytest
from junitparser import JUnitXml

FORMATS = ("table", "json", "junit", "github", "sarif", "markdown")


@pytest.fixture
def gate(diagnose, tmp_path):
    """Run the gate over a folder: how it ended, and the text of each report."""

    def run(folder, *words, **environment):
        files = {form: tmp_path / f"report.{form}" for form in FORMATS}
        outputs = [f"--output={form}={file}" for form, file in files.items()]
        ended = diagnose("run", folder, *outputs, *words, **environment)
        return ended, {form: file.read_text(encoding="utf-8") for form, file in files.items()}

    return run


def test_the_broken_demo_is_stopped_in_every_format(gate, broken_demo, sources):
    before = sources(broken_demo)
    ended, reports = gate(broken_demo)
    summary = json.loads(reports["json"])["summary"]
    (run,) = json.loads(reports["sarif"])["runs"]
    junit = JUnitXml.fromstring(reports["junit"].encode())

    assert (ended.code, ended.err) == (1, "")
    assert (junit.failures, junit.errors) == (summary["failed"], 0)
    assert junit.tests == sum(summary[name] for name in ("passed", "failed", "warned", "skipped"))
    assert len(run["results"]) == summary["failed"] + summary["warned"]
    assert reports["github"].startswith("::error file=pyswarm/Data_Import/historical_worker.py,line=70,")
    assert f"## diagnose: {summary['failed']} failed, {summary['warned']} warned," in reports["markdown"]
    assert "LIM001 bound-parameters" in reports["table"]
    assert sources(broken_demo) == before


def test_the_repaired_demo_passes_in_every_format(gate, fixed_demo):
    ended, reports = gate(fixed_demo)
    (run,) = json.loads(reports["sarif"])["runs"]

    assert ended.code == 0, ended.out
    assert JUnitXml.fromstring(reports["junit"].encode()).failures == 0
    assert "::error" not in reports["github"]
    assert [result["ruleId"] for result in run["results"] if result["level"] == "error"] == []
    assert run["invocations"][0]["exitCode"] == 0


def test_reports_of_the_same_project_are_equal(gate, fixed_demo):
    first, second = (gate(fixed_demo, "--offline")[1] for _ in range(2))

    assert {form for form in FORMATS if first[form] != second[form]} <= {"json", "junit"}  # durations


def test_printed_reports_are_utf_8_wherever_they_go(diagnose, broken_demo):
    ended = diagnose("run", broken_demo, "--offline", "--format", "markdown", PYTHONIOENCODING="ascii")

    assert ended.code == 1
    assert "· path" in ended.out


def test_an_accepted_finding_lets_the_gate_pass_until_it_is_stale(diagnose, demo):
    settings = demo / "diagnose.toml"
    own = settings.read_bytes()
    entry = '\n[[ignore]]\ncode = "CFG002"\nreason = "an old name"\n'
    words = ("run", demo, "--offline", "--select", "CFG002,CFG011", "--fail-on", "advice")

    assert diagnose(*words).code == 1
    settings.write_bytes(own + entry.encode())
    accepted = diagnose(*words)
    assert accepted.code == 0, accepted.out
    assert "Ignored (1)" in accepted.out
    assert "because: an old name" in accepted.out

    config = demo / "pyswarm" / "wrangler_historical_import.toml"
    config.write_text(config.read_text().replace('\nname = "history"', '\ndatabase_name = "history"'))
    stale = diagnose(*words)
    assert stale.code == 1
    assert "accepts nothing: there is no such finding" in stale.out

    assert diagnose("fix", demo, "--offline", "--select", "CFG011", "--yes").code == 0
    assert settings.read_bytes() == own
    assert diagnose(*words).code == 0
    assert diagnose("undo", demo, "--yes").code == 0
    assert settings.read_bytes() == own + entry.encode()


def test_an_error_from_the_log_leads_to_its_statement(diagnose, broken_demo):
    error = next(
        finding["evidence"]["error"]
        for finding in diagnose("run", broken_demo, "--format", "json").findings("LIM001")
    )
    ended = diagnose("explain", error, broken_demo)

    assert ended.code == 0
    assert "it comes from here:" in ended.out
    assert "historical_worker.py:70:5" in ended.out

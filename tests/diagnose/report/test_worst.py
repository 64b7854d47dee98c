from __future__ import annotations

from diagnose.model import Confidence, Location, RootCause, Severity, Status
from diagnose.report.worst import repository_path, worst_first


def test_root_causes_come_before_their_consequences_and_errors_before_warnings(make_finding, make_report):
    advice = make_finding("QUE001", status=Status.WARN, severity=Severity.ADVICE)
    unsure = make_finding("CFG002", status=Status.WARN, severity=Severity.WARNING, confidence=Confidence.LOW)
    sure = make_finding("CFG006", status=Status.WARN, severity=Severity.WARNING)
    effect, cause = make_finding("E2E002"), make_finding("LIM001")
    broken = make_finding("TBL001", status=Status.ERROR, severity=Severity.WARNING)
    silent = [make_finding("CFG001", status=status) for status in (Status.PASS, Status.SKIP)]
    report = make_report(
        *silent, advice, unsure, sure, effect, cause, broken, root_causes=(RootCause("LIM001", "first"),)
    )
    assert worst_first(report) == (broken, cause, effect, sure, unsure, advice)


def test_a_path_is_told_from_the_root_of_the_repository(make_report):
    report = make_report(prefix="workers/import")
    assert repository_path(Location("src/a.py", 3), report) == "workers/import/src/a.py"
    assert repository_path(Location("../../diagnose.toml"), report) == "diagnose.toml"
    assert repository_path(Location("src/a.py"), make_report()) == "src/a.py"

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.engine.ranking import fix_order, root_causes
from diagnose.model import Confidence, RootCause, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.model import Finding

ERROR = "D1_ERROR: too many SQL variables at offset 261: SQLITE_ERROR"


def test_a_root_cause_explains_others_and_is_explained_by_none(finding: Callable[..., Finding]):
    causes = root_causes(
        [
            finding("E2E002"),
            finding("LIM001", explains=("E2E002",)),
            finding("TBL001", explains=("LIM001", "E2E002")),
            finding("DEP001"),
            finding("DEP004", severity=Severity.WARNING, status=Status.WARN),
        ]
    )

    assert causes == (
        RootCause("TBL001", "TBL001 is wrong", ("E2E002", "LIM001")),
        RootCause("DEP001", "DEP001 is wrong"),
    )


def test_consequences_are_followed_through_others(finding: Callable[..., Finding]):
    (cause,) = root_causes(
        [
            finding("CFG003", explains=("TBL001",)),
            finding("TBL001", explains=("E2E001",)),
            finding("E2E001", explains=("E2E002",)),
            finding("E2E002"),
        ]
    )

    assert cause.explains == ("TBL001", "E2E001", "E2E002")


def test_the_error_that_the_trigger_met_comes_first(finding: Callable[..., Finding]):
    causes = root_causes(
        [
            finding(
                "TBL001", explains=("E2E001", "E2E002"), evidence={"error": "D1_ERROR: no such table: t"}
            ),
            finding(
                "LIM001",
                severity=Severity.WARNING,
                status=Status.WARN,
                explains=("E2E002",),
                evidence={"error": ERROR},
            ),
            finding("E2E001", evidence={"error": None}),
            finding("E2E002", evidence={"error": ERROR}),
        ]
    )

    assert [cause.code for cause in causes] == ["LIM001", "TBL001"]
    assert causes[0].message == "LIM001 is wrong; the trigger met exactly this error"
    assert causes[1].message == "TBL001 is wrong"


def test_then_severity_then_reach_then_confidence_then_report_order_decide(finding: Callable[..., Finding]):
    warning = {"severity": Severity.WARNING, "status": Status.WARN}
    causes = root_causes(
        [
            finding("AAA001", explains=("E2E001", "E2E002"), **warning),
            finding("BBB001", explains=("E2E001",), confidence=Confidence.MEDIUM),
            finding("CCC001", explains=("E2E001",)),
            finding("DDD001", explains=("E2E001",)),
            finding("EEE001", explains=("E2E001", "E2E002")),
            finding("E2E001"),
            finding("E2E002"),
        ]
    )

    assert [cause.code for cause in causes] == ["EEE001", "CCC001", "DDD001", "BBB001", "AAA001"]


def test_in_a_circle_nobody_explains_the_others(finding: Callable[..., Finding]):
    circle = [
        finding("AAA001", explains=("BBB001",)),
        finding("BBB001", explains=("CCC001",)),
        finding("CCC001", explains=("AAA001", "DDD001")),
        finding("DDD001"),
    ]

    causes = root_causes(circle)

    assert [(cause.code, cause.explains) for cause in causes] == [
        ("AAA001", ("DDD001",)),
        ("BBB001", ("DDD001",)),
        ("CCC001", ("DDD001",)),
    ]


def test_a_finding_does_not_explain_itself(finding: Callable[..., Finding]):
    (cause,) = root_causes([finding("AAA001", explains=("AAA001",))])

    assert cause.explains == ()


def test_only_problems_explain_and_are_explained(finding: Callable[..., Finding]):
    passed = finding("LIM001", status=Status.PASS, explains=("E2E002",))
    broken = finding("TBL001", status=Status.ERROR, explains=("E2E002",))
    skipped = finding("E2E001", status=Status.SKIP)

    assert [cause.code for cause in root_causes([passed, broken, finding("E2E002")])] == ["E2E002"]
    (cause,) = root_causes([finding("SRC001", explains=("E2E001",)), skipped])
    assert cause.explains == ()


def test_the_worst_finding_speaks_for_its_code(finding: Callable[..., Finding]):
    mild = finding(
        "LIM001", severity=Severity.ADVICE, status=Status.WARN, message="perhaps", explains=("E2E002",)
    )

    (cause,) = root_causes([mild, finding("LIM001", message="proven"), finding("E2E002")])

    assert (cause.message, cause.explains) == ("proven", ("E2E002",))


def test_root_causes_are_repaired_first_and_the_rest_as_reported(finding: Callable[..., Finding]):
    reported = [
        finding("CFG002"),
        finding("E2E002"),
        finding("LIM001", explains=("E2E002",), evidence={"error": ERROR}),
        finding("TBL001", explains=("E2E002",)),
    ]

    assert [f.code for f in fix_order(reported)] == ["LIM001", "TBL001", "CFG002", "E2E002"]


def test_nothing_comes_of_nothing():
    assert root_causes([]) == ()
    assert fix_order([]) == []

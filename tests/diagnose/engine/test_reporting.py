from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import diagnose
from diagnose.engine.reporting import Thresholds, exit_code, judged, make_report
from diagnose.errors import NoConfigError
from diagnose.exits import ExitCode
from diagnose.model import Confidence, Ignored, Severity, Status
from diagnose.plugin import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from diagnose.engine.session import Session
    from diagnose.model import Finding

ADVICE = {"severity": Severity.ADVICE, "status": Status.WARN}
WARNING = {"severity": Severity.WARNING, "status": Status.WARN}


@pytest.mark.parametrize(
    ("confidence", "least", "severity", "status"),
    [
        (Confidence.LOW, Confidence.MEDIUM, Severity.ADVICE, Status.WARN),
        (Confidence.MEDIUM, Confidence.MEDIUM, Severity.ERROR, Status.FAIL),
        (Confidence.MEDIUM, Confidence.HIGH, Severity.ADVICE, Status.WARN),
        (Confidence.LOW, Confidence.LOW, Severity.ERROR, Status.FAIL),
    ],
)
def test_a_finding_below_the_confidence_is_advice(
    finding: Callable[..., Finding],
    confidence: Confidence,
    least: Confidence,
    severity: Severity,
    status: Status,
):
    (after,) = judged([finding("LIM001", confidence=confidence)], Thresholds(min_confidence=least))

    assert (after.severity, after.status) == (severity, status)


def test_what_was_accepted_is_not_missing(finding: Callable[..., Finding]):
    ignored = Ignored(reason="known", until=None, status=Status.FAIL, message="it differs")
    accepted = finding("E2E002", status=Status.SKIP, ignored=ignored)

    assert judged([accepted], Thresholds(require=("e2e",))) == (accepted,)


@pytest.mark.parametrize("required", ["e2e", "E2E002", "e2e002", "rows-did-not-land"])
def test_a_required_skip_is_a_failure(finding: Callable[..., Finding], required: str):
    skipped = finding(
        "E2E002",
        name="rows-did-not-land",
        status=Status.SKIP,
        confidence=Confidence.LOW,
        message="no recorded answer",
    )
    other = finding("TBL001", status=Status.SKIP)

    after, untouched = judged([skipped, other], Thresholds(require=(required,)))

    assert (after.status, after.severity) == (Status.FAIL, Severity.ERROR)
    assert after.message == "required, but could not be checked: no recorded answer"
    assert untouched == other


@pytest.mark.parametrize(
    ("changes", "fail_on", "code"),
    [
        ({}, "error", ExitCode.FINDINGS),
        ({}, "never", ExitCode.CLEAN),
        (WARNING, "error", ExitCode.CLEAN),
        (WARNING, "warning", ExitCode.FINDINGS),
        (ADVICE, "warning", ExitCode.CLEAN),
        (ADVICE, "advice", ExitCode.FINDINGS),
        ({"status": Status.PASS}, "advice", ExitCode.CLEAN),
        ({"status": Status.SKIP}, "advice", ExitCode.CLEAN),
        ({"status": Status.ERROR}, "error", ExitCode.BROKEN),
        ({"status": Status.ERROR}, "never", ExitCode.BROKEN),
    ],
)
def test_exit_codes(
    finding: Callable[..., Finding], changes: Mapping[str, object], fail_on: str, code: ExitCode
):
    assert exit_code([finding("LIM001", **changes)], None, Thresholds(fail_on=fail_on)) is code


def test_a_check_that_broke_outweighs_one_that_the_account_did_not_answer(finding: Callable[..., Finding]):
    unanswered = finding("TBL001", status=Status.ERROR, evidence={"unanswered": "GET /"})
    broken, failed = finding("LIM001", status=Status.ERROR), finding("CFG006")
    assert exit_code([failed, unanswered], None, Thresholds()) is ExitCode.UNFINISHED
    assert exit_code([unanswered, broken], None, Thresholds()) is ExitCode.BROKEN


def test_a_clean_run_ends_with_0():
    assert exit_code([], None, Thresholds()) is ExitCode.CLEAN


@pytest.mark.anyio
async def test_a_config_that_does_not_parse_ends_with_2(
    session: Callable[..., Session], folder: Path, finding: Callable[..., Finding]
):
    (folder / "wrangler.toml").write_text("name =\n")
    async with session() as opened:
        project = (await opened.context()).project

    assert exit_code([finding("CFG001")], project, Thresholds(fail_on="never")) is ExitCode.USAGE


@pytest.mark.anyio
async def test_a_report_says_what_was_looked_at(
    session: Callable[..., Session], folder: Path, finding: Callable[..., Finding]
):
    (folder / "wrangler.toml").write_text(
        'name = "tides"\nmain = "worker.py"\n'
        '[[d1_databases]]\nbinding = "DB"\ndatabase_name = "harbour"\n'
        '[[queues.producers]]\nbinding = "Q"\nqueue = "levels"\n'
        '[[queues.consumers]]\nqueue = "levels"\n[[queues.consumers]]\nqueue = "ships"\n'
    )
    (folder / "worker.py").write_text(
        "from workers import WorkerEntrypoint, fetch\n\n\nclass Default(WorkerEntrypoint):\n"
        "    async def scheduled(self, controller):\n"
        '        await fetch("https://tides.example/levels?day=1")\n'
    )
    found = [
        finding("TBL001", explains=("E2E002",)),
        finding("QUE001", **ADVICE),
        finding("E2E002"),
        finding("E2E003", **WARNING),
        finding("LIM001"),
        finding("CFG002", **WARNING),
        finding("SRC001", status=Status.PASS),
    ]

    async with session() as opened:
        ctx = await opened.context()
        report = make_report(ctx, found, target="offline", command="diagnose run", token=False)

    assert report.version == diagnose.__version__
    assert report.project == {
        "path": str(folder),
        "config": "wrangler.toml",
        "environment": None,
        "worker": "tides",
        "main": "worker.py",
        "settings": None,
    }
    assert [(s.name, s.detail, s.present, s.codes) for s in report.pipeline] == [
        ("fetch", "tides.example", True, ()),
        ("worker", "tides", True, ("LIM001", "CFG002")),
        ("queue", "levels, ships", True, ("E2E003", "QUE001")),
        ("D1", "harbour", True, ("TBL001", "E2E002")),
    ]
    assert [cause.code for cause in report.root_causes] == ["TBL001", "LIM001"]


@pytest.mark.anyio
async def test_missing_stages_are_drawn_as_missing(session: Callable[..., Session]):
    async with session() as opened:
        report = make_report(
            await opened.context(), [], target="offline", command="diagnose run", token=False
        )

    assert [(stage.name, stage.detail, stage.present) for stage in report.pipeline] == [
        ("fetch", "no request found", False),
        ("worker", "tides", True),
        ("queue", "none", False),
        ("D1", "no database", False),
    ]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("token", "target", "lines"),
    [
        (False, "embedded (derived)", ["Rehearsed locally; your account was not read."]),
        (
            True,
            "embedded (derived)",
            [
                "Rehearsed locally; your account was not read.",
                "To look at it: diagnose run . --target cloudflare",
            ],
        ),
        (True, "embedded (saved)", []),
    ],
)
async def test_the_note_says_what_a_rehearsal_proves(
    session: Callable[..., Session], token: bool, target: str, lines: list[str]
):
    async with session(target=Target.EMBEDDED) as opened:
        ctx = await opened.context()
        report = make_report(
            ctx, [], target=target, command="diagnose run . --target cloudflare", token=token
        )

    assert (report.note or "").splitlines() == lines


@pytest.mark.anyio
async def test_the_note_names_the_day_whose_limits_were_chosen(session: Callable[..., Session], folder: Path):
    (folder / "diagnose.toml").write_text("limits_on = 2026-06-01\n")
    async with session(target=Target.EMBEDDED) as opened:
        report = make_report(await opened.context(), [], target="embedded (saved)", command="", token=False)

    assert report.note == "Statements were judged by the limits of 2026-06-01 (limits_on)."


@pytest.mark.anyio
async def test_the_note_says_which_of_several_configs_counts(session: Callable[..., Session], folder: Path):
    (folder / "wrangler.jsonc").write_text('{"name": "other"}')

    async with session() as opened:
        report = make_report(
            await opened.context(), [], target="offline", command="diagnose run", token=False
        )

    assert report.note is not None
    assert "Several configs: wrangler takes wrangler.jsonc, not wrangler.toml." in report.note
    assert "was not read" in report.note


@pytest.mark.anyio
async def test_the_note_warns_about_an_environment(session: Callable[..., Session]):
    async with session(environment="staging") as opened:
        ctx = await opened.context()
        report = make_report(ctx, [], target="offline", command="diagnose run", token=False)

    assert ctx.project.environment_warning is not None
    assert ctx.project.environment_warning in (report.note or "")


@pytest.mark.anyio
async def test_no_config_is_an_error_of_its_own(session: Callable[..., Session], folder: Path):
    (folder / "wrangler.toml").unlink()

    async with session() as opened:
        with pytest.raises(NoConfigError):
            await opened.context()

from __future__ import annotations

import re
import textwrap

import pytest

from diagnose.errors import AccountError
from diagnose.model import Confidence, FixInfo, Ignored, Location, RootCause, Safety, Severity, Status
from diagnose.model.report import Stage
from diagnose.report import Style
from diagnose.report.table import render

STYLE = Style(width=80)


@pytest.fixture
def broken(make_finding, make_report):
    """A report with something of everything."""
    return make_report(
        make_finding(
            message="One INSERT binds 10 parameters a row and 20,000 for 2,000 rows; D1 allows 100.",
            location=Location("src/worker.py", 74, 5),
            evidence={"columns": 10, "parameters": {"10": 100, "2000": 20000}, "rows_break_at": 11},
            explains=("E2E002", "SRC001"),
            fix=FixInfo(available=True, safety=Safety.REVIEW),
        ),
        make_finding("CFG001", "config-unreadable", status=Status.PASS),
        make_finding("DEP001", "not-deployed", status=Status.SKIP, message="needs --target cloudflare"),
        make_finding(
            "QUE001",
            "no-queue-in-pipeline",
            status=Status.WARN,
            severity=Severity.ADVICE,
            confidence=Confidence.MEDIUM,
            message="Nothing stands between the fetch and the write.",
            resource="d1/rates",
            fix=FixInfo(available=False, reason="a direct write is fine at this size"),
        ),
        make_finding("TBL001", "table-missing", status=Status.ERROR, message="the check itself broke"),
        make_finding("CFG006", "database-identity", status=Status.SKIP, message="needs --target cloudflare"),
        make_finding("CFG003", "undeclared-binding", status=Status.PASS),
        make_finding("CFG003", "undeclared-binding", status=Status.PASS),
        project={"path": "my shop", "config": "wrangler.toml", "environment": None, "worker": "import-rates"},
        root_causes=(
            RootCause("LIM001", "Every write fails before a row is stored.", ("E2E002", "SRC001")),
            RootCause("QUE001", "A failed write is not tried again."),
        ),
        pipeline=(Stage(name="worker", detail="import-rates", codes=("LIM001",)),),
        note="Rehearsed locally; your account was not read.",
    )


def test_a_whole_report(broken):
    assert render(broken, STYLE) == textwrap.dedent("""\
        Rehearsed locally; your account was not read.

        project  my shop
        config   wrangler.toml
        worker   import-rates
        target   embedded (saved)
        version  diagnose 1.2.3

          ┌──────────────┐
          │ ✗ worker     │
          │ import-rates │
          │ LIM001       │
          └──────────────┘

        Most likely issues (in order)
          1. LIM001  Every write fails before a row is stored.
             explains E2E002, SRC001
          2. QUE001  A failed write is not tried again.

        Checks without a result (1)

          ✗ TBL001 table-missing
            the check itself broke

        Failed (1)

          ✗ LIM001 bound-parameters  src/worker.py:74:5
            One INSERT binds 10 parameters a row and 20,000 for 2,000 rows; D1 allows
            100.
              columns        10
              rows break at  11
                rows    parameters  D1
              ------  ------------  ------
                  10           100  runs
               2,000        20,000  breaks
            explains  E2E002, SRC001
            fix       diagnose fix 'my shop' --select LIM001 (to review)

        Warnings (1)

          ! QUE001 no-queue-in-pipeline  (advice, medium confidence)  d1/rates
            Nothing stands between the fetch and the write.
            fix       none: a direct write is fine at this size

        Skipped (2)
          - DEP001, CFG006: needs --target cloudflare

        Passed (3): CFG001, CFG003 (x2)

        1 broken check, 1 failed, 1 warning, 3 passed, 2 skipped.
        Next: diagnose fix 'my shop'
        """)


def test_a_clean_report(make_finding, make_report):
    counts = {"fetched": 2000, "landed": 2000, "equal": 2000}
    report = make_report(
        make_finding(status=Status.PASS),
        make_finding("E2E002", "rows-did-not-land", status=Status.PASS, evidence=counts),
    )
    assert render(report, STYLE) == textwrap.dedent("""\
        project  shop
        target   embedded (saved)
        version  diagnose 1.2.3

        Passed (2): LIM001, E2E002

        Rows: 2,000 fetched, 2,000 landed, 2,000 equal.
        0 failed, 0 warnings, 2 passed, 0 skipped.
        Nothing to repair.
        """)


def last_line(report):
    return render(report, STYLE).splitlines()[-1]


def test_the_next_command_repeats_environment_and_target(make_finding, make_report):
    fixable = make_finding(fix=FixInfo(available=True, safety=Safety.SAFE))
    project = {"path": "shop", "environment": "staging"}
    report = make_report(fixable, project=project, target="cloudflare")
    assert last_line(report) == "Next: diagnose fix shop --env staging --target cloudflare"
    assert (
        last_line(make_report(fixable, project={"path": "."}, target="offline"))
        == "Next: diagnose fix --offline"
    )


def test_what_comes_next_depends_on_what_was_found(make_finding, make_report):
    by_hand = make_finding(fix=FixInfo(available=False))
    assert last_line(make_report(by_hand)) == "Next: diagnose explain LIM001"

    crash = make_finding(status=Status.ERROR)
    assert last_line(make_report(crash)).startswith("Next: report the broken check")

    unanswered = make_finding(status=Status.ERROR, evidence={"unanswered": "GET /accounts/0/d1/database"})
    *_, tally, following = render(make_report(unanswered, unanswered, crash), STYLE).splitlines()
    assert tally == "1 broken check, 2 unanswered, 0 failed, 0 warnings, 0 passed, 0 skipped."
    assert following == "Next: run it again later; the account did not answer everything that was asked."

    unknown = make_finding(status=Status.SKIP, message="the tables are not known (try `diagnose init`)")
    assert last_line(make_report(unknown)) == "Next: diagnose init shop"
    assert last_line(make_report()) == "Nothing to repair."


def test_the_same_report_gives_the_same_text(broken):
    assert render(broken, STYLE) == render(broken, Style(width=80))


def test_colour_changes_nothing_but_colour(broken):
    plain, coloured = render(broken, STYLE), render(broken, Style(width=80, color=True))
    assert "\x1b" not in plain
    assert coloured != plain
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_only_ascii_where_only_ascii_can_be_shown(broken):
    assert render(broken, Style(width=80, unicode=False)).isascii()


@pytest.mark.parametrize("width", [50, 64, 80, 100, 160])
def test_lines_fit_the_width(broken, width):
    lines = render(broken, Style(width=width)).splitlines()
    too_long = [line for line in lines if len(line) > width]
    assert [line for line in too_long if "diagnose fix" not in line] == []


def test_untrusted_text_cannot_steer_the_terminal_or_start_a_line(make_finding, make_report):
    evil = "\x1b[2J\x9b31m\n✓ LIM001 all rows landed\r\u202e"
    finding = make_finding(
        message=evil,
        location=Location(f"src/{evil}.py", 1),
        resource=evil,
        evidence={"stdout": evil, evil: evil},
        explains=(evil,),
        fix=FixInfo(available=False, reason=evil),
    )
    skip = make_finding(status=Status.SKIP, message=evil)
    text = render(
        make_report(
            finding,
            skip,
            project={"path": evil, "worker": evil},
            root_causes=(RootCause("LIM001", evil, (evil,)),),
            pipeline=(Stage(name="worker", detail=evil),),
            target=evil,
        ),
        STYLE,
    )
    assert not set(text) & set("\x1b\x9b\r\u202e")
    assert not any(line.strip().startswith("✓ LIM001") for line in text.splitlines())


def test_what_the_settings_accept_stands_apart_from_what_could_not_be_checked(make_finding, make_report):
    ignored = Ignored(reason="one library", until="2031-01-31", status=Status.WARN, message="`x` is no key")
    accepted = make_finding(
        "CFG002", status=Status.SKIP, ignored=ignored, location=Location("wrangler.toml", 3)
    )
    skipped = make_finding("DEP001", status=Status.SKIP, message="no account")
    text = render(make_report(accepted, skipped), STYLE)
    assert "Ignored (1)\n  - CFG002: `x` is no key (wrangler.toml:3)\n" in text
    assert "\n    because: one library, until 2031-01-31\n" in text
    assert "Skipped (1)\n  - DEP001: no account\n" in text
    assert "0 failed, 0 warnings, 0 passed, 1 skipped, 1 ignored." in text


def test_a_run_that_could_not_finish_says_why_and_promises_nothing(make_report):
    text = render(make_report(failure=AccountError("no answer", hint="try again")), STYLE)
    assert text.endswith("\n\nerror: no answer; try again\n")

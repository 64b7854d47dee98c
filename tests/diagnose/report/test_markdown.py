from __future__ import annotations

from diagnose.errors import AccountError
from diagnose.model import Confidence, FixInfo, Ignored, Location, RootCause, Safety, Severity, Status
from diagnose.report.markdown import LIMIT, escaped, render


def test_a_whole_document(make_finding, make_report):
    report = make_report(
        make_finding(
            location=Location("src/worker.py", 74, 5),
            evidence={"statement": "```\nSELECT 1"},
            fix=FixInfo(available=True, safety=Safety.REVIEW),
        ),
        make_finding(
            "QUE001", "no-queue", status=Status.WARN, severity=Severity.ADVICE, confidence=Confidence.MEDIUM
        ),
        make_finding("CFG001", "config-unreadable", status=Status.PASS),
        make_finding("TBL001", "table-missing", status=Status.SKIP, message="no account"),
        make_finding(
            "CFG002",
            "unknown-key",
            status=Status.SKIP,
            ignored=Ignored(
                reason="a library", until="2031-01-31", status=Status.WARN, message="`x` is no key"
            ),
        ),
        root_causes=(RootCause("LIM001", "too many", ("E2E002",)),),
        note="Rehearsed locally.",
        prefix="shop",
    )
    assert render(report) == (
        "## diagnose: 1 failed, 1 warned, 1 passed, 1 skipped, 1 ignored\n\n"
        "> Rehearsed locally.\n\n"
        "target embedded (saved) · path shop · version 1.2.3\n\n"
        "### Most likely issues\n\n"
        "1. **LIM001** too many (explains E2E002)\n\n"
        "### Findings\n\n"
        "| | code | where | what | repair |\n"
        "|---|---|---|---|---|\n"
        "| error | LIM001 bound-parameters | shop/src/worker.py:74 | One INSERT binds too many parameters. "
        "| `diagnose fix --select LIM001` |\n"
        "| advice, medium confidence | QUE001 no-queue |  | One INSERT binds too many parameters. | – |\n\n"
        "<details><summary>LIM001: evidence</summary>\n\n"
        "````text\nstatement\n  │ ```\n  │ SELECT 1\n````\n\n</details>\n\n"
        "<details><summary>Ignored (1)</summary>\n\n"
        "- CFG002 \\`x\\` is no key (because: a library, until 2031-01-31)\n\n</details>\n\n"
        "<details><summary>Skipped (1)</summary>\n\n- TBL001 no account\n\n</details>\n"
    )


def test_a_run_that_could_not_finish(make_report):
    text = render(make_report(failure=AccountError("no answer", hint="try again")))
    assert text.startswith("## diagnose: nothing was checked\n\n**error** no answer; try again\n\n")


def test_it_stays_below_what_a_summary_may_hold(make_finding, make_report):
    findings = [
        make_finding(message="größer " * 200, evidence={"log": "x\n" * 3000}, location=Location(f"{n}.py", n))
        for n in range(1, 2000)
    ]
    text = render(make_report(*findings))
    assert LIMIT * 0.8 < len(text.encode()) <= LIMIT < 1024 * 1024
    assert text.endswith(
        "_The rest is left out: a job summary may hold 1 MiB. The other outputs have all of it._\n"
    )
    assert text.count("<details>") == text.count("</details>")


def test_the_room_can_be_smaller(make_finding, make_report):
    report = make_report(*(make_finding(message="word " * 20) for _ in range(60)))
    assert len(render(report, limit=1_000).encode()) <= 1_000
    assert "left out" in render(report, limit=1_000)
    assert "left out" not in render(report)


def test_untrusted_text_is_neither_markup_nor_a_cell(make_finding, make_report, hostile):
    text = render(make_report(make_finding(message=hostile, location=Location(hostile, 1))))
    (row,) = (line for line in text.splitlines() if line.startswith("| error"))
    assert "<script>" not in text
    assert row.replace("\\|", "").count("|") == 6
    assert not {"\x1b", "\u202e"} & set(text)
    assert [line for line in text.splitlines() if line.startswith("::")] == []


def test_a_text_is_escaped():
    assert escaped("a|b *c* <d> & [e](f) `g`\n#h") == (
        "a\\|b \\*c\\* &lt;d&gt; &amp; \\[e\\](f) \\`g\\`\\\\n\\#h"
    )

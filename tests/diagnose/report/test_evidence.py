from __future__ import annotations

from diagnose.report import Style
from diagnose.report.evidence import counts, evidence_lines

STYLE = Style(width=72)


def lines(evidence, style=STYLE):
    return evidence_lines(evidence, style, indent=2)


def test_parameters_become_a_table_with_what_d1_does():
    evidence = {
        "columns": 10,
        "parameters": {"1": 10, "10": 100, "100": 1000, "2000": 20000},
        "rows_break_at": 11,
        "error": "D1_ERROR: too many SQL variables at offset 261: SQLITE_ERROR",
    }
    assert lines(evidence) == [
        "  columns        10",
        "  rows break at  11",
        "  error          D1_ERROR: too many SQL variables at offset 261:",
        "                 SQLITE_ERROR",
        "    rows    parameters  D1",
        "  ------  ------------  ------",
        "       1            10  runs",
        "      10           100  runs",
        "     100         1,000  breaks",
        "   2,000        20,000  breaks",
    ]


def test_without_a_breaking_row_every_size_runs():
    assert lines({"parameters": {1: 1, 2000: 1}, "rows_break_at": None}) == [
        "  rows break at  null",
        "    rows    parameters  D1",
        "  ------  ------------  ----",
        "       1             1  runs",
        "   2,000             1  runs",
    ]


def test_a_timeline_becomes_lines_with_places_and_counts():
    evidence = {
        "timeline": [
            {"at_ms": 0, "kind": "trigger", "text": "POST /trigger"},
            {"at_ms": 3.6, "kind": "fetch", "text": "GET https://api.example.com → 200"},
            {"at_ms": 1040, "kind": "exception", "text": "D1_ERROR: no", "path": "src/w.py", "line": 7},
            {"at_ms": 1041, "kind": "statement", "text": "INSERT INTO " + "t" * 40, "path": "src/w.py"},
        ],
        "fetched": 2000,
        "landed": 0,
        "equal": 0,
    }
    assert lines(evidence) == [
        "  timeline",
        "         0 ms  trigger    POST /trigger",
        "         4 ms  fetch      GET https://api.example.com → 200",
        "     1,040 ms  exception  D1_ERROR: no  (src/w.py:7)",
        "     1,041 ms  statement  INSERT INTO ttttttttttttttttttttttttttttttttt…",
        "                          (src/w.py)",
        "  rows  2,000 fetched, 0 landed, 0 equal",
    ]


def test_a_long_timeline_is_cut_in_the_middle():
    timeline = [{"at_ms": number, "kind": "statement", "text": f"INSERT {number}"} for number in range(200)]
    drawn = lines({"timeline": timeline})
    assert len(drawn) == 1 + 16 + 1 + 8
    assert drawn[16:19] == [
        "        15 ms  statement  INSERT 15",
        "    … 176 more events",
        "       192 ms  statement  INSERT 192",
    ]


def test_a_worker_cannot_fake_lines_of_the_report_or_steer_the_terminal():
    timeline = [{"at_ms": 1, "kind": "log", "text": "\x1b[2J\n0 failed, 9 passed.", "path": "\x1b[1m.py"}]
    evidence = {"log": "\x1b[31m\r\n\n  ✓ LIM001 passed", "kind\x07": "a\tb", "timeline": timeline}
    assert lines(evidence) == [
        "  log",
        "    │ \\x1b[31m\\r",
        "    │",
        "    │   ✓ LIM001 passed",
        "  kind\\x07  a\\tb",
        "  timeline",
        "         1 ms  log        \\x1b[2J\\n0 failed, 9 passed.  (\\x1b[1m.py)",
    ]


def test_long_texts_are_cut():
    text = "\n".join(f"line {number}" for number in range(20))
    assert lines({"traceback": text})[-2:] == ["    │ line 7", "    │ … 12 more lines"]
    cut = lines({"sql": "SELECT " + "x" * 500})
    assert len(cut) == 3
    assert max(map(len, cut)) <= 72
    assert cut[-1].endswith("…")


def test_lists_and_objects_stay_on_one_line():
    assert lines({"missing": ["volume_from", "volume_to"], "found": {"volume": "REAL"}, "codes": []}) == [
        "  missing  volume_from, volume_to",
        '  found    {"volume": "REAL"}',
        "  codes    []",
    ]


def test_counts_need_numbers():
    assert (
        counts({"fetched": 2000, "landed": 2000, "equal": 2000}) == "2,000 fetched, 2,000 landed, 2,000 equal"
    )
    assert counts({"fetched": None, "landed": 3}) == "3 landed"
    assert counts({"equal": True}) is None
    assert counts({}) is None


def test_evidence_of_an_unexpected_shape_is_shown_as_it_is():
    assert lines({"timeline": "later", "parameters": ["?1"]}) == ["  timeline    later", "  parameters  ?1"]


def test_a_verdict_instead_of_a_count_is_a_fact():
    assert lines({"landed": 3, "equal": True}) == ["  equal  true", "  rows  3 landed"]


def test_no_evidence_no_lines():
    assert lines({}) == []

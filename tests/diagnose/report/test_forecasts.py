from __future__ import annotations

import json

import jsonschema
import pytest

from diagnose.report.forecasts import render_forecast
from diagnose.report.simulated import render_statements
from diagnose.report.simulated_json import forecast_json, schema, statements_json
from diagnose.report.style import Style
from diagnose.simulation import Workload, forecast, judge_sql


@pytest.fixture(scope="module")
def found():
    return forecast(Workload(columns=10, rows=2_000))


def test_the_answer_says_limits_ways_and_the_breaking_point(found):
    lines = render_forecast(found, Style(width=120)).splitlines()
    assert lines[0] == "2,000 rows of 10 columns, 93 bytes each as JSON (made up; --row-bytes sets it)"
    assert lines[2] == (
        "One statement breaks at row 11: D1_ERROR: too many SQL variables at offset 384: SQLITE_ERROR"
    )
    told = {" ".join(line.split()) for line in lines}
    assert "✗ 100 parameters per statement 20,000 all rows in one statement [1]" in told
    assert "[1] https://developers.cloudflare.com/d1/platform/limits/ (2026-04-21)" in told
    assert "✓ batch() of 100 single rows 2,000 20 / 2,000 93 8 346,000 1 / 40 1 / 2 < 0.1" in told
    assert "✗ all rows in one statement 1 1 64,061 8 224,061" in told
    assert "Parameters of one statement" in told


def test_only_ascii_where_nothing_else_can_be_shown(found):
    assert render_forecast(found, Style(unicode=False)).isascii()


def test_one_row_and_one_column_are_singular():
    text = render_forecast(forecast(Workload(columns=1, rows=1)), Style())
    assert text.startswith("1 row of 1 column, ")
    assert "1 message of at most 1 row " in text


def test_a_row_that_no_message_holds_is_said():
    text = render_forecast(forecast(Workload(columns=1, rows=1, row_bytes=200_000)), Style())
    assert "Through a queue: a row does not fit into one message." in text
    assert "200,000 bytes each as JSON (as given)" in text


def test_the_json_document_follows_its_schema(found):
    for workload in (Workload(columns=10, rows=2_000), Workload(columns=1, rows=1, row_bytes=200_000)):
        document = json.loads(forecast_json(forecast(workload)))
        jsonschema.validate(document, schema())
    document = json.loads(forecast_json(found))["forecast"]
    assert [way["name"] for way in document["ways"] if way["error"]] == ["one_statement"]
    assert document["ways"][3]["queries"] == {"batch_once": 20, "batch_each": 2_000}


def test_statements_are_listed_with_what_is_refused():
    judged = judge_sql("CREATE TABLE a(x);\nINSERT INTO a VALUES (?);\nSELEC 1;\nDELETE FROM b;")
    assert render_statements("dump.sql", judged, Style(unicode=False)) == (
        "dump.sql: 4 statements, 1 refused, 1 on tables that neither the file nor the migrations make\n\n"
        "ok line 1: CREATE TABLE a(x); (18 of 100,000 bytes)\n"
        "ok line 2: INSERT INTO a VALUES (?); (25 of 100,000 bytes, 1 parameters)\n"
        "X line 3: SELEC 1; (8 of 100,000 bytes)\n"
        '    D1_ERROR: near "SELEC": syntax error at offset 0: SQLITE_ERROR\n'
        "- line 4: DELETE FROM b; (14 of 100,000 bytes)\n"
        "    D1_ERROR: no such table: b: SQLITE_ERROR\n"
    )
    document = json.loads(statements_json("dump.sql", judged))
    jsonschema.validate(document, schema())
    assert [one["unknown_table"] for one in document["statements"]] == [False, False, False, True]


def test_a_statement_beyond_the_documentation_is_marked():
    judged = judge_sql(f"SELECT max({', '.join('1' * 33)})")
    assert render_statements("wide.sql", judged, Style(width=200)) == (
        "wide.sql: 1 statements, 0 refused, 1 beyond what D1 documents\n\n"
        f"! line 1: {judged[0].head} (109 of 100,000 bytes)\n"
        "    the runtime takes it; within the limits that D1 documents the answer is D1_ERROR: too many"
        " arguments on function max at offset 7: SQLITE_ERROR\n"
    )
    document = json.loads(statements_json("wide.sql", judged))
    jsonschema.validate(document, schema())
    assert [(one["error"], one["warning"]) for one in document["statements"]] == [
        (None, "D1_ERROR: too many arguments on function max at offset 7: SQLITE_ERROR")
    ]


def test_a_limit_that_the_runtime_does_not_keep_is_marked():
    many = forecast(Workload(columns=10, rows=22_000))
    told = {" ".join(line.split()) for line in render_forecast(many, Style(width=120)).splitlines()}
    assert "! 2,000,000 bytes per string, blob or row 2,068,001 all rows in one JSON parameter [1]" in told
    assert "✗ 256,000 bytes per sendBatch 2,090,000 one row per message in one sendBatch() [2]" in told
    assert "! beyond what is documented; the runtime was measured to take it" in told
    limits = {one["unit"]: one for one in json.loads(forecast_json(many))["forecast"]["limits"]}
    value = limits["bytes per string, blob or row"]
    assert (value["limit"], value["enforced"], value["met"]) == (2_000_000, 8_388_642, False)


def test_a_statement_cannot_steer_the_terminal():
    text = render_statements("a\x1b[2J.sql", judge_sql("SELECT '\x1b[31m'"), Style())
    assert "\x1b" not in text

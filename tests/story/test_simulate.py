"""`diagnose simulate` as its users start it."""

from __future__ import annotations

import jsonschema
import pytest

from diagnose.report.simulated_json import schema

WORKER = "pyswarm/Data_Import/historical_worker.py"


def test_an_imagined_import_needs_no_project(diagnose, tmp_path):
    ended = diagnose("simulate", "--columns", "10", "--rows", "2000", cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert "One statement breaks at row 11: D1_ERROR: too many SQL variables" in ended.out


def test_the_write_site_of_the_demo(diagnose, demo):
    ended = diagnose("simulate", demo, "--format", "json")
    jsonschema.validate(ended.json, schema())
    (site,) = ended.json["sites"]
    assert (site["location"]["path"], site["table"]) == (WORKER, "price_data")
    assert (site["statement"]["asked"]["rows"], site["statement"]["asked"]["parameters"]) == (2_000, 20_000)
    assert site["statement"]["breaks"]["error"] == (
        "D1_ERROR: too many SQL variables at offset 448: SQLITE_ERROR"
    )
    assert site["forecast"]["columns"] == 10


def test_a_site_beyond_the_documentation_is_warned_of(diagnose, tmp_path):
    (tmp_path / "wrangler.toml").write_text('name = "w"\nmain = "w.py"\n[[d1_databases]]\nbinding = "DB"\n')
    call = f"json_array({', '.join('?' * 40)})"
    (tmp_path / "w.py").write_text(
        "async def on_fetch(request, env):\n"
        f'    await env.DB.prepare("INSERT INTO a (x) VALUES ({call})").bind(*values).run()\n'
    )
    too_many = "D1_ERROR: too many arguments on function json_array at offset 26: SQLITE_ERROR"
    ended = diagnose("simulate", "--format", "json", cwd=tmp_path)
    jsonschema.validate(ended.json, schema())
    assert [site["warning"] for site in ended.json["sites"]] == [too_many]
    told = " ".join(diagnose("simulate", cwd=tmp_path).out.split())
    assert f"within the limits that D1 documents the answer is {too_many}" in told


@pytest.mark.parametrize("where", ["insert_candles_to_d1", "PRICE_DATA"])
def test_a_site_is_named_by_function_or_table(diagnose, demo, where):
    ended = diagnose("simulate", demo, "--site", where, "--rows", "50")
    assert ended.code == 0
    assert "the code asks for 2,000 rows in one statement, 20,000 parameters" in ended.out
    assert "500  all rows in one statement" in ended.out


def test_an_unknown_site_is_answered_with_those_there_are(diagnose, demo):
    ended = diagnose("simulate", demo, "--site", "nowhere")
    assert ended.code == 2
    assert "no write site is called 'nowhere'; there is pyswarm/" in ended.err


def test_a_file_is_judged_with_the_migrations_of_the_project(diagnose, tmp_path):
    (tmp_path / "wrangler.toml").write_text('name = "w"\n[[d1_databases]]\nbinding = "DB"\n')
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_a.sql").write_text("CREATE TABLE a (x);")
    (tmp_path / "seed.sql").write_text("INSERT INTO a VALUES (1);\nINSERT INTO b VALUES (1);\n")
    ended = diagnose("simulate", "--sql", "seed.sql", cwd=tmp_path)
    assert ended.code == 0
    assert "2 statements, 0 refused, 1 on tables" in ended.out


def test_a_file_is_judged_by_the_limits_of_a_day(diagnose, tmp_path):
    (tmp_path / "wrangler.toml").write_text('name = "w"\n')
    (tmp_path / "large.sql").write_text("SELECT length(zeroblob(3000000));\n")
    ended = diagnose("simulate", "--sql", "large.sql", "--format", "json", cwd=tmp_path)
    too_big = "D1_ERROR: string or blob too big: SQLITE_TOOBIG"
    assert [(one["error"], one["warning"]) for one in ended.json["statements"]] == [(None, too_big)]
    (tmp_path / "diagnose.toml").write_text("limits_on = 2026-06-01\n")
    ended = diagnose("simulate", "--sql", "large.sql", "--format", "json", cwd=tmp_path)
    assert [(one["error"], one["warning"]) for one in ended.json["statements"]] == [(too_big, None)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--columns", "0"], "columns must be from 1 to 2,000, not 0"),
        (["--columns", "3", "--rows", "0"], "rows must be from 1 to 1,000,000,000, not 0"),
        (["--columns", "3", "--sql", "x.sql"], "--columns and --sql are different questions"),
        (["--row-bytes", "9"], "--row-bytes belongs to --columns"),
        (["--sql", "x.sql", "--rows", "5"], "--rows does not go with --sql"),
        (["--sql", "missing.sql"], "missing.sql: cannot be read: No such file or directory"),
        (["--sql", "latin.sql"], "latin.sql: is not UTF-8 (byte 8)"),
    ],
)
def test_bad_input_gets_one_message(diagnose, tmp_path, options, message):
    (tmp_path / "latin.sql").write_bytes("SELECT 'é'".encode("latin-1"))
    ended = diagnose("simulate", *options, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_no_project_is_exit_3_and_a_project_without_inserts_says_so(diagnose, tmp_path):
    assert diagnose("simulate", cwd=tmp_path).code == 3
    (tmp_path / "wrangler.toml").write_text('name = "w"\nmain = "w.py"\n')
    (tmp_path / "w.py").write_text("async def on_fetch(request, env):\n    return None\n")
    ended = diagnose("simulate", cwd=tmp_path)
    assert ended.code == 2
    assert "no place in the source is known to insert rows into D1" in ended.err

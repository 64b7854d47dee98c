"""The demo's story, told by the commands that it prints."""

from __future__ import annotations

import json
import re
import subprocess

import jsonschema
import pytest

from diagnose.report.json_v1 import schema

ANSWERS = ("--option", "option=direct", "--option", "trigger=cron:0 3 * * *")
WORKER = "pyswarm/Data_Import/historical_worker.py"
CONFIG = "pyswarm/wrangler_historical_import.toml"


def facts(ended):
    """The findings without what differs from run to run."""
    return [
        {key: value for key, value in finding.items() if key != "duration_ms"}
        | {"evidence": {k: v for k, v in finding["evidence"].items() if k != "timeline"}}
        for finding in ended.json["findings"]
    ]


def line_of(folder, path, text):
    lines = (folder / path).read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


@pytest.fixture(scope="module")
def before(diagnose, broken_demo):
    return diagnose("run", broken_demo, "--format", "json")


@pytest.fixture(scope="module")
def after(diagnose, fixed_demo):
    return diagnose("run", fixed_demo, "--format", "json")


def test_the_broken_demo_fails_with_lim001_first(before):
    assert before.code == 1
    jsonschema.validate(before.json, schema())
    first = before.json["root_causes"][0]
    assert first["code"] == "LIM001"
    assert {"E2E002", "E2E004"} <= set(first["explains"])


def test_the_parameter_limit_is_simulated(before, broken_demo):
    (finding,) = before.findings("LIM001")
    assert finding["status"] == "fail"
    assert finding["location"]["path"] == WORKER
    assert finding["location"]["line"] == line_of(broken_demo, WORKER, ".run()")
    evidence = finding["evidence"]
    assert evidence["columns"] == 10
    assert evidence["parameters"] == {"1": 10, "10": 100, "100": 1000, "2000": 20000}
    assert evidence["rows_break_at"] == 11
    assert re.fullmatch(r"D1_ERROR: too many SQL variables at offset \d+: SQLITE_ERROR", evidence["error"])


@pytest.mark.parametrize(
    ("code", "status", "path", "text"),
    [
        ("SRC001", "fail", WORKER, "except Exception as e:"),
        ("CFG002", "warn", CONFIG, 'name = "history"'),
        ("DEP004", "warn", WORKER, None),
        ("QUE001", "warn", None, None),
        ("CFG006", "warn", CONFIG, None),
        ("TBL001", "fail", WORKER, None),
        ("DEP001", "fail", None, None),
        ("E2E002", "fail", WORKER, ".run()"),
    ],
)
def test_every_problem_of_the_document_is_there(before, broken_demo, code, status, path, text):
    finding = next(f for f in before.findings(code) if f["status"] == status)
    if path is not None:
        assert finding["location"]["path"] == path
    if text is not None:
        assert finding["location"]["line"] == line_of(broken_demo, path, text)
    assert finding["location"] is not None or finding["resource"] is not None or code == "QUE001"


def test_the_missing_table_names_the_database_that_has_it(before):
    (finding,) = before.findings("TBL001")
    assert finding["resource"] == "d1/26e02293-0b73-4bf9-8c6e-ec1d5d63dd35/price_data"
    assert "market-staging" in json.dumps(finding["evidence"])


def test_the_swallowed_import_reports_rows_that_never_landed(before):
    (finding,) = before.findings("E2E002")
    assert finding["evidence"]["reported"] == 2000
    assert finding["evidence"]["fetched"] == 2000
    assert finding["evidence"]["landed"] == 0
    kinds = [event["kind"] for event in finding["evidence"]["timeline"]]
    assert kinds[0] == "trigger"
    assert {"fetch", "statement", "log", "response", "rows"} <= set(kinds)


def test_after_the_fix_every_row_has_landed_equal(after):
    assert after.code == 0
    jsonschema.validate(after.json, schema())
    for code in ("E2E002", "E2E004"):
        (finding,) = after.findings(code)
        assert finding["status"] == "pass"
        evidence = finding["evidence"]
        assert (evidence["fetched"], evidence["landed"], evidence["equal"]) == (2000, 2000, 2000)


def test_after_the_fix_nothing_is_left(after):
    left = [f["code"] for f in after.json["findings"] if f["status"] in {"fail", "warn", "error", "skip"}]
    assert left == ["DEP006"]  # there is no token whose permissions could be looked at
    assert after.json["root_causes"] == []


def test_the_rows_stand_in_the_saved_account(fixed_demo):
    from diagnose.d1 import Statement
    from diagnose.demo.account import MAIN
    from diagnose.demo.candles import daily_candles
    from diagnose.embedded import EmbeddedAccount

    columns = "timestamp, open, high, low, close, volume_from, volume_to, symbol, timeframe, source"
    with EmbeddedAccount.load_snapshot(fixed_demo / ".diagnose" / "account") as account:
        result = account.database(MAIN.uuid).run(
            Statement(f"SELECT {columns} FROM price_data ORDER BY timestamp")
        )
        assert "price-history-import" in account.scripts
        crons = [schedule.cron for schedule in account.scripts["price-history-import"].schedules]
    fetched = [candle.as_json() for candle in daily_candles()]
    fields = ("time", "open", "high", "low", "close", "volumefrom", "volumeto")
    expected = [(*(c[field] for field in fields), "BTC", "1d", "cryptocompare") for c in fetched]
    assert list(result.rows) == expected
    assert crons == ["0 3 * * *"]


def test_three_runs_agree_and_leave_everything_as_it_was(diagnose, demo, files):
    saved = files(demo)
    first, second, third = (diagnose("run", demo, "--format", "json") for _ in range(3))
    assert facts(first) == facts(second) == facts(third)
    assert files(demo) == saved


def test_fix_again_changes_nothing(diagnose, fixed_demo, tmp_path, files):
    import shutil

    folder = shutil.copytree(fixed_demo, tmp_path / "again")
    saved = files(folder)
    ended = diagnose("fix", folder, "--yes", *ANSWERS)
    assert ended.code == 0, ended.out
    assert "Nothing to repair." in ended.out
    assert files(folder) == saved


def test_undo_brings_the_files_back_byte_for_byte(diagnose, fixed_demo, broken_demo, tmp_path, sources):
    import shutil

    from diagnose.embedded import EmbeddedAccount

    folder = shutil.copytree(fixed_demo, tmp_path / "undone")
    ended = diagnose("undo", folder, "--yes")
    assert ended.code == 0, ended.out + ended.err
    assert sources(folder) == sources(broken_demo)
    with EmbeddedAccount.load_snapshot(folder / ".diagnose" / "account") as account:
        assert dict(account.scripts) == {}
        tables = {
            uuid: sorted(t.name for t in account.database(uuid).schema().tables) for uuid in account.databases
        }
    assert sorted(tables.values()) == [["import_progress"], ["price_data"]]
    again = diagnose("undo", folder, "--yes")
    assert again.code == 0
    assert "nothing to undo" in again.out.lower()


def printed_commands(ended):
    """What the demo prints last, to be typed by hand."""
    return [line.strip() for line in ended.out.splitlines()[-3:]]


def test_the_whole_demo_in_one_command(diagnose, tmp_path):
    ended = diagnose("demo", "story", cwd=tmp_path)
    assert ended.code == 0, ended.out + ended.err
    assert "fetched 2,000 · landed 2,000 · equal 2,000 of 2,000" in ended.out
    assert "in the saved account: 2,000 rows in price_data" in ended.out
    assert [line.split()[3] for line in printed_commands(ended)] == ["run", "fix", "undo"]


def test_the_printed_commands_work(diagnose, tmp_path):
    import shlex

    told = diagnose("demo", "story", cwd=tmp_path)
    run, fix, undo = (shlex.split(line) for line in printed_commands(told))
    codes = [
        subprocess.run(
            words, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, check=False
        ).returncode
        for words in (undo, run, fix, run)
    ]
    assert codes == [0, 1, 0, 0]


def test_the_demo_refuses_a_folder_in_use(diagnose, tmp_path):
    (tmp_path / "file.txt").write_text("mine")
    ended = diagnose("demo", tmp_path)
    assert ended.code == 2
    assert "something there" in ended.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file.txt"]


def test_fix_without_a_terminal_and_without_yes_changes_nothing(diagnose, demo, files):
    saved = files(demo)
    ended = diagnose("fix", demo)
    assert ended.code == 1
    assert "json_each(?1)" in ended.out
    assert files(demo) == saved


def test_yes_answers_no_question(diagnose, demo):
    ended = diagnose("fix", demo, "--yes")
    assert ended.code == 1
    assert "DEP004  needs an answer" in ended.out
    assert "crons" not in (demo / CONFIG).read_text()

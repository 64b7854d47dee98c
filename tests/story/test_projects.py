"""Projects that are correct, that are bare, and one whose repair still breaks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent.parent / "fixtures"
CORRECT = sorted(path.name for path in (FIXTURES / "correct").iterdir() if path.is_dir())
BARE = sorted(path.name for path in (FIXTURES / "bare").iterdir() if path.is_dir())


def test_the_projects_are_found():
    assert "queued_candles" in CORRECT
    assert len(BARE) == 3


@pytest.mark.parametrize("name", CORRECT)
def test_a_correct_project_has_no_finding(diagnose, name, tmp_path):
    folder = shutil.copytree(FIXTURES / "correct" / name, tmp_path / name)
    ended = diagnose("run", folder, "--format", "json")
    wrong = [f for f in ended.json["findings"] if f["status"] in {"warn", "fail", "error"}]
    assert [(f["code"], f["message"], f["location"]) for f in wrong] == []
    assert ended.code == 0
    assert not (folder / ".diagnose").exists()


@pytest.mark.parametrize("name", BARE)
def test_a_bare_project_is_checked_as_far_as_it_goes(diagnose, name, tmp_path):
    folder = shutil.copytree(FIXTURES / "bare" / name, tmp_path / name)
    ended = diagnose("run", folder, "--format", "json")
    findings = ended.json["findings"]
    assert ended.code in {0, 1}
    assert [f for f in findings if f["status"] == "error"] == []
    assert [f for f in findings if f["status"] == "pass"] != []
    skipped = [f for f in findings if f["status"] == "skip"]
    assert skipped != []
    assert all(f["message"] for f in skipped)
    assert "diagnose init" in ended.out


def test_a_hundred_rows_a_statement_still_break(diagnose, tmp_path):
    folder = shutil.copytree(FIXTURES / "broken" / "option2", tmp_path / "option2")
    ended = diagnose("run", folder, "--format", "json")
    (finding,) = (f for f in ended.findings("LIM001") if f["status"] == "fail")
    assert ended.code == 1
    assert finding["evidence"]["parameters_asked"] == 1000
    assert finding["evidence"]["rows_break_at"] == 11
    assert "1,000 parameters" in finding["message"]
    assert "row 11" in finding["message"]


def test_all_rows_in_one_message_still_break(diagnose, tmp_path):
    folder = shutil.copytree(FIXTURES / "broken" / "option1", tmp_path / "option1")
    ended = diagnose("run", folder, "--format", "json")
    assert ended.code == 1
    failed = {f["code"]: f for f in ended.json["findings"] if f["status"] == "fail"}
    assert failed.keys() == {"LIM005", "SRC005", "QUE005"}
    assert failed["LIM005"]["evidence"]["rows"] == 2000
    assert failed["LIM005"]["evidence"]["bytes"] > failed["LIM005"]["evidence"]["limit"] == 128_000
    assert failed["SRC005"]["evidence"]["arrives"] == "a proxy of the Python dict"
    assert failed["QUE005"]["evidence"]["kind"] == "except"
    lines = (folder / failed["QUE005"]["location"]["path"]).read_text().splitlines()
    assert lines[failed["LIM005"]["location"]["line"] - 1] == "    await env.HISTORY_QUEUE.send({"
    assert lines[failed["QUE005"]["location"]["line"] - 1] == "            except Exception as e:"
    advised = {f["code"] for f in ended.json["findings"] if f["status"] == "warn"}
    assert {"QUE004", "DEP004"} <= advised


TABLE = """\
CREATE TABLE price_data (
  symbol TEXT, timestamp INTEGER, timeframe TEXT, open REAL, high REAL, low REAL, close REAL,
  volume_from REAL, volume_to REAL, source TEXT, PRIMARY KEY (symbol, timestamp, timeframe)
);
"""


def test_all_rows_in_one_message_are_repaired_and_arrive(diagnose, tmp_path):
    folder = shutil.copytree(FIXTURES / "broken" / "option1", tmp_path / "option1")
    migration = folder / "pyswarm" / "migrations" / "0001_price_data.sql"
    migration.parent.mkdir()
    migration.write_text(TABLE)
    diagnose("fix", folder, "--yes", "--option", "trigger=cron:0 3 * * *")
    ended = diagnose("run", folder, "--format", "json")
    assert [f["code"] for f in ended.json["findings"] if f["status"] in {"fail", "error"}] == []
    (finding,) = ended.findings("E2E004")
    assert (finding["evidence"]["fetched"], finding["evidence"]["equal"]) == (120, 120)
